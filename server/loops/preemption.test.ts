import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SyncAnswer } from "#api/agent.ts";
import { centreId, type JobId, parseRunId } from "#core/ids.ts";
import type { JobSpec } from "#core/job/spec.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleSpec, sampleUsage } from "#core/sample-testing.ts";
import { madeWayWords, wayMadeWords } from "#core/scheduling/preemption/made-way-words.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { readGrants, setGrant } from "#server/store/grants.ts";
import { checkLedger } from "#server/store/read/ledger-check.ts";
import { readMadeWay, readWayMade } from "#server/store/read/made-way.ts";
import { readRunOrders } from "#server/store/read-run-orders.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, member, submission, type TestStore, tenant, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside } from "./testing.ts";

/** All the way: the plan, the order to the agent, the end, the books, and the task at its old place (docs/decisions/0035). */
let store: TestStore;
let inside: Inside;
let agent: Awaited<ReturnType<typeof openAgent>>;
before(async () => {
  store = await testStore();
  inside = await openInside(store.db);
  agent = await openAgent(inside.desk);
  await agent.sync({ engine });
});
after(async () => {
  const { findings } = await checkLedger(store.db.pool);
  await inside.close();
  await store.end();
  assert.deepEqual(findings, []);
});

const whole = { ...sampleSpec.shape, coresPerTask: 4 };

async function submit(changes: Partial<JobSpec>): Promise<JobId> {
  const answer = await inside.submits.submit(submission([admitted({ shape: whole, ...changes })]));
  return (answer.kind === "committed" && idsOf(answer.body)[0]) || assert.fail(JSON.stringify(answer));
}

/** Polls as an agent does until there is one. */
async function until<Found>(what: string, find: (answer: SyncAnswer) => Found | undefined): Promise<Found> {
  for (let tries = 0; tries < 20; tries++) {
    const found = find(await agent.sync({ waitMs: 5_000 }));
    if (found !== undefined) return found;
  }
  assert.fail(what);
}

const orderOf = (job: JobId) =>
  until(`an order of ${job}`, ({ start }) => start.find((order) => order.job === job)?.run);
const cancelOf = (run: string) => until(`the end of ${run}`, ({ cancel }) => cancel.find((one) => one.run === run));

async function run(job: JobId): Promise<string> {
  const id = await orderOf(job);
  await agent.sync({ see: [{ kind: "started", run: asRun(id), atMs: Date.now(), evidence: "pid 7" }] });
  return id;
}

function ended(run: string, end: Extract<RunObservation, { kind: "ended" }>["end"], used = {}): RunObservation {
  const usage = { ...sampleUsage, startedMs: null, wallMs: 60_000, ...used };
  return { kind: "ended", run: asRun(run), atMs: Date.now(), end, usage, words: null };
}

const rows = async (text: string, values: readonly unknown[]) => (await store.db.pool.query(text, [...values])).rows;

test("who may be preempted makes room, is not billed for what was lost, and takes its old place again", async () => {
  const coreMs = { granted: 36_000_000n, left: async () => BigInt((await readGrants(store.db.pool))[0]?.left ?? 0) };
  const client = await store.db.pool.connect();
  await setGrant(client, "project", "default", "core-ms", 10, member, 1);
  client.release();
  const filler = await submit({ priorityClass: "low", preemptible: "checkpoints" });
  const first = await run(filler);
  const urgent = await submit({ priorityClass: "high" });
  const cancel = await cancelOf(first);
  assert.deepEqual(cancel, { run: first, by: "network", reason: `makes way for ${urgent}`, warn: true });

  // A server that starts in the meantime knows of it.
  const other = createWorld();
  await readWorld(store.db, other.apply);
  const explained = other.explain({ job: urgent, index: 0 }, Date.now());
  assert(explained.kind === "waiting" && explained.makingWay?.runs === 1);
  assert.equal(other.decide(Date.now(), 10).preempt, undefined, "it is asked once");

  const see = [ended(first, { kind: "cancelled", by: "network", reason: cancel.reason }, { checkpointMs: 45_000 })];
  const told = await agent.sync({ see });
  assert.deepEqual(told.committed, [first]);
  const second = await run(urgent);
  const [line] = await rows(`select "end", billed from run where job_id = $1 and attempt = 1`, [filler]);
  assert.deepEqual(line, { end: { kind: "preempted", evidence: `makes way for ${urgent}` }, billed: true });
  const posted = await rows(
    "select sum(amount)::int as ms from transfer where job_id = $1 and unit = 'wall-ms' and kind in ('post', 'single')",
    [filler],
  );
  assert.deepEqual(posted, [{ ms: 45_000 }]);
  const [made, ...others] = await readMadeWay(store.db.pool, filler, 0);
  assert(made && others.length === 0);
  const { atMs, ...facts } = made;
  const ofRun = {
    attempt: 1,
    centre: "alpha",
    wallMs: 60_000,
    checkpointMs: 45_000,
    isPreempted: true,
    usageCredit: 1,
  };
  assert.deepEqual(facts, { ...ofRun, claimantJob: urgent });
  assert.deepEqual(await readWayMade(store.db.pool, urgent, 0), [{ centre: "alpha", runs: 1, atMs }]);
  assert.deepEqual(await readWayMade(store.db.pool, filler, 0), []);
  const isoTime = (ms: number) => new Date(ms).toISOString();
  assert.match(
    madeWayWords(made, "en", isoTime),
    /^attempt 1 .* for job \d+ at alpha; of the 1 min .* 45 s .* and 15 s not, and what was lost does not count as used/,
  );
  assert.match(madeWayWords({ ...made, checkpointMs: null }, "en", isoTime), /nothing of the 1 min/);
  assert.match(madeWayWords(made, "zh", isoTime), /1 分钟.*45 秒.*15 秒不计费，丢失部分也不计入用量/);
  assert.match(madeWayWords({ ...made, usageCredit: 0 }, "en", isoTime), /15 s not, but all of it counts as used/);
  assert.match(madeWayWords({ ...made, usageCredit: 2 }, "zh", isoTime), /减去丢失部分的 2 倍/);
  const known: WorldEvent[] = [];
  await readWorld(store.db, (event) => known.push(event));
  const lost = known.flatMap((event) => (event.kind === "run-past" ? [event.lostMs] : []));
  assert.deepEqual(lost, [15_000], "what was lost is known after a restart");
  assert.match(
    wayMadeWords({ centre: "alpha", runs: 1, atMs }, "en", isoTime),
    /^a run at alpha made way for it at 20/,
  );
  const [task] = await rows("select state, attempts, retries_left from task where job_id = $1", [filler]);
  assert.deepEqual(task, { state: "queued", attempts: 1, retries_left: 0 });
  const history = await rows("select kind, cause from event where job_id = $1 order by xid, seq", [filler]);
  assert.deepEqual(
    history.slice(-3).map(({ kind, cause }) => [kind, cause]),
    [
      ["cancel-requested", `network: makes way for ${urgent}`],
      ["run-ended", `preempted: makes way for ${urgent}`],
      ["queued", `preempted: makes way for ${urgent}`],
    ],
  );

  await agent.sync({ see: [ended(second, { kind: "succeeded" })] });
  const again = await run(filler);
  assert.equal(parseRunId(again)?.attempt, 2);
  await agent.sync({ see: [ended(again, { kind: "succeeded" })] });
  // Of four cores each: to the checkpoint, whoever it made way for, and again. The 15 s that were lost came back.
  assert.equal(coreMs.granted - (await coreMs.left()), 4n * 165_000n);
});

