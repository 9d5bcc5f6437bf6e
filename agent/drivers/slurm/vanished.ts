import type { RunEnd } from "#core/job/state.ts";
import type { Engine } from "./engine.ts";
import type { WrapperRecord } from "./record.ts";
import type { Site } from "./site.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** How long the engine must have known nothing of a job before it counts as gone: what it was sent by then it has answered. */
export function forgottenAfterMs(site: Pick<Site, "forgottenAfterS">, messageTimeoutMs: number): number {
  return Math.max(1000 * site.forgottenAfterS, messageTimeoutMs);
}

/**
 * How a run ended of which the engine, which answers, has no record any more: purged after MinJobAge where there is no
 * accounting, or forgotten with the controller's state. Null: more has to come. What never began is kept from beginning first
 * (`fence`), since an operator may put the controller's state back. Where the wrapper began and wrote no end it
 * is lost after `waitedOut`, on the evidence that no process of it lives (R2).
 */
export function endOfVanished(
  engineId: string,
  record: WrapperRecord | null,
  waitedOut: boolean,
  where: Whereabouts | null,
  fence: Awaited<ReturnType<Engine["fence"]>> | null,
): { readonly end: RunEnd; readonly words: string | null } | null {
  const gone = `the engine answers and knows no job ${engineId}`;
  const end = record?.ended ?? null;
  if (record === null) {
    if (!waitedOut || fence === null || fence === "began") return null;
    const cannot = fence === "fenced" ? ", and cannot begin any more" : "";
    return { end: { kind: "withdrawn", evidence: `${gone}; its wrapper never began${cannot}` }, words: null };
  }
  if (end === null)
    return waitedOut && where?.kind === "gone"
      ? { end: { kind: "lost", evidence: `${gone}; its wrapper began and wrote no end; ${where.words}` }, words: null }
      : null;
  const words = `${gone}: this end is by the wrapper's record`;
  switch (end.cause) {
    case "time-limit":
      return { end: { kind: "timed-out" }, words };
    case "stopped":
      return { end: { kind: "node-failed", reason: `the engine stopped it and has forgotten it: ${gone}` }, words };
    case "exited":
    case "start-failed":
      // slurmd kills what its controller has forgotten, at times a moment before the wrapper; the user pays for none of it (M7).
      if (end.signal === 9)
        return {
          end: {
            kind: "node-failed",
            reason: `killed, and the engine that may have done so has forgotten it: ${gone}`,
          },
          words: null,
        };
      if (end.signal !== 0) return { end: { kind: "signalled", signal: end.signal }, words };
      return {
        end: end.exitCode === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: end.exitCode },
        words: end.words ?? words,
      };
  }
}
