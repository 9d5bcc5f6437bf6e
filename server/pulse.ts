import type { Database } from "#server/store/database.ts";

/**
 * Asks PostgreSQL each second whether it is there, so that `health` can say so without asking: the question would wait
 * for a connection just when there is none.
 */
export function watchStore(db: Database): StorePulse {
  let trouble: string | null = null;
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    db.pool
      .query("select 1")
      .then(
        () => {
          trouble = null;
        },
        (error: Error) => {
          trouble = `PostgreSQL does not answer (${error.message})`;
        },
      )
      .finally(() => {
        asking = false;
      });
  }, 1000);
  return { trouble: () => trouble, close: () => clearInterval(timer) };
}

export type StorePulse = { readonly trouble: () => string | null; readonly close: () => void };
