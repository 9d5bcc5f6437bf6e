import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Answer, Client, Input } from "#api/client.ts";
import { noOffers } from "#core/centre/engine.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { type JoinedCentre, joinCentre } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

/** From the dry run by the submission and the hold to the bill: what was said at most is. */
let server: TestServer;
let client: Client;
let jinan: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  jinan = await joined("jinan", [nodes("small", 2, 8, 8192), nodes("large", 1, 32, 65_536)], 512);
  await joined("qingdao", [nodes("q", 1, 4, 65_536)], 8192);
});
after(() => server.stop());

type Nodes = Readonly<Record<string, unknown>>;
const accelerators = [{ vendor: "x", model: "npu", count: 2, parts: 4 }];

function nodes(name: string, count: number, cores: number, memoryMib: number): Nodes {
  const amounts = { cores, memoryMib, accelerators };
  const names = `${name}[1-${count}]`;
  return { names, count, state: "up", reason: null, features: [], ...amounts, free: amounts };
}

/** A simulated centre with one pool, once the scheduler has heard of its nodes by the feed. */
async function joined(name: string, groups: readonly Nodes[], memoryMibPerCore: number): Promise<JoinedCentre> {
  const centre = await joinCentre(server, name, "simulated");
  const limits = { timeLimitS: null, leastNodes: 1, mostNodes: null };
  const ours = { cores: 0, memoryMib: 0, accelerators: [] };
  const rest = { name: "batch", state: "up", limits, ours, foreign: { kind: "none" } };
  const pools = [{ ...rest, memoryMibPerCore, nodes: groups }];
  const engine = { pools, offers: noOffers, mechanisms: {} } as unknown as Input<"sync">["body"]["engine"];
  await centre.sync({ engine });
  const body = { command: ["true"], centres: { only: [name] }, accelerators: { vendor: "x", perNode: 1 } };
  await until(async () => ((await client.call("dryRun", { body })).kind === "answer" ? true : null));
  return centre;
}

type Work = Input<"submit">["body"];
const at = (only: readonly string[], more: Work): Work => ({
  command: ["true"],
  timeLimitS: 60,
  centres: { only: [...only] },
  ...more,
});
type Amounts = Answer<"dryRun">["quote"]["total"];

/** What the books hold for a job, all its runs together. */
async function held(id: number): Promise<Amounts> {
  const { rows } = await server.db.pool.query<{ unit: string; amount: string }>(
    "select unit, sum(amount)::text as amount from transfer where job_id = $1 and kind = 'pending' group by unit",
    [id],
  );
  const of = (unit: string) => rows.find((row) => row.unit === unit)?.amount ?? "0";
  return {
    coreMs: of("core-ms"),
    milliCardMs: of("milli-card-ms:x/npu"),
    memoryMibS: of("mib-s"),
    wallMs: of("wall-ms"),
  };
}

function within(amounts: Amounts, most: Amounts): void {
  for (const key of ["coreMs", "milliCardMs", "memoryMibS", "wallMs"] as const)
    assert(BigInt(amounts[key]) <= BigInt(most[key]), `${key}: ${amounts[key]}, said at most ${most[key]}`);
}

async function orderOf(id: number) {
  return until(async () => (await jinan.sync({ waitMs: 500 })).start.find(({ job }) => job === id));
}

test("what a dry run says a task would be given is held for it, no more than its quote, and no less than its bill", async () => {
  const cases: readonly (readonly [Work, Partial<Amounts>])[] = [
    [
      { sbatchOptions: ["--exclusive"] },
      { coreMs: `${8 * 90_000}`, memoryMibS: `${8192 * 90}`, milliCardMs: `${2 * 90_000_000}` },
    ],
    [{ sbatchOptions: ["--exclusive", "-c", "9"] }, { coreMs: `${32 * 90_000}`, memoryMibS: `${65_536 * 90}` }],
    [{ accelerators: { perNode: 1, shareMilli: 300 } }, { coreMs: "90000", milliCardMs: `${500 * 90_000}` }],
    [
      { sbatchOptions: ["--signal=TERM@20"], coresPerTask: 2 },
      { coreMs: "120000", memoryMibS: `${2 * 512 * 60}`, wallMs: "60000" },
    ],
    [{ sbatchOptions: ["--signal=B:USR1@20"] }, { wallMs: "90000" }],
  ];
  for (const [more, expected] of cases) {
    const body = at(["jinan"], more);
    const dry = await ok(client.call("dryRun", { body }));
    const { wouldGet, quote } = dry;
    assert(wouldGet, "there is room");
    for (const [key, amount] of Object.entries(expected))
      assert.equal(wouldGet.holds[key as keyof Amounts], amount, key);
    within(wouldGet.holds, quote.perTask);
    const { id, quote: answered } = await ok(client.call("submit", { body }));
    assert.deepEqual(answered, quote);
    const order = await orderOf(id);
    assert.deepEqual(await held(id), wouldGet.holds);
    const wallMs = 1000 * (order.timeLimitS + order.graceS);
    const usage = { ...sampleUsage, wallMs };
    const end = { kind: "timed-out", exitCode: null, signal: null, by: null, reason: null } as const;
    await jinan.sync({ observations: [{ kind: "ended", run: order.run, atMs: wallMs, end, usage, words: null }] });
    await holds(async () => {
      const job = await ok(client.call("job", { params: { job: id } }));
      assert.deepEqual([job.state, job.usage], ["ended", wouldGet.holds]);
    });
  }
});

