import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { type JoinedCentre, joinCentre, ordersOf, smallEngine } from "#server/http/joined-centre-testing.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";

/** What is stated of a centre's capacity (O3), from an administrator's hand to what placement sees. */
let server: TestServer;
let client: Client;
let joined: JoinedCentre;
const beta = { centre: "beta" } as const;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  joined = await joinCentre(server, "beta", "simulated");
});
after(() => server.stop());

type Line = Input<"setCapacity">["body"]["lines"][number];
const phase2: Line = {
  site: "east",
  phase: "2",
  precision: "fp16",
  sparsity: "dense",
  basis: "nominal",
  valueGigaflops: "300000000",
  lifeCycle: "planned",
  inServiceFrom: "2027-06",
  regionCode: "370100",
  evidence: "approval 2026-41",
};
const batch: Line = {
  pool: "batch",
  device: { vendor: "huawei", model: "ascend-910", count: 4096 },
  precision: "fp16",
  sparsity: "dense",
  basis: "nominal",
  valueGigaflops: "256000",
  lifeCycle: "in-service",
};

const stated = () => ok(client.call("capacity", { params: beta }));
const set = (lines: readonly Line[], base?: number, language: "en" | "zh" = "en") =>
  server.client(server.token, language).call("setCapacity", {
    params: beta,
    ...(base !== undefined && { query: { base } }),
    body: { lines: [...lines] },
  });

async function refusal(reply: ReturnType<typeof set>): Promise<string> {
  const got = await reply;
  assert(got.kind === "problem");
  return `${got.problem.status} ${got.problem.detail}`;
}

test("stated, read by everybody, summed by stage and kind; the same again makes no version", async () => {
  assert.deepEqual(await stated(), { ...beta, version: 0, setBy: null, setMs: null, lines: [] });
  const first = await ok(set([phase2, batch], 0));
  assert.deepEqual(
    first.lines.map(({ line, phase, pool, lifeCycle }) => [line, phase, pool, lifeCycle]),
    [
      [1, "2", null, "planned"],
      [2, null, "batch", "in-service"],
    ],
  );
  assert.deepEqual({ ...first.lines[0], line: undefined }, { ...phase2, pool: null, device: null, line: undefined });
  const ann = server.client(await signInAs(server, "ann", ["default"]));
  assert.deepEqual(await ok(ann.call("capacity", { params: beta })), first);
  assert.equal((await ann.call("setCapacity", { params: beta, body: { lines: [] } })).kind, "problem");
  const { centres } = await ok(ann.call("centres"));
  assert.deepEqual(
    centres
      .find(({ id }) => id === "beta")
      ?.capacity.map(({ lifeCycle, precision, valueGigaflops }) => `${lifeCycle} ${precision} ${valueGigaflops}`),
    ["planned fp16 300000000", "in-service fp16 1048576000"],
  );
  const again = await ok(set(first.lines.toReversed(), first.version));
  assert.equal(again.version, first.version);
  assert.match(
    await refusal(set([], 0)),
    new RegExp(`^409 admin set version ${first.version} of the capacity stated of beta`),
  );
  const nowhere = await client.call("capacity", { params: { centre: "nowhere" } });
  assert.equal(nowhere.kind === "problem" && nowhere.problem.status, 404);
});

test("changed and ended by its number, which is never given again; each is an act", async () => {
  const { lines, version } = await stated();
  const building = lines.map((line) => (line.line === 1 ? { ...line, lifeCycle: "building" as const } : line));
  const changed = await ok(set([...building, { ...phase2, phase: "3" }], version));
  const without = await ok(set(changed.lines.filter(({ line }) => line !== 3)));
  const third = await ok(set([...without.lines, { ...phase2, phase: "4" }]));
  assert.deepEqual(
    third.lines.map(({ line }) => line),
    [1, 2, 4],
  );
  await ok(set(third.lines.map((line) => (line.line === 4 ? { ...line, lifeCycle: "retired" as const } : line))));
  for (const [language, words] of [
    ["en", ["1 ended", "1 stated", "1 ended", "1 stated, 1 changed", "2 stated"]],
    ["zh", ["终止 1 行", "新增 1 行", "终止 1 行", "新增 1 行、更改 1 行", "新增 2 行"]],
  ] as const) {
    const { acts } = await ok(server.client(server.token, language).call("acts", { query: { about: "centre:beta" } }));
    const said = acts.filter(({ kind }) => kind === "capacity-set").map((act) => act.words);
    assert.deepEqual(
      said.map((one) => one.replace(/^.*(?:version|版本) \d+[:：]\s*/, "")),
      words,
    );
  }
});

