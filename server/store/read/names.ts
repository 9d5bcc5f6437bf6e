import type pg from "pg";

/**
 * Puts names for the ids of people in causes (`person:7: not needed` → `ada: not needed`): the store keeps ids alone
 * (M13). Names are remembered, so after the first time there is nothing to wait for.
 */
export type Names = {
  /** Those of all causes are known after this. */
  readonly learn: (causes: readonly string[]) => Promise<void>;
  /** Whether `learn` would have nothing to ask. */
  readonly knows: (cause: string) => boolean;
  readonly words: (cause: string) => string;
};

export function openNames(pool: pg.Pool): Names {
  const names = new Map<number, string>();
  const knows = (cause: string) => {
    const id = personOf(cause);
    return id === null || names.has(id);
  };
  return {
    knows,
    async learn(causes) {
      const unknown = new Set(causes.filter((cause) => !knows(cause)).map(personOf));
      if (unknown.size === 0) return;
      const { rows } = await pool.query<{ id: number; name: string }>(
        "select id, name from person where id = any($1)",
        [[...unknown]],
      );
      for (const { id, name } of rows) names.set(id, name);
    },
    words(cause) {
      const id = personOf(cause);
      const name = id === null ? undefined : names.get(id);
      return name === undefined ? cause : cause.replace(pattern, name);
    },
  };
}

/** At the beginning, where no reason that somebody typed can stand. */
const pattern = /(?<=^(?:cancelled by )?)person:(\d{1,15})\b/;

function personOf(cause: string): number | null {
  const match = pattern.exec(cause);
  return match ? Number(match[1]) : null;
}
