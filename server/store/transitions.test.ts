import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { centreId, type JobId, jobId, type RunId, runId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { Allocation, RunObservation, RunUsage } from "#core/run-order.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";
import { readGrants } from "./grants.ts";
import { checkLedger } from "./read/ledger-check.ts";
import { readTask } from "./read/tasks.ts";
import { admitted, idsOf, member, project, spec, submission, type TestStore, tenant, testStore } from "./testing.ts";
import { openTransitionWriter, type TransitionWriter } from "./transitions.ts";
import { openSubmitWriter, type SubmitWriter } from "./writer.ts";

const alpha = centreId("alpha");
const allocation: Allocation = { ...sampleAllocation, coresPerTask: 2, coresPerNode: 2, memoryMibPerNode: 100 };

let store: TestStore;
let submits: SubmitWriter;
let writer: TransitionWriter;
let epoch = 0;
before(async () => {
  store = await testStore();
  await store.db.pool.query("update centre set session = 3 where id = 'alpha'");
  submits = openSubmitWriter(store.db);
  writer = openTransitionWriter(store.db);
  epoch = await writer.takeEpoch();
});
after(async () => {
  await checkBooks();
  await checkCounts();
  await submits.close();
  await writer.close();
  await store.end();
});

async function submit(...jobs: ReturnType<typeof admitted>[]): Promise<JobId[]> {
  const answer = await submits.submit(submission(jobs));
  return answer.kind === "committed" ? idsOf(answer.body) : assert.fail(JSON.stringify(answer));
}

function placement(job: JobId, index = 0, attempt = 1): Placement {
  return {
    job,
    index,
    attempt,
    centre: alpha,
    pool: "default",
    allocation,
    starts: "now",
    leaseMs: null,
    candidates: [],
  };
}

async function placed(job: JobId, index = 0, attempt = 1): Promise<RunId> {
  const answer = await writer.place([placement(job, index, attempt)], 1, epoch);
  assert.equal(
    answer.kind === "written" && answer.written,
    1,
    JSON.stringify(answer, (_, v) => String(v)),
  );
  return runId({ job, index, attempt });
}

function ended(run: RunId, end: RunEnd, changes: Partial<RunUsage> = {}): RunObservation {
  return { kind: "ended", run, atMs: 6_000, end, usage: { ...sampleUsage, ...changes }, words: null };
}

async function tell(...observations: RunObservation[]): Promise<readonly RunId[]> {
  const answer = await writer.observe(alpha, 3, observations);
  return answer.kind === "recorded" ? answer.committed : assert.fail(JSON.stringify(answer));
}

async function rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await store.db.pool.query(sql, values)).rows;
}

async function job(id: JobId) {
  return (
    await rows(
      "select state, queued, placed, starting, running, ended, outcome, centres, started_ms, ended_ms, runs from job where id = $1",
      [id],
    )
  )[0];
}

async function kinds(id: JobId): Promise<unknown[]> {
  return (await rows("select kind from event where job_id = $1 order by xid, seq", [id])).map((row) => row.kind);
}

async function balances(id: JobId) {
  return rows("select kind, unit, amount::text from transfer where job_id = $1 order by id", [id]);
}

async function checkBooks(): Promise<void> {
  const { balanced, findings } = await checkLedger(store.db.pool);
  assert.deepEqual({ balanced, findings }, { balanced: true, findings: [] });
}

async function checkCounts(): Promise<void> {
  assert.deepEqual(
    await rows(`
      select id from job j left join lateral (
        select count(*) filter (where state = 'queued') q, count(*) filter (where state = 'placed') p,
          count(*) filter (where state = 'starting') s, count(*) filter (where state = 'running') r,
          count(*) filter (where state = 'ended') e, sum(attempts) a from task where job_id = j.id) t on true
      where (queued, placed, starting, running, ended, runs) is distinct from (q, p, s, r, e, a)`),
    [],
  );
}

