import type pg from "pg";
import { outcomeKinds } from "#api/job.ts";
import type { Glance } from "#api/network.ts";
import { readCentres, readUses } from "./centres.ts";
import { keptFor } from "./kept.ts";

/**
 * The network at a glance, kept for a second, and the count of a day for ten: many consoles that look at it at once
 * cost one reading. `queuedTasks` comes from the scheduler's memory; counting a million rows each second would not do.
 */
export function openGlance(pool: pg.Pool, settings: GlanceSettings): () => Promise<Glance> {
  const { version, now, queuedTasks } = settings;
  const ofLastDay = keptFor({ lifeMs: 10_000, staleMs: 60_000, now }, () => readEnded(pool, now() - 86_400_000));
  return keptFor({ lifeMs: 1_000, now }, async () => {
    const [centres, uses, states, oldestQueuedMs, endedLastDay] = await Promise.all([
      readCentres(pool, { after: null, limit: 10_000 }),
      readUses(pool, null),
      readLiveTasks(pool),
      readOldestQueued(pool),
      ofLastDay(),
    ]);
    // One that is out for good stays in the lists, for its history, and is no part of the network.
    const present = centres.filter((centre) => centre.lifeCycle !== "retired");
    const inService = present.filter((centre) => centre.lifeCycle === "in-service");
    const total = (of: (nodes: Together) => number) => {
      const within = (some: typeof inService) => some.reduce((sum, { together }) => sum + of(together), 0);
      return { total: within(inService), simulated: within(inService.filter(({ driver }) => driver === "simulated")) };
    };
    const inUse = (of: (use: (typeof uses)[number]) => number) => uses.reduce((sum, use) => sum + of(use), 0);
    return {
      version,
      nowMs: now(),
      centres: {
        total: present.length,
        connected: present.filter((centre) => centre.state === "connected").length,
      },
      cores: { ...total(({ cores }) => cores), inUse: inUse((use) => use.cores) },
      memoryMib: { ...total(({ memoryMib }) => memoryMib), inUse: inUse((use) => use.memoryMib) },
      accelerators: {
        ...total(({ accelerators }) => accelerators.reduce((sum, device) => sum + device.count, 0)),
        inUse: inUse((use) => use.accelerators),
      },
      tasks: { queued: queuedTasks(), ...states },
      endedLastDay,
      oldestQueuedMs,
    };
  });
}

type Together = Awaited<ReturnType<typeof readCentres>>[number]["together"];

export type GlanceSettings = {
  readonly version: string;
  readonly now: () => number;
  readonly queuedTasks: () => number;
};

async function readLiveTasks(pool: pg.Pool): Promise<{ placed: number; starting: number; running: number }> {
  const { rows } = await pool.query<{ placed: number; starting: number; running: number }>(
    `select count(*) filter (where state = 'placed') as placed, count(*) filter (where state = 'starting') as starting,
       count(*) filter (where state = 'running') as running
     from run where ended_ms is null and not superseded`,
  );
  return rows[0] ?? { placed: 0, starting: 0, running: 0 };
}

/** Of jobs that wait whole, the first by id; of arrays that wait in part, the first of those under way. */
async function readOldestQueued(pool: pg.Pool): Promise<number | null> {
  const { rows } = await pool.query<{ oldest: number | null }>(
    `select least(
       (select first.submitted_ms from project cross join lateral (
          select id, submitted_ms from job where project_id = project.id and state = 'queued' order by id limit 1
        ) first order by first.id limit 1),
       (select min(submitted_ms) from project join job on job.project_id = project.id
        where state in ('placed', 'starting', 'running') and queued > 0)
     ) as oldest`,
  );
  return rows[0]?.oldest ?? null;
}

async function readEnded(pool: pg.Pool, sinceMs: number): Promise<Glance["endedLastDay"]> {
  const { rows } = await pool.query<{ kind: string; count: number }>(
    `select outcome_kind(outcome) as kind, count(*)::int as count
     from job where state = 'ended' and ended_ms >= $1 group by 1`,
    [sinceMs],
  );
  return outcomeKinds.flatMap((kind) => {
    const count = rows.find((row) => row.kind === kind)?.count ?? 0;
    return count === 0 ? [] : [{ kind, count }];
  });
}
