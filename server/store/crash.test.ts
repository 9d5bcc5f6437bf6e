import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { centreId, type JobId } from "#core/ids.ts";
import { startEmbedded } from "#server/postgres/embedded.ts";
import { testBinaries, testUser } from "#server/postgres/testing.ts";
import { migrateWhenReady, openDatabase } from "./database.ts";
import { admitted, idsOf, submission } from "./testing.ts";
import { openTransitionWriter } from "./transitions.ts";
import { openSubmitWriter } from "./writer.ts";

/**
 * The goal: PostgreSQL is killed with SIGKILL again and again under a stream of submissions and placements. What was
 * acknowledged is there, once; who was told to come again and does so with the same key gets one job.
 */
test("SIGKILL of PostgreSQL loses nothing that was acknowledged, and doubles nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-crash-"));
  const user = testUser();
  const place = {
    binaries: testBinaries(user),
    user,
    data: join(folder, "postgres", "data"),
    run: join(folder, "postgres", "run"),
    log: join(folder, "postgres.log"),
  };
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  let postgres = await startEmbedded(place);
  const db = openDatabase(postgres.url);
  await migrateWhenReady(db);
  await db.pool.query(`
    insert into tenant (name, title, created_ms) values ('default', 'Default', 0);
    insert into centre (id, name, driver, life_cycle, created_ms) values ('alpha', 'Alpha', 'process', 'in-service', 0)`);
  const submits = openSubmitWriter(db, { patienceMs: 700 });
  const transitions = openTransitionWriter(db);
  const epoch = await transitions.takeEpoch();
  let stopping = false;
  const acknowledged = new Map<string, readonly JobId[]>();
  let unsure = 0;

  async function client(lane: number): Promise<void> {
    for (let n = 0; !stopping; n += 1) {
      const key = lane % 2 === 0 ? `${lane}-${n}` : null;
      const asked = submission([admitted({ name: `${lane}-${n}` })], key);
      for (;;) {
        const answer = await submits.submit(asked);
        if (answer.kind === "committed") {
          acknowledged.set(`${lane}-${n}`, idsOf(answer.body));
          break;
        }
        assert.equal(answer.refusal.kind, "store-unavailable");
        unsure += 1;
        if (key === null) break;
      }
      const [job] = acknowledged.get(`${lane}-${n}`) ?? [];
      if (job !== undefined && n % 3 === 0) await transitions.place([placement(job)], 1, epoch).catch(() => undefined);
    }
  }

  const lanes = Array.from({ length: 8 }, (_, lane) => client(lane));
  for (let kill = 0; kill < 5; kill += 1) {
    await new Promise((resolve) => setTimeout(resolve, 150 + 50 * kill));
    process.kill(postgres.pid, "SIGKILL");
    await postgres.exited;
    if (kill === 2) await new Promise((resolve) => setTimeout(resolve, 900));
    postgres = await startEmbedded(place);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  stopping = true;
  await Promise.all(lanes);

  const jobs = await db.pool.query<{ id: number; name: string }>("select id, name from job");
  const byName = new Map(jobs.rows.map((row) => [row.name, row.id]));
  assert.equal(byName.size, jobs.rows.length, "a job was doubled");
  for (const [name, [id]] of acknowledged) assert.equal(byName.get(name), id, `the acknowledged job ${name}`);
  const keyed = jobs.rows.filter(({ name }) => Number(name.split("-")[0]) % 2 === 0 && !acknowledged.has(name));
  assert.deepEqual(keyed, [], "kept, and its client with a key was never told");
  const whole = await db.pool.query(`
    select (select count(*) from job) = (select count(*) from task) and (select count(*) from job) = (select count(*) from event where kind = 'submitted') as tasks,
      (select count(*) from run) * 3 = (select count(*) from transfer) as holds,
      (select count(*) from run) = (select count(*) from task where state = 'placed') as placed,
      (select coalesce(sum(debits_pending), 0) from account) = (select coalesce(sum(amount), 0) from transfer) as totals`);
  assert.deepEqual(whole.rows, [{ tasks: true, holds: true, placed: true, totals: true }]);
  assert.ok(acknowledged.size > 100 && unsure > 0, `${acknowledged.size} acknowledged, ${unsure} told to come again`);
  await submits.close();
  await transitions.close();
  await db.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

function placement(job: JobId) {
  const allocation = {
    nodes: 1,
    tasks: 1,
    coresPerTask: 1,
    coresPerNode: 1,
    memoryMibPerNode: 1,
    acceleratorsPerNode: 0,
    acceleratorVendor: null,
    acceleratorModel: null,
  };
  return { job, index: 0, attempt: 1, centre: centreId("alpha"), pool: "default", allocation, candidates: [] };
}
