import { advisoryLocks, type Database, isConnectionLost, type Log, silent } from "#server/store/database.ts";
import { openSession } from "#server/store/session.ts";
import { type TransitionWriter, Unavailable } from "#server/store/transitions.ts";

/**
 * One of the servers leads: it holds a session lock on a connection of its own, and a fencing epoch that every plan is
 * written under. Losing the connection ends the lead; a leader that has not noticed yet writes nothing, because the
 * next one took a higher epoch before its first plan.
 */
export type Leader = {
  /** null while another server leads. */
  readonly epoch: () => number | null;
  readonly sinceMs: () => number | null;
  readonly onChange: (listener: () => void) => () => void;
  /** The store said that another server has a higher epoch. */
  readonly fenced: () => void;
  readonly close: () => Promise<void>;
};

export function openLeader(
  db: Database,
  transitions: Pick<TransitionWriter, "takeEpoch">,
  settings: { readonly log?: Log; readonly retryMs?: number } = {},
): Leader {
  const { log = silent, retryMs = 1_000 } = settings;
  const listeners = new Set<() => void>();
  let lead: { readonly epoch: number; readonly sinceMs: number } | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let trying: Promise<void> = Promise.resolve();
  const session = openSession(db, "leader", async (client) => {
    client.once("end", () => change(null));
  });

  function change(next: typeof lead): void {
    if (lead === next) return;
    lead = next;
    log.info({ epoch: next?.epoch ?? null }, next ? "this server schedules" : "this server schedules no more");
    for (const listener of listeners) listener();
  }

  async function attempt(): Promise<void> {
    try {
      if (lead || closed) return;
      const client = await session.client();
      const { rows } = await client.query<{ got: boolean }>("select pg_try_advisory_lock($1) as got", [
        advisoryLocks.leader,
      ]);
      if (rows[0]?.got && !closed) change({ epoch: await transitions.takeEpoch(), sinceMs: Date.now() });
    } catch (error) {
      if (!isConnectionLost(error) && !(error instanceof Unavailable)) throw error;
      session.discard();
    } finally {
      if (!closed) timer = setTimeout(next, retryMs);
    }
  }

  function next(): void {
    trying = attempt();
  }

  next();
  return {
    epoch: () => lead?.epoch ?? null,
    sinceMs: () => lead?.sinceMs ?? null,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    fenced: () => {
      session.discard();
      change(null);
    },
    close: async () => {
      closed = true;
      if (timer) clearTimeout(timer);
      await trying;
      await session.close();
    },
  };
}
