import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineReport } from "#core/centre/engine.ts";
import { type CentreId, centreId, type JobId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { until } from "#server/patience-testing.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, member, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside } from "./testing.ts";

/**
 * B2 through store, feed, loop and desk: what waits in a centre's own queue is taken back for a centre that can start it now,
 * only on its agent's word, once; and what was learnt on the way outlives the server.
 */
const [alpha, beta] = [centreId("alpha"), centreId("beta")];
let store: TestStore;
let inside: Inside;
let here: Agent;
before(async () => {
  store = await testStore();
  const others = { contract: "shared", maxPending: 8, leaseS: null, sharePercent: null, hours: [] };
  const terms = JSON.stringify({ pools: {}, otherPools: others, priceList: "free" });
  await store.db.pool.query(`
    insert into centre_terms (centre_id, terms, person_id, at_ms) values ('alpha', '${terms}', ${member}, 0);
    insert into centre (id, name, driver, life_cycle, created_ms) values ('beta', 'Beta', 'process', 'in-service', 0);`);
  inside = await openInside(store.db);
});
after(async () => {
  await inside.close();
  await store.end();
});

/** Full of others' work. */
function full(): EngineReport {
  const pools = engine.pools.map((pool) => ({
    ...pool,
    nodes: pool.nodes.map((group) => ({ ...group, free: { cores: 0, memoryMib: 0, accelerators: [] } })),
    foreign: { kind: "hidden", why: "a test" } as const,
  }));
  return { ...engine, pools };
}

async function submit(changes: Parameters<typeof admitted>[0] = {}): Promise<JobId> {
  const answer = await inside.submits.submit(submission([admitted(changes)]));
  const [id] = answer.kind === "committed" ? idsOf(answer.body) : [];
  return id ?? assert.fail(JSON.stringify(answer));
}

type Agent = Awaited<ReturnType<typeof openAgent>>;

/** Polls until there are so many of that kind; sorted, as they may come one by one. */
async function polled(agent: Agent, kind: "start" | "withdraw", count = 1): Promise<readonly string[]> {
  const runs = new Set<string>();
  await until(async () => {
    const answer = await agent.sync({ waitMs: 5_000 });
    for (const run of kind === "start" ? answer.start.map((order) => order.run) : answer.withdraw) runs.add(run);
    return runs.size >= count ? true : null;
  });
  return [...runs].sort();
}

function waits(run: string, startsInMs: number | null, reasonKind: string | null = "priority"): RunObservation {
  return { kind: "waiting", run: asRun(run), atMs: 1, engineId: "7", reason: "Priority", reasonKind, startsInMs };
}

async function history(job: JobId): Promise<readonly { kind: string; centre_id: CentreId | null; cause: string }[]> {
  const { rows } = await store.db.pool.query(
    "select kind, centre_id, cause from event where job_id = $1 order by xid, seq",
    [job],
  );
  return rows;
}

test("a run that waits is taken back for a centre that starts it now; its agent's word comes first, and a start wins", async () => {
  const there = await openAgent(inside.desk, alpha);
  await there.sync({ engine: full() });
  const [moves, stays, held] = [await submit(), await submit(), await submit()];
  await polled(there, "start", 3);
  const [first, second, third] = [moves, stays, held].map((job) => `${job}.0.1`);
  assert(first && second && third);
  await there.sync({
    see: [waits(first, 3_600_000), waits(second, 3_600_000), waits(third, 3_600_000, "held-by-user")],
  });

  here = await openAgent(inside.desk, beta);
  await here.sync({ engine });
  assert.deepEqual(await polled(there, "withdraw", 2), [first, second].sort(), "not what its user holds");
  assert.deepEqual((await here.sync()).start, [], "nothing goes there before it is proved that it did not start");
  await there.sync({ see: [{ kind: "started", run: asRun(second), atMs: 2, evidence: "it had begun" }] });
  const end = { kind: "withdrawn", evidence: "taken out of the queue" } as const;
  await there.sync({ see: [{ kind: "ended", run: asRun(first), atMs: 3, end, usage: sampleUsage, words: null }] });
  assert.deepEqual(await polled(here, "start"), [`${moves}.0.2`]);

  const told = await history(moves);
  const asked = told.find(({ kind }) => kind === "withdraw-requested");
  assert.match(
    asked?.cause ?? "",
    /^beta can start it now, and alpha in about 3[56]\d\d s: done 3[56]\d\d s earlier, by the score; move 1 of at most 3$/,
  );
  assert.deepEqual(told.map(({ kind, centre_id }) => `${kind} ${centre_id}`).slice(-3), [
    "run-ended alpha",
    "queued alpha",
    "placed beta",
  ]);
  assert.match(told.find(({ kind }) => kind === "waiting")?.cause ?? "", /it thinks it will start at 20/);
  const runs = await store.db.pool.query(
    "select attempt, centre_id from run where job_id = any($1) order by job_id, attempt",
    [[moves, stays]],
  );
  assert.deepEqual(
    runs.rows.map(({ attempt, centre_id }) => `${attempt} ${centre_id}`),
    ["1 alpha", "2 beta", "1 alpha"],
    "what had started stays",
  );
  await here.sync({
    see: [
      {
        kind: "ended",
        run: asRun(`${moves}.0.2`),
        atMs: 4,
        end: { kind: "succeeded" },
        usage: sampleUsage,
        words: null,
      },
    ],
  });
});

test("a server that starts knows what was learnt, told and moved", async () => {
  const events: WorldEvent[] = [];
  const world = createWorld();
  await readWorld(store.db, (event) => {
    events.push(event);
    world.apply(event);
  });
  const learnt = events.find((event) => event.kind === "learnt-before");
  assert(learnt?.kind === "learnt-before");
  const waited = learnt.starts
    .filter(({ centre }) => centre === alpha)
    .map(({ basis, estimatedS }) => [basis, estimatedS]);
  assert.deepEqual(waited, [
    ["queue", 0],
    ["engine", 3600],
  ]);
  const live = events.filter((event) => event.kind === "task-placed");
  const wish = live.map((event) =>
    event.kind === "task-placed" ? [event.phase, event.held ?? null, event.askedBack ?? null, event.moved ?? null] : [],
  );
  assert.deepEqual(wish, [
    ["running", null, true, { times: 1, left: [alpha] }],
    ["waiting", true, null, null],
  ]);
});

test("a task that waits in the network is told when it may start, and how far off that was is kept", async () => {
  const wishes = { only: [beta], except: [], prefer: [] };
  const whole = { nodes: 1, tasks: 1, coresPerTask: 4, memory: { kind: "default" }, accelerators: null } as const;
  await submit({ centres: wishes, shape: whole });
  await polled(here, "start");
  const id = await submit({ centres: wishes });
  const epoch = inside.leader.epoch() ?? assert.fail();
  const told = await until(() => inside.scheduler.world.estimateDue(Date.now() + 60_000));
  assert.deepEqual([told.job, told.centre, told.pool], [id, beta, "default"]);
  const answer = await inside.transitions.tellStart(told, epoch);
  assert(answer.kind === "written" && answer.written === 1);
  await inside.feed.reached(answer.xid);
  // It is told once: the world takes it in with the feed.
  await until(() => (inside.scheduler.world.estimateDue(Date.now() + 60_000) === null ? true : null));
  assert.equal((await history(id)).at(-1)?.kind, "estimated");
  const events: WorldEvent[] = [];
  await readWorld(store.db, (event) => void events.push(event));
  assert(events.some((event) => event.kind === "start-told" && event.job === id));
});
