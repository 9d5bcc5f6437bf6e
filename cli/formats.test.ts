import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Amounts,
  amountsText,
  amountTexts,
  causeText,
  costText,
  elapsedText,
  inNetworkTime,
  memoryText,
  timeCell,
  timeText,
  timeTitle,
  waitText,
  yuanText,
} from "#cli/formats.ts";
import { tableOf, tableText } from "#cli/table.ts";
import { sayIn } from "#cli/words.ts";
import { centreId, jobId } from "#core/ids.ts";
import { withdrawalWords } from "#core/scheduling/placing/moves.ts";

test("spans, sizes, hours and money", () => {
  const elapsed = (ms: number, language: "en" | "zh") => elapsedText({ startedMs: 0, endedMs: ms }, 0, language);
  assert.equal(elapsed(278, "en"), "278 ms", "what ran is not said to have run for nothing");
  assert.equal(elapsed(307_000, "en"), "5 min 7 s");
  assert.equal(elapsed(187_200_000, "zh"), "2 天 4 小时");
  assert.deepEqual(
    [waitText(12.44, "en"), waitText(12.44, "zh"), waitText(6834.6, "zh")],
    ["12.4 s", "12.4 秒", "1 小时 53 分钟"],
  );
  assert.deepEqual([512, 1024, 1536, 1_048_576].map(memoryText), ["512 MiB", "1 GiB", "1.5 GiB", "1024 GiB"]);
  assert.deepEqual(["0", "1", "1230000", "-500000", "9000001"].map(yuanText), [
    "0.00",
    "0.000001",
    "1.23",
    "-0.50",
    "9.000001",
  ]);
  const cost = { amountMicroYuan: "1230000", tariffVersion: "free" };
  assert.deepEqual([costText(cost, sayIn("en")), costText(cost, sayIn("zh"))], ["CNY 1.23 (free)", "¥1.23（免费）"]);
});

test("amounts are in hours everywhere, and what there is never shows as nothing", () => {
  const none = { coreMs: "0", milliCardMs: "0", memoryMibS: "0" };
  const texts = (amounts: Partial<Amounts>) => Object.values(amountTexts({ ...none, ...amounts }));
  assert.deepEqual(texts({}), ["0", "0", "0"]);
  assert.deepEqual(texts({ coreMs: "35999", memoryMibS: "1" }), ["0.010", "0", "<0.001"]);
  assert.deepEqual(texts({ coreMs: "24", memoryMibS: "36864" }), ["<0.001", "0", "0.010"]);
  assert.deepEqual(texts({ coreMs: "5400000", milliCardMs: "1" }), ["1.500", "<0.001", "0"]);
  const beyondDoubles = texts({ coreMs: "9223372036854775807" });
  assert.equal(beyondDoubles[0], "2562047788015.216");
  const amounts = { coreMs: "2500", milliCardMs: "1500000", memoryMibS: "7372800" };
  assert.equal(amountsText(amounts, sayIn("en")), "0.001 core-hours, <0.001 card-hours, 2.000 GiB-hours");
  assert.equal(amountsText({ ...amounts, milliCardMs: "0" }, sayIn("zh")), "0.001 核时、2.000 GiB·时");
  const small = { ...amounts, memoryMibS: "4096" };
  assert.equal(amountsText(small, sayIn("en")), "0.001 core-hours, <0.001 card-hours, 0.001 GiB-hours");
});

test("the nearest thousandth, as in the console; an upper bound never shows less than it is", () => {
  const quote = { coreMs: "3600001", milliCardMs: "0", memoryMibS: "3686401" };
  assert.equal(amountsText(quote, sayIn("en")), "1.000 core-hours, 1.000 GiB-hours");
  assert.equal(amountsText(quote, sayIn("en"), "up"), "1.001 core-hours, 1.001 GiB-hours");
});

