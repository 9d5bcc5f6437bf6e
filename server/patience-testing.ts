import { setTimeout as delay } from "node:timers/promises";

/** Far longer than a busy machine takes: what has not come by then is wrong. */
const patienceMs = 90_000;

/** For tests: asks again until there is something. What follows from a write, by the feed or a loop, comes a moment later. */
export async function until<Value>(
  look: () => Value | null | undefined | Promise<Value | null | undefined>,
): Promise<Value> {
  for (const endMs = performance.now() + patienceMs; performance.now() < endMs; await delay(20)) {
    const found = await look();
    if (found !== undefined && found !== null) return found;
  }
  throw new Error(`it did not come to be within ${patienceMs / 1000} s`);
}

/** For tests: until all that is asserted holds at once; else what failed last. */
export async function holds(check: () => void | Promise<void>): Promise<void> {
  let failed: unknown;
  await until(async () => {
    try {
      await check();
      return true;
    } catch (error) {
      failed = error;
      return null;
    }
  }).catch((late: unknown) => {
    throw failed ?? late;
  });
}
