import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { centreId, type JobId, runId } from "#core/ids.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { until } from "#server/patience-testing.ts";
import { admitted, idsOf, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { engine, openAgent, openInside, succeeded } from "./testing.ts";

// A job with a deadline, from its submission to its end, in a whole server behind its HTTP.

let store: TestStore;
before(async () => {
  store = await testStore();
});
after(() => store.end());

test("a lease ends with the latest start, and what can no longer end in time is cancelled, naming the deadline", async () => {
  const { pool } = store.db;
  let inside = await openInside(store.db);
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const submit = async (changes: Parameters<typeof admitted>[0]): Promise<JobId> => {
    const answer = await inside.submits.submit(submission([admitted(changes)]));
    return answer.kind === "committed" ? (idsOf(answer.body)[0] ?? assert.fail()) : assert.fail();
  };
  const timeLimitS = 3600;
  // Within the lease that a placement has by itself, and far enough away for the slowest machine.
  const soonMs = (Math.ceil(Date.now() / 1000) + timeLimitS + 50) * 1000;
  const dated = await submit({ timeLimitS, deadlineMs: soonMs });
  const [order = assert.fail()] = await agent.orders(1);
  assert.equal(order.run, runId({ job: dated, index: 0, attempt: 1 }));
  const { rows: leases } = await pool.query("select latest_start_ms as ms from run where job_id = $1", [dated]);
  assert.equal(leases[0]?.ms, soonMs - timeLimitS * 1000);
  await agent.sync({ see: [succeeded(order.run)] });

  // Where nothing takes work it waits, and ends once its latest start has passed; also when the server was away meanwhile.
  const drained = { ...engine, pools: engine.pools.map((one) => ({ ...one, state: "drained" as const })) };
  await agent.sync({ engine: drained });
  await until(() => inside.scheduler.world.headroom(centreId("alpha")).get("default")?.length === 0 || null);
  const deadlineMs = Date.now() + (timeLimitS + 1) * 1000;
  const late = await submit({ timeLimitS, deadlineMs });
  const outcomeOf = (job: JobId) =>
    until(
      async () =>
        (await pool.query("select outcome from task where job_id = $1 and state = 'ended'", [job])).rows[0]?.outcome,
    );
  const said = networkTimeText(deadlineMs);
  const reason = `could no longer end by its deadline ${said}`;
  assert.deepEqual(await outcomeOf(late), { kind: "cancelled", by: "network", reason });
  const { rows } = await pool.query("select cause from event where job_id = $1 and kind = 'ended'", [late]);
  assert.equal(rows[0]?.cause, reason);

  const later = await submit({ timeLimitS, deadlineMs: Date.now() + (timeLimitS + 1) * 1000 });
  await inside.close();
  inside = await openInside(store.db);
  assert.equal((await outcomeOf(later)).kind, "cancelled");
  await inside.close();
});
