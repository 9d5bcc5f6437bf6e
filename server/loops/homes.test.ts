import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobId, projectId, tenantId } from "#core/ids.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import type { World } from "#core/scheduling/world.ts";
import { setHome } from "#server/store/homes.ts";
import { admitted, idsOf, member, stranger, submission, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside } from "./testing.ts";

const shape = { nodes: 1, tasks: 1, coresPerTask: 4, memory: { kind: "default" }, accelerators: null } as const;
const job = admitted({ shape, timeLimitS: 10_000 });

test("what would be at a tenant's home alone is kept from when it has one, and outlives a restart", {
  timeout: 120_000,
}, async (t) => {
  const store = await testStore();
  t.after(() => store.end());
  const { pool } = store.db;
  await pool.query(
    `insert into tenant (name, title, created_ms) values ('other', 'Other', 0);
     insert into project (tenant_id, name, title, created_ms) values (2, 'other', 'Other', 0)`,
  );
  let inside = await openInside(store.db);
  t.after(() => inside.close());
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const client = await pool.connect();
  const { rows } = await client.query<{ name: string }>("select name from tenant where id = 1");
  assert(await setHome(client, rows[0]?.name ?? "", "alpha", member, Date.now()));
  client.release();
  inside.feed.wake();
  await told(() => inside.scheduler.world.homes().length === 1);

  const visit = { ...submission([{ ...job, project: projectId(2) }]), tenant: tenantId(2), person: stranger };
  const own = async () => submitted(await inside.submits.submit(submission([job])));
  await own();
  const [order = assert.fail("no order")] = await agent.orders(1);
  submitted(await inside.submits.submit(visit));
  const atMs = Date.now();
  const run = asRun(order.run);
  const see = [
    { kind: "started", run, atMs, evidence: "pid 7" },
    { kind: "ended", run, atMs, end: { kind: "succeeded" }, usage: sampleUsage, words: null },
  ] as const;
  await agent.sync({ see });
  assert.equal((await agent.orders(1)).length, 1, "the visitor's");
  await told(() => inside.scheduler.world.homes()[0]?.started === 1);

  const waiting = await own();
  await told(() => inside.scheduler.world.knows(waiting));
  const virtualS = virtualStart(inside.scheduler.world, waiting);
  await inside.close();
  inside = await openInside(store.db);
  assert.equal(virtualStart(inside.scheduler.world, waiting), virtualS);
  const [home] = inside.scheduler.world.homes();
  assert.deepEqual([home?.centre, home?.tenants, home?.started], ["alpha", [1], 1]);
});

/** The second, when time has gone on. */
function virtualStart(world: World, id: JobId): number {
  const nowMs = (Math.floor(Date.now() / 1000) + 3600) * 1000;
  const explained = world.explain({ job: id, index: 0 }, nowMs);
  assert(explained.kind === "waiting" && explained.order?.home, JSON.stringify(explained));
  assert.equal(explained.order.home.centre, "alpha");
  return nowMs / 1000 - explained.order.home.lateS;
}

function submitted(answer: Awaited<ReturnType<Inside["submits"]["submit"]>>): JobId {
  const [id] = answer.kind === "committed" ? idsOf(answer.body) : [];
  return id ?? assert.fail(JSON.stringify(answer));
}

/** By the feed, a moment after it was written. */
async function told(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
