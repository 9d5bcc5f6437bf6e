/**
 * Bounds how often one key (a name at an address) may fail. An attempt counts when it begins, so that many at once gain
 * nothing; a success forgets them. In memory: a restart forgives, and each replica counts for itself.
 */
export function countAttempts(settings: { readonly most: number; readonly windowMs: number }): Attempts {
  const begun = new Map<string, number[]>();
  return {
    begin(key, nowMs) {
      const recent = (begun.get(key) ?? []).filter((atMs) => atMs > nowMs - settings.windowMs);
      const oldest = recent[0];
      if (recent.length >= settings.most && oldest !== undefined)
        return { kind: "wait", retryAfterS: Math.ceil((oldest + settings.windowMs - nowMs) / 1000) };
      begun.delete(key);
      begun.set(key, [...recent, nowMs]);
      const first = begun.keys().next();
      if (begun.size > mostKeys && !first.done) begun.delete(first.value);
      return { kind: "go" };
    },
    succeeded: (key) => {
      begun.delete(key);
    },
  };
}

export type Attempts = {
  readonly begin: (
    key: string,
    nowMs: number,
  ) => { readonly kind: "go" } | { readonly kind: "wait"; readonly retryAfterS: number };
  readonly succeeded: (key: string) => void;
};

const mostKeys = 10_000;
