import type { Driver } from "#agent/driver.ts";
import type { Journal } from "#agent/journal.ts";

/**
 * Folders of ended runs (logs and what was left in the working folder) are kept for a time and then removed. A run with
 * an open journal entry is never touched: the server has not committed its end yet.
 */
export async function removeOld(
  driver: Pick<Driver, "find" | "remove">,
  journal: Pick<Journal, "open">,
  keptMs: number,
  nowMs: number,
): Promise<number> {
  let removed = 0;
  for (const found of await driver.find()) {
    if (found.state !== "ended" || journal.open().has(found.run)) continue;
    if (nowMs - found.observation.atMs < keptMs) continue;
    await driver.remove(found.run);
    removed += 1;
  }
  return removed;
}

const defaultDays = 30;

/** WEIR_KEEP_RUNS_DAYS, or 30 days; refuses what is no number of days by name. */
export function keptMs(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment.WEIR_KEEP_RUNS_DAYS ?? String(defaultDays);
  const days = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || days > 36_500)
    throw new Error(`WEIR_KEEP_RUNS_DAYS=${text}: give a number of days from 0 to 36500, such as 30`);
  return days * 86_400_000;
}