test("causes of Weir's own are in the reader's language, what others wrote stays", () => {
  const zh = (cause: string) => causeText(cause, sayIn("zh"), "zh");
  assert.equal(
    zh("no centre can start it now; it joins the own queue of jinan, pool cpu"),
    "当前没有中心能启动；进入 jinan 资源池 cpu 的本地队列",
  );
  assert.equal(zh("cancelled by ada: wrong: input"), "由 ada 取消：wrong: input");
  const move = { job: jobId(1), index: 0, attempt: 1, centre: centreId("jinan"), to: centreId("b"), toPool: "p" };
  const why = { waitsS: 3600, startsInS: 0, gainS: 3500, move: 1, mostMoves: 3 };
  assert.equal(
    zh(withdrawalWords({ ...move, ...why })),
    "b 现可启动，而 jinan 约需再等 1 小时：按评分早 58 分钟 20 秒完成；第 1 次迁移，至多 3 次",
  );
  assert.match(zh(withdrawalWords({ ...move, ...why, startsInS: 60 })), /^b 约 1 分钟后启动/);
  assert.equal(zh("cancelled by ada"), "由 ada 取消");
  assert.equal(zh("timed-out"), "超时");
  assert.equal(zh("ada"), "ada");
  for (const cause of ["failed with exit code 3", "a retry, 2 left"])
    assert.equal(causeText(cause, sayIn("en"), "en"), cause);
});

test("one clock, that of the network, in whatever zone the reader's machine is", () => {
  const zone = process.env.TZ;
  const said = "ends by 2026-11-22T08:00:00Z or 2026-11-22T03:00:00.250-05:00, starts at 2026-11-22T16:00:01+08:00";
  try {
    for (const TZ of ["UTC", "America/New_York", "Asia/Shanghai", "Asia/Kathmandu"]) {
      process.env.TZ = TZ;
      const atMs = Date.UTC(2026, 10, 22, 16, 5, 9);
      assert.deepEqual([timeText(atMs), timeCell(atMs)], ["2026-11-23 00:05:09 +08:00", "2026-11-23 00:05:09"]);
      assert.equal(
        inNetworkTime(said),
        "ends by 2026-11-22 16:00:00 +08:00 or 2026-11-22 16:00:00 +08:00, starts at 2026-11-22 16:00:01 +08:00",
      );
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
  assert.deepEqual(
    [timeTitle("columnSubmitted", sayIn("en")), timeTitle("columnSubmitted", sayIn("zh"))],
    ["SUBMITTED (+08:00)", "提交（+08:00）"],
  );
});

test("a table gives way where the terminal is narrow, and never splits a character", async () => {
  const columns = [{ title: "ID" }, { title: "NAME", flexible: true }, { title: "N", align: "right" as const }];
  const text = await tableText(columns, [["1", "空气质量日报计算作业", "5"]], { columns: 20, colours: false });
  assert.equal(text, "ID  NAME           N\n1   空气质量日报…  5\n");
});

test("where that is not enough, columns are left out: first what is empty, then in their order, and which they were is told", async () => {
  const columns = [
    { title: "ID" },
    { title: "PROJECT", leaves: 1 },
    { title: "PERSON", leaves: 2 },
    { title: "TASKS", leaves: 3 },
    { title: "REASON", flexible: 10 },
  ];
  const rows = [["1", "tides", "li", "", "by its owner: wrong input"]];
  const at = async (width: number | null) => tableOf(columns, rows, { columns: width, colours: false });
  const full = "ID  PROJECT  PERSON  TASKS  REASON\n1   tides    li             by its owner: wrong input\n";
  assert.deepEqual(await at(null), { text: full, leftOut: [] });
  const withoutTasks = { text: "ID  PROJECT  PERSON  REASON\n1   tides    li      by its ow…\n", leftOut: [] };
  assert.deepEqual(await at(31), withoutTasks, "an empty column says nothing, and its absence needs no word");
  assert.deepEqual(await at(30), {
    text: "ID  PERSON  REASON\n1   li      by its owner: wro…\n",
    leftOut: ["PROJECT"],
  });
  assert.deepEqual((await at(10)).leftOut, ["PROJECT", "PERSON"]);
});
