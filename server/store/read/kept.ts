/**
 * Reads at most once in `lifeMs`; those who ask meanwhile get the same answer. Until `staleMs` an older answer is given
 * at once while the next is read, so that nobody waits for a slow one. A failure is not kept.
 */
export function keptFor<Value>(
  { lifeMs, staleMs = lifeMs, now }: { readonly lifeMs: number; readonly staleMs?: number; readonly now: () => number },
  read: () => Promise<Value>,
): () => Promise<Value> {
  let kept: { readonly value: Promise<Value>; readonly atMs: number } | null = null;
  let reading: Promise<Value> | null = null;

  function start(): Promise<Value> {
    const atMs = now();
    const value = read();
    reading = value;
    value.then(
      () => {
        kept = { value, atMs };
        reading = null;
      },
      () => {
        reading = null;
      },
    );
    return value;
  }

  return () => {
    const ageMs = kept === null ? Number.POSITIVE_INFINITY : now() - kept.atMs;
    if (kept !== null && ageMs < lifeMs) return kept.value;
    const next = reading ?? start();
    return kept !== null && ageMs < staleMs ? kept.value : next;
  };
}
