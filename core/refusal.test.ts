import assert from "node:assert/strict";
import { test } from "node:test";
import { phrase } from "#core/job/phrase.ts";
import { refusalWords } from "#core/refusal.ts";

test("what is wrong with a request is told one a line, where it is more than one thing", () => {
  const issues = [
    { path: "memoryMibPerNode", words: "must be at least 1" },
    { path: "", words: phrase("nothing-to-run") },
  ];
  assert.deepEqual(refusalWords({ kind: "invalid-request", issues }, "en").detail.split("\n"), [
    "memoryMibPerNode: must be at least 1.",
    "body: give a script or a command: there is nothing to run.",
    "See /api/docs for the fields and their limits.",
  ]);
  const one = refusalWords({ kind: "invalid-request", issues: issues.slice(0, 1) }, "en").detail;
  assert.equal(one, "memoryMibPerNode: must be at least 1. See /api/docs for the fields and their limits.");
});

test("Chinese refusals have no blank behind a full-width mark, and no mark of English between parts", () => {
  const bad = { kind: "bad-option-value", option: "--mem", value: "x", expected: phrase("a-value") } as const;
  assert.equal(refusalWords({ ...bad, line: 3 }, "zh").detail, '--mem（第 3 行）不能为 "x"。应为：须有值。');
  assert.match(refusalWords({ ...bad, line: null }, "zh").detail, /^--mem 不能为 "x"/);
  const asked = {
    nodes: 2,
    tasks: 2,
    coresPerTask: 64,
    memory: { kind: "per-node", mib: 1024 },
    accelerators: { vendor: null, model: "a100", perNode: 8 },
  } as const;
  const rules = ["jinan", "qingdao"].map((centre) => ({
    centre,
    rule: "too-few-cores",
    facts: { asked: 64, total: 8, pool: "main" },
  }));
  const { detail } = refusalWords({ kind: "no-centre-fits", asked, nearest: null, rules }, "zh");
  assert.doesNotMatch(detail, /[,;:]/);
  assert.match(detail, /jinan：需要 64 核，资源池 main 共 8 核；qingdao：/);
  const twice = { kind: "option-refused", option: "--hold", line: null, because: phrase("no-hold") } as const;
  const { title, detail: why } = refusalWords(twice, "zh");
  assert.ok(!why.startsWith(title) && !title.includes("无法满足"), `${title}：${why}`);
});

test("where no other shape would help, what is missing is said, and who can change it", () => {
  const asked = { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "default" }, accelerators: null } as const;
  const detail = (rule: string, facts: Readonly<Record<string, string | number>>, language: "en" | "zh") =>
    refusalWords({ kind: "no-centre-fits", asked, nearest: null, rules: [{ centre: "jinan", rule, facts }] }, language)
      .detail;
  const bound = { by: "job", allowed: "cn-gz" };
  assert.match(
    detail("region-not-stated", bound, "en"),
    /No other shape would help: state where jinan lies \("region" in its terms: weir centre terms jinan; an administrator does\)/,
  );
  assert.match(detail("region-not-stated", bound, "zh"), /请由管理员在条款的 "region" 中声明 jinan 所在区域/);
  assert.match(
    detail("outside-residency", { ...bound, region: "cn-sd" }, "en"),
    /its data may be in cn-gz only, and no centre/,
  );
  const limit = { askedS: 7200, limitS: 3600, pool: "main" };
  assert.match(detail("time-limit-above-pool", limit, "en"), /Ask for a time limit of at most 1 h\.$/);
  const more = [limit, { ...limit, limitS: 7000 }].map((facts) => ({
    centre: "x",
    rule: "time-limit-above-pool",
    facts,
  }));
  const greatest = refusalWords({ kind: "no-centre-fits", asked, nearest: null, rules: more }, "en");
  assert.match(greatest.detail, /at most 1 h 56 min 40 s\.$/, "the greatest of all centres, not that of the first");
  for (const language of ["en", "zh"] as const)
    assert.doesNotMatch(detail("no-such-software", { software: "x" }, language), /none|无。/);
});

test("the nearest shape says what it leaves out, and memory in the unit it was typed in", () => {
  const accelerators = { vendor: null, model: null, perNode: 2 };
  const asked = { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "per-node", mib: 4096 }, accelerators } as const;
  const shape = { ...asked, accelerators: null };
  const refusal = {
    kind: "no-centre-fits",
    asked,
    nearest: { shape, centre: "local", wished: true },
    rules: [],
  } as const;
  assert.match(
    refusalWords(refusal, "en").detail,
    /^Asked: .*, memory 4 GiB\/node, accelerators .*: nodes 1, cores 1, memory 4 GiB\/node, without accelerators @ local\.$/,
  );
  assert.match(refusalWords(refusal, "zh").detail, /内存 4 GiB\/节点，不含加速卡 @ local。$/);
});

test("what is too large is said in the unit that people use, as a sentence", () => {
  const said = (what: string, actual: number, limit: number, unit: string) =>
    (["en", "zh"] as const).map(
      (language) => refusalWords({ kind: "too-large", what, actual, limit, unit }, language).detail,
    );
  assert.deepEqual(said("the time limit", 400 * 86_400, 366 * 86_400, "s"), [
    "The time limit is 400 d; the limit is 366 d. Ask for less.",
    "时限为 400 天，上限 366 天。请缩短。",
  ]);
  assert.deepEqual(said("the array", 7, 5, "tasks"), [
    "The array is 7 tasks; the limit is 5 tasks. Make it smaller or split it.",
    "数组为 7 个任务，上限 5 个任务。请缩小或拆分。",
  ]);
  assert.match(
    said("environment.A", 7, 5, "characters")[0] ?? "",
    /^environment\.A is 7 characters; .* Make it shorter\.$/,
  );
});