test("a job goes all the way, and what it used is posted", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  assert.deepEqual((await job(id))?.state, "placed");
  await tell({ kind: "accepted", run, atMs: 4_000 });
  assert.deepEqual((await job(id))?.state, "starting");
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" });
  assert.deepEqual((await job(id))?.state, "running");
  assert.deepEqual(await tell(ended(run, { kind: "succeeded" })), [run]);
  // The centre's clock is years behind: nothing of a run was before its placement.
  const [{ placed_ms: placedMs } = {}] = await rows("select placed_ms from run where job_id = $1", [id]);
  assert.deepEqual(await job(id), {
    state: "ended",
    queued: 0,
    placed: 0,
    starting: 0,
    running: 0,
    ended: 1,
    outcome: { kind: "succeeded" },
    centres: ["alpha"],
    started_ms: placedMs,
    ended_ms: placedMs,
    runs: 1,
  });
  assert.deepEqual(await kinds(id), ["placed", "accepted", "started", "ended"]);
  assert.deepEqual(await balances(id), [
    { kind: "pending", unit: "core-ms", amount: String(3630 * 1000 * 2) },
    { kind: "pending", unit: "mib-s", amount: String(3630 * 100) },
    { kind: "pending", unit: "wall-ms", amount: String(3630 * 1000) },
    { kind: "post", unit: "core-ms", amount: "2000" },
    { kind: "post", unit: "mib-s", amount: "100" },
    { kind: "post", unit: "wall-ms", amount: "1000" },
  ]);
});

test("a centre's clock that is ahead: nothing is yet to come, and the usage is what it was", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  const aheadMs = Date.now() + 90_000;
  await tell({ kind: "accepted", run, atMs: aheadMs }, { kind: "started", run, atMs: aheadMs, evidence: "pid 7" });
  const [seen] = await rows("select started_ms from job where id = $1", [id]);
  assert.ok(Number(seen?.started_ms) <= Date.now(), JSON.stringify(seen));
  await tell({ ...ended(run, { kind: "succeeded" }, { startedMs: aheadMs }), atMs: aheadMs + 1_000 });
  const [late] = await rows("select count(*) as count from event where job_id = $1 and at_ms > $2", [id, Date.now()]);
  assert.equal(Number(late?.count), 0);
  assert.deepEqual((await balances(id)).at(-1), { kind: "post", unit: "wall-ms", amount: "1000" });
});

test("whatever comes twice, late or out of order changes nothing that is final", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  const end = ended(run, { kind: "failed", exitCode: 3 });
  await tell(end);
  const once = [await job(id), await balances(id), await kinds(id)];
  assert.deepEqual(await tell(end, end), [run]);
  await tell({ kind: "accepted", run, atMs: 4_000 }, { kind: "started", run, atMs: 5_000, evidence: "pid 7" });
  assert.deepEqual([await job(id), await balances(id), await kinds(id)], once);
  await tell(ended(run, { kind: "succeeded" }));
  assert.deepEqual((await job(id))?.outcome, { kind: "failed", exitCode: 3 });
  assert.equal((await kinds(id)).at(-1), "later-evidence");
});

test("what another centre tells of a run changes nothing, and is acknowledged", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  const before = [await job(id), await balances(id), await kinds(id)];
  const [other] = await rows(
    "insert into centre (id, name, driver, life_cycle, created_ms, session) values ('elsewhere', 'elsewhere', 'process', 'trial', 0, 3) returning id",
  );
  const observations: RunObservation[] = [
    { kind: "accepted", run, atMs: 4_000 },
    { kind: "started", run, atMs: 5_000, evidence: "pid 7" },
    ended(run, { kind: "succeeded" }),
  ];
  const answer = await writer.observe(centreId(String(other?.id)), 3, observations);
  assert.deepEqual(answer, { kind: "recorded", committed: [run] });
  assert.deepEqual([await job(id), await balances(id), await kinds(id)], before);
  await rows("delete from centre where id = 'elsewhere'");
  await tell(ended(run, { kind: "succeeded" }));
  assert.deepEqual((await job(id))?.outcome, { kind: "succeeded" });
});

