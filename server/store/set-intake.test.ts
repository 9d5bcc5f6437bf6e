import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { centreId, type JobId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import {
  enrol,
  newEnrolment,
  useCentreCredential as present,
  rotateCredential,
} from "#server/identity/centre-credential.ts";
import { hashSecret } from "#server/identity/secret.ts";
import { admitted, idsOf, member, submission, type TestStore, testStore } from "./testing.ts";
import { openTransitionWriter, type TransitionWriter } from "./transitions.ts";
import { openSubmitWriter, type SubmitWriter } from "./writer.ts";

/** What becomes of work at a centre that drains, is suspended or leaves; and what is kept of a run that waits there. */
const alpha = centreId("alpha");
let store: TestStore;
let submits: SubmitWriter;
let writer: TransitionWriter;
let epoch = 0;
before(async () => {
  store = await testStore();
  await store.db.pool.query("update centre set session = 1 where id = 'alpha'");
  submits = openSubmitWriter(store.db);
  writer = openTransitionWriter(store.db);
  epoch = await writer.takeEpoch();
});
after(async () => {
  await submits.close();
  await writer.close();
  await store.end();
});

async function place(job: JobId): Promise<boolean> {
  const placement = { job, index: 0, attempt: 1, centre: alpha, pool: "default", allocation: sampleAllocation };
  const answer = await writer.place([{ ...placement, starts: "in-turn", leaseMs: 9_000, candidates: [] }], 1, epoch);
  return answer.kind === "written" && answer.written === 1;
}

async function placedJob(): Promise<JobId> {
  const answer = await submits.submit(submission([admitted()]));
  const [id] = answer.kind === "committed" ? idsOf(answer.body) : [];
  assert(id && (await place(id)));
  return id;
}

function runOf(job: JobId) {
  return runId({ job, index: 0, attempt: 1 });
}

async function tell(...observations: RunObservation[]): Promise<void> {
  const answer = await writer.observe(alpha, 1, observations);
  assert.equal(answer.kind, "recorded");
}

async function events(job: JobId): Promise<readonly string[]> {
  const { rows } = await store.db.pool.query(
    "select kind from event where job_id = $1 and kind <> 'submitted' order by xid, seq",
    [job],
  );
  return rows.map((row) => row.kind);
}

async function row(job: JobId) {
  const { rows } = await store.db.pool.query("select * from run where job_id = $1 order by attempt", [job]);
  return rows[0];
}

test("a run that waits is kept with its engine's word and estimate; the history tells a reason once", async () => {
  const job = await placedJob();
  assert.equal((await row(job)).latest_start_ms - (await row(job)).placed_ms, 9_000);
  const waiting = (reason: string, reasonKind: string | null, startsInMs: number | null): RunObservation => ({
    kind: "waiting",
    run: runOf(job),
    atMs: 5,
    engineId: "77",
    reason,
    reasonKind,
    startsInMs,
  });
  await tell(waiting("Priority", "priority", null));
  const first = (await row(job)).waiting;
  assert.deepEqual(first, {
    engineId: "77",
    reason: "Priority",
    reasonKind: "priority",
    startsMs: null,
    sinceMs: first.sinceMs,
    reasonSinceMs: first.sinceMs,
  });
  await tell(waiting("Priority", "priority", 60_000));
  assert((await row(job)).waiting.startsMs >= first.sinceMs + 60_000);
  await tell(waiting("FullMoon", null, null));
  assert.equal((await row(job)).waiting.sinceMs, first.sinceMs);
  assert.deepEqual(await events(job), ["placed", "accepted", "waiting", "waiting", "waiting"]);
  await tell({ kind: "started", run: runOf(job), atMs: 6, evidence: "" });
  await tell(waiting("Priority", "priority", null));
  assert.equal((await row(job)).waiting.reason, "FullMoon");
});

test("drain: nothing new, and what waits there is left alone; suspend asks it back, not what runs; resume", async () => {
  const [waits, runs] = [await placedJob(), await placedJob()];
  await tell({ kind: "started", run: runOf(runs), atMs: 6, evidence: "" });
  assert.deepEqual(await writer.intake(alpha, "drain", member), { kind: "set", intake: "draining" });
  const late = await submits.submit(submission([admitted()]));
  const [next] = late.kind === "committed" ? idsOf(late.body) : [];
  assert(next && !(await place(next)), "a plan of a moment ago places nothing more");
  assert.equal((await row(waits)).withdraw_ms, null);
  assert.deepEqual(await writer.intake(alpha, "suspend", member), { kind: "set", intake: "suspended" });
  assert.notEqual((await row(waits)).withdraw_ms, null);
  assert.equal((await row(runs)).withdraw_ms, null);
  assert.equal((await events(waits)).at(-1), "withdraw-requested");
  const end = { kind: "withdrawn", evidence: "taken back" } as const;
  await tell({ kind: "ended", run: runOf(waits), atMs: 9, end, usage: sampleUsage, words: null });
  assert.deepEqual((await events(waits)).slice(-2), ["run-ended", "queued"]);
  assert.deepEqual(await writer.intake(alpha, "suspend", member), { kind: "set", intake: "suspended" }, "asked again");
  await writer.intake(alpha, "resume", member);
  assert(await place(next));
});

test("leave: refused to whom is not there, then parted with: retired, its credential ends with the agreed days, for good", async () => {
  const missing = await writer.intake(centreId("nowhere"), "leave", member);
  assert(missing.kind === "refused" && missing.refusal.kind === "not-found");
  await store.db.pool.query(
    "insert into centre_credential (centre_id, kind, secret_hash, created_ms, expires_ms) values ('alpha', 'credential', 'x', 0, 9e12)",
  );
  await store.db.pool.query(
    "insert into centre_terms (centre_id, terms, person_id, at_ms) values ('alpha', '{\"retentionDays\": 7}', 1, 0)",
  );
  await writer.intake(alpha, "leave", member);
  const drained = await writer.intake(alpha, "drain", member);
  assert(drained.kind === "refused" && drained.refusal.kind === "centre-step");
  assert.deepEqual(drained.refusal.legal, ["resume"]);
  assert.deepEqual(await writer.intake(alpha, "part", null), { kind: "set", intake: "left" });
  const { rows } = await store.db.pool.query(
    "select life_cycle, spent_ms, revoked_ms = expires_ms as ends, expires_ms from centre join centre_credential k on k.centre_id = centre.id",
  );
  const [{ expires_ms, ...left }] = rows;
  assert.deepEqual(left, { life_cycle: "retired", spent_ms: null, ends: true });
  const days = (expires_ms - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days <= 7, `${days} days`);
  await store.db.pool.query("delete from centre_credential");
  const back = await writer.intake(alpha, "resume", member);
  assert(back.kind === "refused" && back.refusal.kind === "centre-step");
  const steps = await store.db.pool.query("select step, person_id from centre_step order by id");
  assert.deepEqual(
    steps.rows.map(({ step, person_id }) => `${step} ${person_id}`),
    ["drain 1", "suspend 1", "resume 1", "leave 1", "part null"],
  );
});

test("revoke counts what it took", async () => {
  assert.equal(await writer.revoke(centreId("nowhere"), member), null);
  assert.equal(await writer.revoke(alpha, member), 0);
});

test("what is rotated or joined at the very moment of a revocation is good for nothing", async () => {
  const { db } = store;
  const nowMs = Date.now();
  await db.pool.query("delete from centre_credential where centre_id = 'alpha'");
  const callerBy = (secret: string) => present(db, hashSecret(secret), Date.now());
  const join = async () => {
    const { token } = (await newEnrolment(db.pool, "alpha", nowMs)) ?? assert.fail("no token");
    return enrol(db, { token, agentVersion: "1", driver: "process" }, nowMs);
  };
  const joined = await join();
  const used = "credential" in joined ? await callerBy(joined.credential) : null;
  const open = (await newEnrolment(db.pool, "alpha", nowMs)) ?? assert.fail("no token");
  assert(used);

  // The revocation stops after it has taken all that there is, and before its commit.
  const other = await db.pool.connect();
  await other.query("begin; lock table centre_step in share mode");
  const revoked = writer.revoke(alpha, member);
  await delay(300);
  const rotated = rotateCredential(db, used.caller, nowMs);
  const enrolled = enrol(db, { token: open.token, agentVersion: "1", driver: "process" }, nowMs);
  await delay(300);
  await other.query("commit");
  other.release();
  assert.equal(await revoked, 2);
  assert.equal(await callerBy((await rotated).credential), null);
  assert.equal("kind" in (await enrolled), true);
  assert.equal("credential" in (await join()), true, "it may join again");
});