test("one that saved nothing is not billed; its owner's cancel outweighs, and it does not come back", async () => {
  const filler = await submit({ priorityClass: "low", preemptible: "restarts" });
  const first = await run(filler);
  const urgent = await submit({ priorityClass: "high" });
  await cancelOf(first);
  await agent.sync({ see: [ended(first, { kind: "cancelled", by: "network", reason: null })] });
  const [line] = await rows(`select billed from run where job_id = $1`, [filler]);
  assert.deepEqual(line, { billed: false });
  const held = await rows("select kind from transfer where job_id = $1 and unit = 'wall-ms' order by kind", [filler]);
  assert.deepEqual(held, [{ kind: "pending" }, { kind: "void" }]);
  await agent.sync({ see: [ended(await run(urgent), { kind: "succeeded" })] });

  const next = await run(filler);
  const more = await submit({ priorityClass: "high" });
  await cancelOf(next);
  const asked = { tenant, person: member, idempotency: null, job: filler, index: null, status: 200 } as const;
  await inside.transitions.cancel({ ...asked, by: "user", reason: "no longer", answer: () => "{}" });
  // The agent may know the first reason alone.
  await agent.sync({ see: [ended(next, { kind: "cancelled", by: "network", reason: `makes way for ${more}` })] });
  const [job] = await rows("select outcome from job where id = $1", [filler]);
  assert.deepEqual(job, { outcome: { kind: "cancelled", by: "user", reason: "no longer" } });
  await agent.sync({ see: [ended(await run(more), { kind: "succeeded" })] });
});

test("who was told and left by itself has made room; one whose work was done is done", async () => {
  const warning = { signal: "USR1", beforeS: 10 } as const;
  const leaves = async (end: RunEnd) => {
    const filler = await submit({ priorityClass: "low", preemptible: "checkpoints", warning });
    const first = await run(filler);
    const [order] = await readRunOrders(store.db, [asRun(first)], agent.session, Date.now());
    assert.deepEqual(order?.warning, warning);
    const urgent = await submit({ priorityClass: "high" });
    await cancelOf(first);
    await agent.sync({ see: [ended(first, end)] });
    await agent.sync({ see: [ended(await run(urgent), { kind: "succeeded" })] });
    const [line] = await rows(`select "end" from run where job_id = $1 and attempt = 1`, [filler]);
    return { filler, end: line?.end, reason: `makes way for ${urgent}` };
  };
  for (const end of [{ kind: "failed", exitCode: 85 } as const, { kind: "signalled", signal: 10 } as const]) {
    const left = await leaves(end);
    const how = end.kind === "failed" ? "failed with exit code 85" : "failed by signal 10";
    assert.deepEqual(left.end, { kind: "preempted", evidence: `${left.reason}; ${how}` });
    const again = await run(left.filler);
    assert.equal(parseRunId(again)?.attempt, 2);
    await agent.sync({ see: [ended(again, { kind: "succeeded" })] });
  }
  assert.deepEqual((await leaves({ kind: "succeeded" })).end, { kind: "succeeded" });
});

test("nobody is asked for a task that no longer waits, or where one of the runs has ended", async () => {
  const filler = await submit({ priorityClass: "low", preemptible: "restarts" });
  const live = await run(filler);
  const place = { centre: centreId("alpha"), pool: "default" };
  const order = { job: filler, index: 0, attempt: 1, ...place };
  const gone = { claimant: { job: filler, index: 0 }, claimantName: `${filler}` };
  const epoch = inside.leader.epoch() ?? assert.fail();
  const answer = await inside.transitions.preempt([{ ...order, ...gone }], epoch);
  assert(answer.kind === "written");
  assert.deepEqual([answer.written, answer.stale], [0, 1]);
  assert.equal((await inside.transitions.preempt([{ ...order, ...gone }], epoch - 1)).kind, "fenced");
  await agent.sync({ see: [ended(live, { kind: "succeeded" })] });
});