test("what a centre remarks about a run is in its history, and changes nothing else", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" });
  const before = [await job(id), await balances(id)];
  await tell({ kind: "remark", run, atMs: 6_000, words: "the cancel waits until its user comes" });
  assert.deepEqual([await job(id), await balances(id)], before);
  const [told] = await rows(
    "select kind, state, cause from event where job_id = $1 order by xid desc, seq desc limit 1",
    [id],
  );
  assert.deepEqual(told, { kind: "remark", state: null, cause: "the cancel waits until its user comes" });
  await tell(ended(run, { kind: "succeeded" }), { kind: "remark", run, atMs: 7_000, words: "too late" });
  assert.equal((await kinds(id)).at(-1), "ended");
});

test("what an end that was asked for waits for is kept with the run, and no part of its outcome", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  const cancel = async () => (await rows("select cancel from run where job_id = $1", [id]))[0]?.cancel;
  const remark = { kind: "remark", run, atMs: 6_000, words: "it waits" } as const;
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" }, { ...remark, cancelWaits: "credential" });
  assert.equal(await cancel(), null, "nothing was asked for");
  await writer.cancel({
    ...{ tenant, person: member, idempotency: null, job: id, index: null, by: "user", reason: null, status: 200 },
    answer: JSON.stringify,
  });
  await tell({ ...remark, cancelWaits: "credential" });
  assert.deepEqual(await cancel(), { by: "user", reason: null, waitsFor: "credential" });
  await tell(remark);
  assert.deepEqual(await cancel(), { by: "user", reason: null, waitsFor: "credential" }, "it said nothing of that");
  await tell({ ...remark, cancelWaits: null });
  assert.deepEqual(await cancel(), { by: "user", reason: null });
  await tell({ ...remark, cancelWaits: "credential" }, ended(run, { kind: "withdrawn", evidence: "it never began" }));
  assert.deepEqual((await job(id))?.outcome, { kind: "cancelled", by: "user", reason: null });
});

test("a job that goes back to the queue started when its first attempt did", async () => {
  const array = { ranges: [{ first: 0, last: 1, step: 1 }], throttle: null };
  const [id = assert.fail(), many = assert.fail()] = await submit(
    admitted({ requeue: true }),
    admitted({ array, requeue: true }, "0-1"),
  );
  for (const each of [id, many]) {
    const run = await placed(each);
    await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" });
    await tell(ended(run, { kind: "node-failed", reason: "no power" }));
    assert.notEqual((await job(each))?.started_ms, null);
  }
  const first = (await job(id))?.started_ms;
  assert.equal((await job(id))?.state, "queued");
  assert.equal((await readTask(store.db.pool, id, 0))?.startedMs, first);
  const again = await placed(id, 0, 2);
  await tell({ kind: "started", run: again, atMs: Date.now(), evidence: "pid 8" }, ended(again, { kind: "succeeded" }));
  assert.equal((await job(id))?.started_ms, first);
  assert.equal((await readTask(store.db.pool, id, 0))?.startedMs, first);
});

test("a duplicate copy ends nothing", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const run = await placed(id);
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" }, ended(run, { kind: "duplicate" }));
  assert.equal((await job(id))?.state, "running");
  await tell(ended(run, { kind: "succeeded" }));
  assert.equal((await job(id))?.state, "ended");
});

test("failures are tried again while retries last; a withdrawal costs none and is not billed", async () => {
  const [id = assert.fail()] = await submit(admitted({ retries: 1 }));
  await tell(ended(await placed(id), { kind: "withdrawn", evidence: "came too late" }, { startedMs: null, wallMs: 0 }));
  assert.equal((await job(id))?.state, "queued");
  await tell(ended(await placed(id, 0, 2), { kind: "failed", exitCode: 1 }));
  assert.equal((await job(id))?.state, "queued");
  await tell(ended(await placed(id, 0, 3), { kind: "failed", exitCode: 2 }));
  assert.deepEqual((await job(id))?.outcome, { kind: "failed", exitCode: 2 });
  const runs = await rows(
    `select attempt, billed, "end" ->> 'kind' as "end" from run where job_id = $1 order by attempt`,
    [id],
  );
  assert.deepEqual(runs, [
    { attempt: 1, billed: false, end: "withdrawn" },
    { attempt: 2, billed: true, end: "failed" },
    { attempt: 3, billed: true, end: "failed" },
  ]);
});

