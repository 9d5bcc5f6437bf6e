import type { CentreId } from "#core/ids.ts";
import { type Database, type Log, silent } from "#server/store/database.ts";
import { readBeyondHours } from "#server/store/read/beyond-hours.ts";
import type { TransitionWriter } from "#server/store/transitions.ts";
import type { Leader } from "./lead.ts";

/**
 * What time alone brings about, each by a look every few seconds on the leading server: centres that are not heard of
 * become unreachable (R2), `restart-after` puts their tasks back, and idempotency keys are forgotten after a day.
 * A centre that leaves is parted with once nothing is left there. What waits under a lease that reaches beyond hours agreed since is asked back. A lease that has passed is deliberately absent: nothing moves without the agent's own report (R1).
 */
export function openTending(settings: TendingSettings): { readonly close: () => Promise<void> } {
  const { db, transitions, leader, log = silent, everyMs = 1_000 } = settings;
  let closed = false;
  let keysSweptMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let turn: Promise<void> = Promise.resolve();

  async function tend(): Promise<void> {
    const epoch = leader.epoch();
    const sinceMs = leader.sinceMs();
    if (epoch === null || sinceMs === null) return;
    const nowMs = Date.now();
    await findUnreachable(settings, nowMs, sinceMs);
    await partWithTheEmpty(settings);
    const beyond = await readBeyondHours(db.pool, nowMs);
    if (beyond.length > 0) await transitions.askBack(beyond, epoch);
    const away = await db.pool.query("select from centre where unreachable_since_ms is not null limit 1");
    const restarted = away.rowCount === 0 ? 0 : await transitions.restart(epoch);
    if (restarted > 0) log.info({ restarted }, "tasks of unreachable centres went back to the queue");
    if (nowMs - keysSweptMs > 60 * everyMs) {
      keysSweptMs = nowMs;
      await db.pool.query("delete from idempotency where at_ms < $1", [nowMs - keepKeysMs]);
    }
  }

  function again(): void {
    turn = tend()
      .catch((error: unknown) => log.warn({ error: String(error) }, "tending is tried again"))
      .then(() => {
        if (!closed) timer = setTimeout(again, everyMs);
      });
  }

  again();
  return {
    close: async () => {
      closed = true;
      if (timer) clearTimeout(timer);
      await turn;
    },
  };
}

export type TendingSettings = {
  readonly db: Database;
  readonly transitions: TransitionWriter;
  readonly leader: Leader;
  readonly log?: Log;
  readonly everyMs?: number;
  /** Not heard of for this long: unreachable. */
  readonly unreachableAfterMs?: number;
};

/** While no server led nobody could be heard: silence counts from the start of the lead at the earliest. */
async function findUnreachable(settings: TendingSettings, nowMs: number, leadSinceMs: number): Promise<void> {
  const { db, transitions, unreachableAfterMs = 30_000 } = settings;
  if (nowMs - leadSinceMs < unreachableAfterMs) return;
  const { rows } = await db.pool.query<{ id: CentreId; last_seen_ms: number }>(
    "select id, last_seen_ms from centre where unreachable_since_ms is null and engine is not null and last_seen_ms < $1",
    [nowMs - unreachableAfterMs],
  );
  for (const row of rows) await transitions.contact(row.id, { kind: "unreachable", sinceMs: row.last_seen_ms });
}

async function partWithTheEmpty({ db, transitions, log = silent }: TendingSettings): Promise<void> {
  const { rows } = await db.pool.query<{ id: CentreId }>(
    `select id from centre where intake = 'leaving'
       and not exists (select from run where centre_id = centre.id and ended_ms is null)`,
  );
  for (const { id } of rows) {
    const parted = await transitions.intake(id, "part", null);
    if (parted.kind === "set") log.info({ centre: id }, "a centre has left the network");
  }
}

/** Of Idempotency-Keys. */
const keepKeysMs = 24 * 3_600_000;
