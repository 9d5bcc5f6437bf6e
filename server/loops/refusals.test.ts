import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { centreId, type JobId } from "#core/ids.ts";
import type { JobSpec } from "#core/job/spec.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { until } from "#server/patience-testing.ts";
import { checkLedger } from "#server/store/read/ledger-check.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside } from "./testing.ts";

// What a centre would not take, through store, feed, loop and desk (docs/decisions/0047): it goes to another one without a
// retry spent, or ends in the centre's words; a server that starts in the meantime knows of it.

const [alpha, beta] = [centreId("alpha"), centreId("beta")];
let store: TestStore;
let inside: Inside;
let agents: readonly Awaited<ReturnType<typeof openAgent>>[];
before(async () => {
  store = await testStore();
  await store.db.pool.query(
    "insert into centre (id, name, driver, life_cycle, created_ms) values ('beta', 'Beta', 'process', 'in-service', 0)",
  );
  await store.db.pool.query(
    "insert into pool (centre_id, name, contract, life_cycle) values ('beta', 'default', 'dedicated', 'in-service')",
  );
  inside = await openInside(store.db);
  agents = await Promise.all([openAgent(inside.desk, alpha), openAgent(inside.desk, beta)]);
  for (const agent of agents) await agent.sync({ engine });
});
after(async () => {
  const { findings } = await checkLedger(store.db.pool);
  await inside.close();
  await store.end();
  assert.deepEqual(findings, []);
});

async function submit(changes: Partial<JobSpec>): Promise<JobId> {
  const answer = await inside.submits.submit(submission([admitted(changes)]));
  return (answer.kind === "committed" && idsOf(answer.body)[0]) || assert.fail(JSON.stringify(answer));
}

/** The next order comes to whichever centre it was placed at. */
async function refuseNext(words: string): Promise<string> {
  return until(async () => {
    for (const agent of agents) {
      const [order] = (await agent.sync()).start;
      if (!order) continue;
      const end = { kind: "refused", reason: words } as const;
      const usage = { ...sampleUsage, startedMs: null, wallMs: 0 };
      await agent.sync({ see: [{ kind: "ended", run: asRun(order.run), atMs: Date.now(), end, usage, words }] });
      return order.run;
    }
    return null;
  });
}

const rows = async (text: string, job: JobId) => (await store.db.pool.query(text, [job])).rows;
const task = async (job: JobId) =>
  (await rows("select state, attempts, retries_left, outcome from task where job_id = $1", job))[0];

test("it goes from one centre to the other, and when both refuse it ends in the words of the last, unbilled", async () => {
  const job = await submit({ retries: 2 });
  assert.equal(await refuseNext("not without the course"), `${job}.0.1`);
  assert.equal(await refuseNext("nor here"), `${job}.0.2`);
  await until(async () => ((await task(job)).state === "ended" ? true : null));
  const outcome = { kind: "refused", reason: "nor here" };
  assert.deepEqual(await task(job), { state: "ended", attempts: 2, retries_left: 2, outcome });
  const runs = await rows(`select centre_id, "end", billed from run where job_id = $1 order by attempt`, job);
  assert.deepEqual(new Set(runs.map(({ centre_id }) => centre_id)), new Set(["alpha", "beta"]));
  for (const { billed } of runs) assert.equal(billed, false);
  const history = await rows("select kind, cause from event where job_id = $1 order by xid, seq", job);
  const told = history.map(({ kind, cause }) => `${kind}: ${cause}`);
  assert.ok(told.includes("run-ended: refused: not without the course"), told.join("\n"));
  assert.match(told.at(-1) ?? "", /^ended: refused by (alpha|beta), and no other centre could take it: nor here$/);
});

test("one that names its centre ends there; a server that starts before that knows who refused", async () => {
  const job = await submit({ centres: { only: [alpha], except: [], prefer: [] } });
  await refuseNext("no");
  await until(async () => ((await task(job)).state === "ended" ? true : null));
  assert.equal((await task(job)).attempts, 1);

  const waiting = await submit({});
  await refuseNext("first");
  const [refusedBy] = await rows("select centre_id from job_refusal where job_id = $1", waiting);
  const other = createWorld();
  await readWorld(store.db, other.apply);
  const explained = other.explain({ job: waiting, index: 0 }, Date.now());
  if (explained.kind === "waiting")
    assert.equal(explained.candidates.find(({ centre }) => centre === refusedBy.centre_id)?.rule, "refused-there");
  // It may have been placed at the other one already: then that one has it.
  else assert.equal((await task(waiting)).attempts, 2);
  await refuseNext("second");
  await until(async () => ((await task(waiting)).state === "ended" ? true : null));
});