test("one that asked to be requeued runs again after a preemption and a node's failure, each attempt metered apart", async () => {
  const [id = assert.fail(), other = assert.fail()] = await submit(admitted({ requeue: true }), admitted());
  await tell(ended(await placed(id), { kind: "preempted" }, { wallMs: 2_000, checkpointMs: 1_500 }));
  await tell(ended(await placed(id, 0, 2), { kind: "node-failed", reason: "power" }, { wallMs: 3_000 }));
  assert.equal((await job(id))?.state, "queued");
  await tell(ended(await placed(id, 0, 3), { kind: "succeeded" }, { wallMs: 4_000 }));
  assert.deepEqual((await job(id))?.outcome, { kind: "succeeded" });
  const booked = await rows(
    `select r.attempt, r.billed, sum(t.amount)::int as "wallMs" from run r
     left join transfer t using (job_id, index, attempt)
     where r.job_id = $1 and (t.unit is null or t.unit = 'wall-ms' and t.kind not in ('pending', 'void')) group by 1, 2 order by 1`,
    [id],
  );
  assert.deepEqual(booked, [
    { attempt: 1, billed: true, wallMs: 1_500 },
    { attempt: 3, billed: true, wallMs: 4_000 },
  ]);
  await tell(ended(await placed(other), { kind: "preempted" }));
  assert.deepEqual((await job(other))?.outcome, { kind: "preempted" });
});

test("neither a requeue that the centre forces is billed, nor a cancel there of which nobody knows by whom (M7)", async () => {
  const [forced = assert.fail(), gone = assert.fail()] = await submit(admitted(), admitted());
  await tell(ended(await placed(forced), { kind: "requeued", by: "the centre" }, { wallMs: 3_000 }));
  assert.equal((await job(forced))?.state, "queued");
  await tell(ended(await placed(forced, 0, 2), { kind: "succeeded" }, { wallMs: 4_000 }));
  const unknown = { kind: "cancelled", by: "unknown", reason: null } as const;
  await tell(ended(await placed(gone), unknown, { wallMs: 5_000 }));
  assert.deepEqual((await job(gone))?.outcome, unknown);
  const booked = await rows(
    `select r.job_id = $1 as forced, r.attempt, r.billed, t.amount::int as "wallMs" from run r
     left join transfer t on (t.job_id, t.index, t.attempt) = (r.job_id, r.index, r.attempt)
       and t.unit = 'wall-ms' and t.kind not in ('pending', 'void')
     where r.job_id in ($1, $2) order by 1 desc, 2`,
    [forced, gone],
  );
  assert.deepEqual(booked, [
    { forced: true, attempt: 1, billed: false, wallMs: null },
    { forced: true, attempt: 2, billed: true, wallMs: 4_000 },
    { forced: false, attempt: 1, billed: false, wallMs: null },
  ]);
  const [{ cause } = assert.fail()] = await rows("select cause from event where job_id = $1 and kind = 'ended'", [
    gone,
  ]);
  assert.equal(cause, "cancelled at the centre, its engine does not say by whom");
});

test("lost is final and not billed, unless the job said that it may run twice", async () => {
  const [id = assert.fail(), twice = assert.fail()] = await submit(
    admitted({ retries: 3 }),
    admitted({ onUnreachable: { kind: "restart-after", delayS: 3600 } }),
  );
  const lost: RunEnd = { kind: "lost", evidence: "no process, no record" };
  await tell(ended(await placed(id), lost), ended(await placed(twice), lost));
  assert.deepEqual((await job(id))?.outcome, lost);
  assert.equal((await job(twice))?.state, "queued");
  const posted = await rows("select id from transfer where job_id = any($1) and kind not in ('pending', 'void')", [
    [id, twice],
  ]);
  assert.deepEqual(posted, []);
});

test("a transfer can be neither changed nor removed", async () => {
  for (const change of ["update transfer set amount = 0", "delete from transfer", "truncate transfer"])
    await assert.rejects(store.db.pool.query(change), /permission denied|append-only/);
});

