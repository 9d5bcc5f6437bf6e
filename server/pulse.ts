import type { Database } from "#server/store/database.ts";

/**
 * Asks PostgreSQL each second whether it is there, so that `health` can say so without asking: the question would wait
 * for a connection just when there is none.
 */
export function watchStore(db: Database, everyMs = 1000): StorePulse {
  let trouble: string | null = null;
  let asking = false;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      await db.pool.query("select 1");
      trouble = null;
    } catch (error) {
      // Anyone may ask for the health: the code says enough, and a message may name paths.
      const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
      trouble = `PostgreSQL does not answer${code}`;
    }
    asking = false;
  }

  const timer = setInterval(ask, everyMs);
  return { trouble: () => trouble, close: () => clearInterval(timer) };
}

export type StorePulse = { readonly trouble: () => string | null; readonly close: () => void };
