import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobId, projectId, tenantId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import { until } from "#server/patience-testing.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, stranger, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside } from "./testing.ts";

const shape = { nodes: 1, tasks: 1, coresPerTask: 4, memory: { kind: "default" }, accelerators: null } as const;
const job = admitted({ shape, timeLimitS: 10_000 });
const hourMs = 3_600_000;

test("whose work is served first outlives a restart, after a stop and after a crash", {
  timeout: 120_000,
}, async (t) => {
  const store = await testStore();
  t.after(() => store.end());
  await store.db.pool.query(
    `insert into tenant (name, title, created_ms) values ('other', 'Other', 0);
     insert into project (tenant_id, name, title, created_ms) values (2, 'other', 'Other', 0)`,
  );
  let inside = await openInside(store.db);
  t.after(() => inside.close());
  let agent = await openAgent(inside.desk);
  await agent.sync({ engine });

  const submitFirst = async () => submitted(await inside.submits.submit(submission([job])));
  const submitOther = async () => {
    const other = { ...submission([{ ...job, project: projectId(2) }]), tenant: tenantId(2), person: stranger };
    return submitted(await inside.submits.submit(other));
  };
  /** Each takes the whole machine; the run of the one that is placed lasts so long. */
  const run = async (lastsMs: number) => {
    const [order = assert.fail("no order")] = await agent.orders(1);
    const atMs = Date.now();
    // Nothing starts before it was placed.
    await store.db.pool.query("update run set placed_ms = placed_ms - $1 where ended_ms is null", [lastsMs]);
    const see: RunObservation[] = [
      { kind: "started", run: asRun(order.run), atMs: atMs - lastsMs, evidence: "pid 7" },
      { kind: "ended", run: asRun(order.run), atMs, end: { kind: "succeeded" }, usage: sampleUsage, words: null },
    ];
    await agent.sync({ see });
  };

  await submitFirst();
  await run(2 * hourMs);
  await submitOther();
  await run(hourMs);
  const holder = await submitFirst();
  // Were the end before it not heard of yet, the others would be chosen from beside it.
  await heard(inside, holder, "live");
  const [waitingFirst, waitingOther] = [await submitFirst(), await submitOther()];
  for (const id of [waitingFirst, waitingOther]) await heard(inside, id, "waiting");
  const kept = termsIn(inside.scheduler.world, [waitingFirst, waitingOther]);
  const [heavy = assert.fail(), light = assert.fail()] = kept;
  assert(heavy.factor > 1 && light.factor < 1 && light.factor > 0.3, `${heavy.factor} and ${light.factor}`);

  assert(heavy.predictedS > 5_000, "longer than half, which is expected of who is not known");

  // Nothing is kept yet: the history tells.
  alike(await fresh(store, [waitingFirst, waitingOther]), kept);

  await inside.close();
  const { rows } = await store.db.pool.query("select length(memory)::int as length from order_memory");
  assert(rows[0]?.length > 10);
  await store.db.pool.query("delete from event where kind = 'ended'");
  inside = await openInside(store.db);
  agent = await openAgent(inside.desk);
  alike(termsIn(inside.scheduler.world, [waitingFirst, waitingOther]), kept);

  // What ends after it was kept is read from the history behind its place.
  await run(hourMs);
  await heard(inside, waitingOther, "live");
  const [now] = termsIn(inside.scheduler.world, [waitingFirst]);
  assert(now && now.predictedS < heavy.predictedS, "a shorter run was learnt");
  alike(await fresh(store, [waitingFirst]), [now]);
});

type Terms = { readonly factor: number; readonly predictedS: number };

/** When ranks were told anew since. */
function termsIn(world: World, jobs: readonly JobId[]): readonly Terms[] {
  const nowMs = Date.now() + 10_000;
  return jobs.map((id) => {
    const explained = world.explain({ job: id, index: 0 }, nowMs);
    assert(explained.kind === "waiting" && explained.order, JSON.stringify(explained));
    const { factor, predictedS } = explained.order;
    assert(factor !== null && predictedS !== null);
    return { factor, predictedS };
  });
}

async function fresh(store: TestStore, jobs: readonly JobId[]): Promise<readonly Terms[]> {
  const world = createWorld();
  await readWorld(store.db, world.apply);
  return termsIn(world, jobs);
}

/** Usage decays from the placement, which the test has moved for those who read it from the store. */
function alike(found: readonly Terms[], wanted: readonly Terms[]): void {
  for (const [at, { predictedS, factor }] of wanted.entries()) {
    assert.equal(found[at]?.predictedS, predictedS);
    assert(Math.abs((found[at]?.factor ?? 0) - factor) < 0.01, `${found[at]?.factor} in place of ${factor}`);
  }
}

function submitted(answer: Awaited<ReturnType<Inside["submits"]["submit"]>>): JobId {
  const [id] = answer.kind === "committed" ? idsOf(answer.body) : [];
  return id ?? assert.fail(JSON.stringify(answer));
}

/** Until the world has heard by the feed that the job waits, or that it was placed. */
async function heard(inside: Inside, id: JobId, kind: "waiting" | "live"): Promise<void> {
  await until(() => (inside.scheduler.world.explain({ job: id, index: 0 }, Date.now()).kind === kind ? true : null));
}