test("a stale placement, an old epoch and an old session write nothing", async () => {
  const [id = assert.fail()] = await submit(admitted());
  const answers = await Promise.all([
    writer.place([placement(id)], 1, epoch),
    writer.place([placement(id)], 1, epoch),
    writer.place([placement(id, 0, 2)], 1, epoch),
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.kind === "written" && answer.written),
    [1, 0, 0],
  );
  assert.equal((await writer.place([placement(id)], 1, epoch - 1)).kind, "fenced");
  const old = await writer.observe(alpha, 2, [ended(runId({ job: id, index: 0, attempt: 1 }), { kind: "succeeded" })]);
  assert.deepEqual(old, { kind: "refused", refusal: { kind: "fenced", epoch: 2, newest: 3 } });
  assert.equal((await job(id))?.state, "placed");
});

test("a cancel ends what is queued, asks for the end of what runs, and outweighs retries", async () => {
  const array = { ranges: [{ first: 0, last: 9, step: 1 }], throttle: null };
  const [id = assert.fail()] = await submit(admitted({ array, retries: 5 }, "0-9"));
  const run = await placed(id, 3);
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" });
  const request = {
    tenant,
    person: member,
    idempotency: null,
    job: id,
    index: null,
    by: "user",
    reason: "enough",
    status: 200,
    answer: (done: object) => JSON.stringify(done),
  } as const;
  const cancelled = await writer.cancel(request);
  assert.deepEqual(cancelled.kind === "committed" && JSON.parse(cancelled.body), {
    ended: 9,
    asked: 1,
    endedBefore: 0,
  });
  assert.deepEqual((await job(id))?.running, 1);
  const [event] = await rows("select detail from event where job_id = $1 and kind = 'ended'", [id]);
  assert.deepEqual(event?.detail, {
    outcome: "cancelled",
    indices: [
      { first: 0, last: 2, step: 1 },
      { first: 4, last: 9, step: 1 },
    ],
  });
  await tell(ended(run, { kind: "signalled", signal: 15 }));
  assert.deepEqual((await job(id))?.state, "ended");
  assert.deepEqual((await job(id))?.outcome, { kind: "cancelled", by: "user", reason: "enough" });
  const again = await writer.cancel(request);
  assert.equal(again.kind === "refused" && again.refusal.kind, "already-ended");
  const none = await writer.cancel({ ...request, index: 77 });
  assert.equal(none.kind === "refused" && none.refusal.kind, "not-found");
});

test("a centre that is away leaves its runs where they are, and says since when; restart-after goes on elsewhere", async () => {
  const [waits = assert.fail(), restarts = assert.fail()] = await submit(
    admitted(),
    admitted({ onUnreachable: { kind: "restart-after", delayS: 10 } }),
  );
  await placed(waits);
  const first = await placed(restarts);
  await tell({ kind: "started", run: first, atMs: 5_000, evidence: "pid 7" });
  await writer.contact(alpha, { kind: "unreachable", sinceMs: 1_000 });
  await writer.contact(alpha, { kind: "unreachable", sinceMs: 2_000 });
  assert.deepEqual(
    await rows("select distinct unreachable_since_ms as at from job where id = any($1)", [[waits, restarts]]),
    [{ at: 1_000 }],
  );
  assert.equal(await writer.restart(epoch), 1);
  assert.equal(await writer.restart(epoch), 0);
  assert.equal((await job(restarts))?.state, "queued");
  assert.equal((await job(waits))?.state, "placed");
  await writer.contact(alpha, { kind: "reachable" });
  assert.deepEqual(
    await rows("select distinct unreachable_since_ms as at from job where id = any($1)", [[waits, restarts]]),
    [{ at: null }],
  );
  const second = await placed(restarts, 0, 2);
  // The first one is found to have run after all: shown, not billed, and no end of the task.
  await tell(ended(first, { kind: "succeeded" }));
  assert.equal((await job(restarts))?.state, "placed");
  await tell(ended(second, { kind: "succeeded" }));
  const runs = await rows("select attempt, billed, superseded from run where job_id = $1 order by attempt", [restarts]);
  assert.deepEqual(runs, [
    { attempt: 1, billed: false, superseded: true },
    { attempt: 2, billed: true, superseded: false },
  ]);
});