test("what cannot be is refused, naming the line, the rule and the remedy, in both languages; nothing is set", async () => {
  const { lines, version } = await stated();
  const wrong: readonly (readonly [line: Line | object, en: RegExp, zh: RegExp])[] = [
    [
      { ...phase2, phase: "5", basis: "measured" },
      /lines\[3\]\.basis: .* cannot have been measured: state it as nominal/,
      /不可能已实测：请改为标称/,
    ],
    [
      { ...phase2, phase: "5", lifeCycle: "in-service" },
      /lines\[3\]\.inServiceFrom: 2027-06 is still to come/,
      /2027-06 尚未到来/,
    ],
    [
      { ...phase2, phase: "5", regionCode: "370200" },
      /lines\[3\]\.regionCode: a site lies in one place: line 1 .* 370100 for east/,
      /一个站点只在一处/,
    ],
    [{ ...phase2, phase: "5", regionCode: "cn-zz" }, /lines\[3\]\.regionCode: must be a region/, /regionCode/],
    [
      { ...batch, device: { ...batch.device, count: 1 } },
      /lines\[3\]: line 2 of the list states the same.*counted twice/,
      /重复计数/,
    ],
    [{ ...phase2, phase: "5", precision: "fp15" }, /lines\[3\]\.precision/, /precision/],
    [{ ...phase2, phase: "5", sparsity: undefined }, /lines\[3\]\.sparsity: is missing/, /sparsity/],
    [
      { ...phase2, phase: "5", valueGigaflops: "100 P" },
      /lines\[3\]\.valueGigaflops: a whole number of gigaflops/,
      /valueGigaflops/,
    ],
    [{ ...phase2, phase: "5", valueGigaflops: "1000000000001" }, /1 ZFLOPS.*check its unit/, /请核对单位/],
    [
      { ...phase2, phase: "5", line: 77 },
      /lines\[3\]\.line: there is no line 77: leave the number out/,
      /没有第 77 号登记/,
    ],
    [{ ...phase2, phase: "5", line: 2 }, /lines\[3\]\.line: line 2 is there twice/, /第 2 号登记出现两次/],
    [
      { ...phase2, phase: "5", inServiceFrom: "2027" },
      /lines\[3\]\.inServiceFrom: .*a month or a day/,
      /inServiceFrom/,
    ],
  ];
  for (const [line, en, zh] of wrong) {
    assert.match(await refusal(set([...lines, line as Line])), en);
    assert.match(await refusal(set([...lines, line as Line], undefined, "zh")), zh);
  }
  const served = lines.map((line) => (line.line === 1 ? { ...line, lifeCycle: "in-service" as const } : line));
  assert.match(
    await refusal(set(served)),
    /lines\[0\]\.lifeCycle: goes from building to on trial or retired, not to in service/,
  );
  assert.equal((await stated()).version, version);
});

test("a pool that is planned is invisible to placement, though its agent reports it, until some of it is in service", async () => {
  const { lines } = await stated();
  const planned: Line = {
    pool: "new",
    precision: "fp64",
    sparsity: "dense",
    basis: "nominal",
    valueGigaflops: "4",
    lifeCycle: "planned",
  };
  const withPool = await ok(set([...lines, planned]));
  const [pool] = smallEngine.pools;
  assert(pool);
  const { nodes } = pool;
  // Twice as large as the one in service: a job of six cores fits there alone.
  const large = nodes.map((group) => ({
    ...group,
    names: "n2",
    cores: 8,
    memoryMib: 8192,
    free: { ...group.free, cores: 8, memoryMib: 8192 },
  }));
  await joined.sync({ engine: { ...smallEngine, pools: [pool, { ...pool, name: "new", nodes: large }] } });
  const body = { command: ["true"], coresPerTask: 6, timeLimitS: 60, centres: { only: ["beta"] } };
  const shown = await until(async () => {
    const { centres } = await ok(client.call("centres"));
    return centres.find(({ id }) => id === "beta")?.pools.find(({ name }) => name === "new") ?? null;
  });
  assert.deepEqual([shown.lifeCycle, shown.cores, shown.startable], ["planned", 8, []]);
  const refused = await client.call("submit", { body });
  assert.match(refused.kind === "problem" ? refused.problem.detail : "", /beta/, "no centre could ever run it");

  let last = withPool.lines;
  for (const lifeCycle of ["building", "trial"] as const) {
    last = (await ok(set(last.map((line) => (line.pool === "new" ? { ...line, lifeCycle } : line))))).lines;
    assert.equal((await client.call("submit", { body })).kind, "problem", lifeCycle);
  }
  await ok(set(last.map((line) => (line.pool === "new" ? { ...line, lifeCycle: "in-service" as const } : line))));
  const { id } = await ok(client.call("submit", { body }));
  assert.deepEqual(
    (await ordersOf(joined, 1)).map(({ run, pool: of }) => [run, of]),
    [[`${id}.0.1`, "new"]],
  );
  // What serves is not planned again, nor by a line of what is to be added to it.
  const { lines: now } = await stated();
  const dropped = now.filter((line) => line.pool !== "batch");
  assert.match(
    await refusal(set([...dropped, { ...batch, lifeCycle: "planned" }])),
    /lines\[\d\]\.pool: pool batch is in service, as its agent reports it, and would become planned/,
  );
  await ok(set([...now, { ...batch, lifeCycle: "planned" }]));
  // Retired it takes nothing new.
  const { lines: both } = await stated();
  const end = (line: Line) => (line.pool === "new" ? { ...line, lifeCycle: "retired" as const } : line);
  await ok(set(both.map(end)));
  assert.equal((await client.call("submit", { body })).kind, "problem");
});