test("of several centres the quote is of the dearest that it could go to, of an array with retries of all attempts", async () => {
  const anywhere = ["jinan", "qingdao"];
  const plain = await ok(client.call("dryRun", { body: at(anywhere, {}) }));
  assert.equal(plain.quote.total.memoryMibS, `${8192 * 90}`, "by the memory for each core of qingdao");
  const there = await ok(client.call("dryRun", { body: at(["jinan"], {}) }));
  assert.equal(there.quote.total.memoryMibS, `${512 * 90}`);

  const whole = await ok(client.call("dryRun", { body: at(anywhere, { wholeNodes: true }) }));
  assert.equal(whole.quote.total.coreMs, `${8 * 90_000}`, "of the smallest nodes of jinan");
  const many = await ok(
    client.call("dryRun", {
      body: at(anywhere, { wholeNodes: true, array: "1-3", retries: 2, preemptible: "checkpoints" }),
    }),
  );
  const { tasks, attempts, comesAgain, perTask, total } = many.quote;
  assert.deepEqual([tasks, attempts, comesAgain], [3, 3, true]);
  assert.deepEqual([perTask.coreMs, total.coreMs], [`${8 * 90_000}`, `${9 * 8 * 90_000}`]);
});

test("what would wait is given nothing, and is told when it is likely to start", async () => {
  const { id } = await ok(client.call("submit", { body: at(["qingdao"], { coresPerTask: 4, memoryMibPerNode: 1 }) }));
  await until(async () => ((await ok(client.call("job", { params: { job: id } }))).state === "queued" ? null : true));
  const dry = await until(async () => {
    const answer = await ok(client.call("dryRun", { body: at(["qingdao"], { memoryMibPerNode: 1 }) }));
    return answer.wouldGet === null ? answer : null;
  });
  assert.equal(dry.wouldGoTo, null);
  assert.match(dry.waits ?? "", /^waits for room at a centre/);
  assert(dry.start !== null && dry.start.centre === "qingdao");
  assert.equal(dry.quote.total.coreMs, "90000");
});

test("where nothing starts whatever is free, why says what shuts it, and of an array which task it speaks of", async () => {
  const params = { centre: "qingdao" };
  await ok(client.call("setIntake", { params, body: { step: "drain" } }));
  const dry = await ok(client.call("dryRun", { body: at(["qingdao"], {}) }));
  assert.match(dry.waits ?? "", /^no centre that could run it takes it now: qingdao: .*drain/);
  const { id } = await ok(client.call("submit", { body: at(["qingdao"], { array: "3-4" }) }));
  const why = await until(async () => {
    const answer = await ok(client.call("why", { params: { job: id } }));
    return answer.state === "queued" && answer.candidates.length > 0 ? answer : null;
  });
  assert.deepEqual([why.task, why.words], [`${id}_3`, dry.waits]);
  await ok(client.call("setIntake", { params, body: { step: "resume" } }));
});

test("memory that is the centres' to say is answered as what it comes to: the figure where all give the same, else from which to which", async () => {
  const memory = async (only: readonly string[], more: Work, language: "en" | "zh" = "en") => {
    const said = await ok(server.client(undefined, language).call("dryRun", { body: at(only, more) }));
    return said.defaults.find(({ field }) => field === "memory")?.value;
  };
  assert.equal(await memory(["jinan"], { coresPerTask: 2 }), "1 GiB per node, the centre's per core × cores");
  assert.equal(await memory(["jinan"], { coresPerTask: 2 }, "zh"), "每节点 1 GiB，即中心的每核内存 × 核数");
  assert.equal(
    await memory(["jinan", "qingdao"], { coresPerTask: 2 }),
    "1 GiB to 16 GiB per node, by the centre's per core × cores",
  );
  assert.equal(await memory(["jinan"], { memoryMibPerNode: 100 }), undefined, "the job says it itself");
  const { id, defaults } = await ok(client.call("submit", { body: at(["jinan"], { coresPerTask: 2 }) }));
  assert.match(
    defaults.find(({ field }) => field === "memory")?.value ?? "",
    /^1 GiB per node/,
    "a submission says the same",
  );
  const kept = await ok(client.call("job", { params: { job: id } }));
  const value = kept.defaults.find(({ field }) => field === "memory")?.value;
  assert.equal(value, "the centre's memory per core × cores", "what centres give later may be other");
});