test("a run that its centre may not look at is declared lost once it was asked to end in vain", async () => {
  const [mine = assert.fail()] = await submit(admitted());
  const run = await placed(mine);
  const declare = async () => {
    const answer = await writer.declareLost({
      ...{ tenant, person: member, idempotency: null, job: mine, index: null, reason: "li is gone", status: 200 },
      answer: (tasks) => JSON.stringify({ tasks }),
    });
    return answer.kind === "committed" ? answer.body : answer.refusal.kind;
  };
  await tell({ kind: "remark", run, atMs: 1, words: "nobody may look" });
  assert.equal(await declare(), "not-unreachable");
  await writer.cancel({
    ...{ tenant, person: member, idempotency: null, job: mine, index: null, by: "user", reason: null, status: 200 },
    answer: JSON.stringify,
  });
  assert.equal(await declare(), "not-unreachable", "the centre may end it still");
  await tell({ kind: "remark", run, atMs: 2, words: "the cancel waits", cancelWaits: "let-in" });
  assert.equal(await declare(), '{"tasks":1}');
  const outcome = { kind: "lost", by: "operator", evidence: "li is gone" };
  assert.deepEqual((await job(mine))?.outcome, outcome);
});

test("lost without evidence is an operator's word, only for what cannot be reached, and stays whatever comes later", async () => {
  const [waits = assert.fail(), restarts = assert.fail(), queued = assert.fail()] = await submit(
    admitted({ retries: 3 }),
    admitted({ onUnreachable: { kind: "restart-after", delayS: 3600 } }),
    admitted(),
  );
  const run = await placed(waits);
  const other = await placed(restarts);
  const declare = async (id: JobId, key: string | null = null, index: number | null = null) => {
    const idempotency = key === null ? null : { key, bodyHash: Buffer.from("declared") };
    const answer = await writer.declareLost({
      ...{ tenant, person: member, idempotency, job: id, index, reason: "the hall burnt down", status: 200 },
      answer: (tasks) => JSON.stringify({ tasks }),
    });
    return answer.kind === "committed" ? answer.body : answer.refusal.kind;
  };
  assert.equal(await declare(waits), "not-unreachable");
  assert.equal(await declare(queued), "not-unreachable");
  await writer.contact(alpha, { kind: "unreachable", sinceMs: 1_000 });
  assert.equal(await declare(waits, null, 7), "not-found");
  assert.equal(await declare(waits, "lost-1"), '{"tasks":1}');
  assert.equal(await declare(waits, "lost-1"), '{"tasks":1}', "the same key is the same answer");
  assert.equal(await declare(waits), "already-ended");
  assert.equal(await declare(restarts), '{"tasks":1}');
  assert.deepEqual((await job(waits))?.outcome, { kind: "lost", by: "operator", evidence: "the hall burnt down" });
  assert.equal((await job(restarts))?.state, "queued", "the job said that it may run twice");
  assert.deepEqual(
    await rows("select distinct unreachable_since_ms as at from job where id = any($1)", [[waits, restarts]]),
    [{ at: null }],
    "of a job that ended or waits nothing is out of reach",
  );
  assert.deepEqual(await rows("select kind, cause from event where job_id = $1 order by xid, seq offset 2", [waits]), [
    { kind: "declared-lost", cause: `person:${member}: the hall burnt down` },
    { kind: "ended", cause: "declared lost: the hall burnt down" },
  ]);
  await writer.contact(alpha, { kind: "reachable" });
  // Both are found after all, one of them done: shown, not billed, no end of anything.
  await tell(ended(run, { kind: "succeeded" }), ended(other, { kind: "cancelled", by: "operator", reason: null }));
  await tell(ended(run, { kind: "succeeded" }));
  assert.equal((await kinds(waits)).filter((kind) => kind === "later-evidence").length, 2);
  assert.deepEqual(
    await rows(`select "end" ->> 'kind' as "end", billed, usage ->> 'wallMs' as wall from run where job_id = any($1)`, [
      [waits, restarts],
    ]),
    Array(2).fill({ end: "lost", billed: false, wall: "1000" }),
  );
  const posted = await rows("select id from transfer where job_id = any($1) and kind not in ('pending', 'void')", [
    [waits, restarts],
  ]);
  assert.deepEqual(posted, []);
});

