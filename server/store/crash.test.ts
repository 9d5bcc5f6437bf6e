import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { centreId, type JobId } from "#core/ids.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { asRun, engine, openAgent, openInside, succeeded } from "#server/loops/testing.ts";
import { until } from "#server/patience-testing.ts";
import { startEmbedded } from "#server/postgres/embedded.ts";
import { testBinaries, testUser } from "#server/postgres/testing.ts";
import { type Database, migrateWhenReady, openDatabase } from "./database.ts";
import { admitted, foundations, idsOf, submission } from "./testing.ts";
import { openTransitionWriter } from "./transitions.ts";
import { openSubmitWriter, type SubmitWriter } from "./writer.ts";

test("SIGKILL of PostgreSQL loses nothing that was acknowledged, and doubles nothing", async () => {
  const victim = await startVictim();
  const { db } = victim;
  const submits = openSubmitWriter(db, { patienceMs: 700 });
  const transitions = openTransitionWriter(db);
  const epoch = await transitions.takeEpoch();
  const stream = submitFor(submits, 8, async (job, n) => {
    if (n % 3 === 0) await transitions.place([placement(job)], 1, epoch).catch(() => undefined);
  });
  for (let kill = 0; kill < 5; kill += 1) {
    await stream.more(25 + 5 * kill);
    // Once for longer than anybody has patience.
    await victim.kill(kill === 2 ? 900 : 0);
  }
  await stream.more(1);
  const { acknowledged } = await stream.stop();

  await checkJobs(db, acknowledged);
  const whole = await db.pool.query(`
    select (select count(*) from job) = (select count(*) from task)
        and (select count(*) from job) = (select sum(jsonb_array_length(detail -> 'jobs')) from event where kind = 'submitted') as tasks,
      (select count(*) from run) * 3 = (select count(*) from transfer) as holds,
      (select count(*) from run) = (select count(*) from task where state = 'placed') as placed,
      (select coalesce(sum(debits_pending), 0) from account) = (select coalesce(sum(amount), 0) from transfer) as totals`);
  assert.deepEqual(whole.rows, [{ tasks: true, holds: true, placed: true, totals: true }]);
  await submits.close();
  await transitions.close();
  await victim.end();
});

test("under SIGKILLs of PostgreSQL the whole server goes on: every acknowledged job is placed, ends once and is booked", async () => {
  const victim = await startVictim();
  const { db } = victim;
  const inside = await openInside(db);
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const stream = submitFor(inside.submits, 4, async () => {
    await new Promise((resolve) => setTimeout(resolve, 15));
  });
  const stop = new AbortController();
  const runs = new Set<string>();
  const working = (async () => {
    const open = new Set<string>();
    while (!stop.signal.aborted) {
      const see = [...open].map((run) => succeeded(asRun(run)));
      const answer = await agent.sync({ see, waitMs: see.length > 0 ? 0 : 200 }).catch(() => null);
      if (!answer) await new Promise((resolve) => setTimeout(resolve, 50));
      for (const run of answer?.committed ?? []) open.delete(run);
      for (const { run } of answer?.start ?? []) {
        if (!runs.has(run)) open.add(run);
        runs.add(run);
      }
    }
  })();
  for (let kill = 0; kill < 3; kill += 1) {
    await stream.more(20);
    await victim.kill(0);
  }
  const { acknowledged } = await stream.stop();
  await checkJobs(db, acknowledged);
  const count = async (sql: string) =>
    (await db.pool.query<{ n: number }>(`select count(*)::int as n from ${sql}`)).rows[0]?.n;
  await until(async () => ((await count("job where state <> 'ended'")) === 0 ? true : null));
  stop.abort();
  await working;
  assert.equal(await count("run"), await count("job"), "a job ran twice");
  assert.equal(runs.size, await count("run"));
  assert.equal(await count("account where debits_pending <> 0 or credits_pending <> 0"), 0);
  assert.equal(await count("transfer where kind = 'post'"), 3 * ((await count("run")) ?? 0));
  await inside.close();
  await victim.end();
});

type Stream = {
  /** Until so many more have been acknowledged. */
  readonly more: (count: number) => Promise<void>;
  readonly stop: () => Promise<{ readonly acknowledged: ReadonlyMap<string, readonly JobId[]> }>;
};

/** Clients that submit one job after another; those with an even number send a key, and come again with it. */
function submitFor(submits: SubmitWriter, clients: number, then: (job: JobId, n: number) => Promise<void>): Stream {
  const acknowledged = new Map<string, readonly JobId[]>();
  let stopping = false;
  async function client(lane: number): Promise<void> {
    for (let n = 0; !stopping; n += 1) {
      const name = `${lane}-${n}`;
      const asked = submission([admitted({ name })], lane % 2 === 0 ? name : null);
      for (;;) {
        const answer = await submits.submit(asked);
        if (answer.kind === "committed") {
          acknowledged.set(name, idsOf(answer.body));
          break;
        }
        assert.equal(answer.refusal.kind, "store-unavailable");
        if (!asked.idempotency) break;
      }
      const [job] = acknowledged.get(name) ?? [];
      if (job !== undefined) await then(job, n);
    }
  }
  const all = Promise.all(Array.from({ length: clients }, (_, lane) => client(lane)));
  return {
    more: async (count) => {
      const wanted = acknowledged.size + count;
      await Promise.race([all, until(() => (acknowledged.size >= wanted ? true : null))]);
    },
    stop: async () => {
      stopping = true;
      await all;
      return { acknowledged };
    },
  };
}

async function checkJobs(db: Database, acknowledged: ReadonlyMap<string, readonly JobId[]>): Promise<void> {
  const jobs = await db.pool.query<{ id: number; name: string }>("select id, name from job");
  const byName = new Map(jobs.rows.map((row) => [row.name, row.id]));
  assert.equal(byName.size, jobs.rows.length, "a job was doubled");
  for (const [name, [id]] of acknowledged) assert.equal(byName.get(name), id, `the acknowledged job ${name}`);
  const untold = jobs.rows.filter(({ name }) => Number(name.split("-")[0]) % 2 === 0 && !acknowledged.has(name));
  assert.deepEqual(untold, [], "kept, and its client with a key was never told");
}

/** A PostgreSQL of its own, to be killed and started again on the same data. */
async function startVictim() {
  const folder = mkdtempSync(join(tmpdir(), "weir-crash-"));
  const user = testUser();
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  const place = {
    binaries: testBinaries(user),
    user,
    data: join(folder, "postgres", "data"),
    run: join(folder, "postgres", "run"),
    log: join(folder, "postgres.log"),
  };
  let postgres = await startEmbedded(place);
  const db = openDatabase(postgres.url);
  await migrateWhenReady(db);
  await db.pool.query(foundations);
  return {
    db,
    kill: async (awayMs: number) => {
      process.kill(postgres.pid, "SIGKILL");
      await postgres.exited;
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      postgres = await startEmbedded(place);
    },
    end: async () => {
      await db.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function placement(job: JobId) {
  return {
    job,
    index: 0,
    attempt: 1,
    centre: centreId("alpha"),
    pool: "default",
    allocation: sampleAllocation,
    starts: "now" as const,
    leaseMs: null,
    candidates: [],
  };
}
