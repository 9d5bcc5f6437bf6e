import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { Database } from "./database.ts";

/**
 * One lasting connection of a writer, the feed or the leader, opened when it is first needed and again after it broke.
 * `client` throws while PostgreSQL cannot be reached: its user decides how long to wait.
 */
export type Session = {
  /** The live connection; the same one until it breaks. */
  readonly client: () => Promise<pg.Client>;
  /** To be called when a statement failed for want of a connection; the next `client` opens another. */
  readonly discard: () => void;
  readonly close: () => Promise<void>;
};

export function openSession(db: Database, purpose: string, prepare?: (client: pg.Client) => Promise<void>): Session {
  let current: Promise<pg.Client> | null = null;
  const open = async () => {
    const client = await db.connect(purpose);
    client.once("end", () => {
      if (current === opened) current = null;
    });
    try {
      await prepare?.(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  };
  let opened: Promise<pg.Client> | null = null;
  const discard = () => {
    const broken = current;
    current = null;
    broken?.then((client) => client.end()).catch(() => undefined);
  };
  return {
    client: () => {
      if (current) return current;
      const opening = open();
      opened = opening;
      current = opening;
      opening.catch(() => {
        if (current === opening) current = null;
      });
      return opening;
    },
    discard,
    close: async () => {
      const last = current;
      current = null;
      await last?.then((client) => client.end()).catch(() => undefined);
    },
  };
}

/** Between two attempts to reach a PostgreSQL that is away. */
export function beforeReconnect(signal?: AbortSignal): Promise<void> {
  return delay(100, undefined, signal ? { signal } : {}).catch(() => undefined);
}