test("tasks whose dependency can never be met end by the network", async () => {
  const array = { ranges: [{ first: 1, last: 9, step: 2 }], throttle: null };
  const [id = assert.fail()] = await submit(admitted({ array }, "1-9:2"));
  const indices = [{ first: 3, last: 7, step: 2 }];
  const rule = "dependency-never-satisfied" as const;
  const ends = [{ job: id, indices, rule, facts: { dependency: "afterok", on: "12" } }];
  const answer = await writer.endQueued(ends, epoch);
  assert.equal(answer.kind === "written" && answer.written, 3);
  assert.equal((await job(id))?.queued, 2);
  const [event] = await rows("select cause, detail from event where job_id = $1 and kind = 'ended'", [id]);
  assert.equal(event?.cause, "afterok on job 12 can no longer be met");
});

test("many steps at once share transactions, and one that fails does so alone", async () => {
  const many = await submit(...Array.from({ length: 50 }, () => admitted()));
  const [before] = await rows("select count(distinct xid)::int as n from event");
  const answers = await Promise.allSettled([
    ...many.map((id) => writer.place([placement(id)], 1, epoch)),
    writer.place([{ ...placement(jobId(many[0] ?? 1)), allocation: { ...allocation, coresPerNode: 1.5 } }], 1, epoch),
  ]);
  assert.equal(answers.filter((answer) => answer.status === "fulfilled").length, 51);
  const [then] = await rows("select count(distinct xid)::int as n from event");
  assert.ok(Number(then?.n) - Number(before?.n) <= 3);
  const [poisoned = assert.fail(), healthy = assert.fail()] = await submit(admitted(), admitted());
  const results = await Promise.allSettled([
    writer.place([{ ...placement(poisoned), pool: "n\0ul" }], 1, epoch),
    writer.place([placement(healthy)], 1, epoch),
  ]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["rejected", "fulfilled"],
  );
  assert.equal((await job(poisoned))?.state, "queued");
  assert.equal((await job(healthy))?.state, "placed");
});

test("what is granted is held from, under the lock; what was not used comes back, and what was posted before does not count", async () => {
  const { pool } = store.db;
  const cores = BigInt(allocation.nodes * allocation.coresPerNode);
  const { timeLimitS, graceS } = spec();
  const coreMs = cores * BigInt(1000 * (timeLimitS + graceS));
  const { rows: accounts } = await pool.query(
    "select coalesce(sum(debits_posted), 0)::text as posted from account where code like 'project:%' and unit = 'core-ms'",
  );
  assert.notEqual(accounts[0]?.posted, "0", "the tests before have used some");
  // For one such hold and a half.
  await pool.query(
    `insert into granted (project_id, unit, amount, posted_before, person_id, at_ms)
     select p.id, 'core-ms', $1, coalesce(sum(a.debits_posted), 0), 1, 0 from project p
     left join account a on a.code = 'project:' || p.id and a.unit = 'core-ms' where p.id = $2 group by p.id`,
    [`${(coreMs * 3n) / 2n + (await heldNow())}`, project],
  );
  const left = async () => BigInt((await readGrants(pool))[0]?.left ?? assert.fail());
  assert.equal(await left(), (coreMs * 3n) / 2n);
  const ids = [...(await submit(admitted())), ...(await submit(admitted()))];
  const answer = await writer.place(
    ids.map((id) => placement(id)),
    1,
    epoch,
  );
  assert.deepEqual(answer.kind === "written" && [answer.written, answer.stale], [1, 1]);
  assert.equal(await left(), coreMs / 2n);
  const run = runId({ job: ids[0] ?? assert.fail(), index: 0, attempt: 1 });
  await tell({ kind: "started", run, atMs: 5_000, evidence: "pid 7" });
  await tell(ended(run, { kind: "succeeded" }));
  const used = cores * BigInt(sampleUsage.wallMs);
  assert.equal(await left(), (coreMs * 3n) / 2n - used);
  await pool.query("delete from granted");
  await checkBooks();
});

async function heldNow(): Promise<bigint> {
  const [row] = await rows(
    "select coalesce(sum(debits_pending), 0)::text as held from account where code like 'project:%' and unit = 'core-ms'",
  );
  return BigInt(`${row?.held}`);
}
