import type { Driver } from "#agent/driver.ts";
import type { Journal } from "#agent/journal.ts";
import type { RunId } from "#core/ids.ts";

/**
 * Folders of ended runs (logs and what was left in the working folder) are kept for a time and then removed. A run with
 * an open journal entry is never touched: the server has not committed its end yet.
 */
export async function removeOld(
  driver: Pick<Driver, "find" | "endedBefore" | "remove">,
  journal: Pick<Journal, "open">,
  keptMs: number,
  nowMs: number,
): Promise<number> {
  let removed = 0;
  for (const run of await endedBefore(driver, nowMs - keptMs)) {
    if (journal.open().has(run)) continue;
    await driver.remove(run);
    removed += 1;
  }
  return removed;
}

async function endedBefore(driver: Pick<Driver, "find" | "endedBefore">, atMs: number): Promise<readonly RunId[]> {
  if (driver.endedBefore) return driver.endedBefore(atMs);
  const all = await driver.find();
  return all.flatMap((found) => (found.state === "ended" && found.observation.atMs <= atMs ? [found.run] : []));
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
