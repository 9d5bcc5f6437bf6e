import type { PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, type Failing, isToldOf, judge } from "#core/scheduling/fit.ts";
import { scored } from "#core/scheduling/placing/scored.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { choiceOf, type Scene } from "#core/scheduling/scene.ts";
import { earliestStart } from "#core/scheduling/walk/earliest-start.ts";
import type { Walk } from "#core/scheduling/walk/walk.ts";

/** Every centre of the network that is not retired with the first rule the shape fails there, and what a place there would cost. */
export function judgeAll(
  scene: Scene,
  asked: Asked,
  nowMs: number,
  isKeptBack?: (pool: PoolRecord) => Failing | null,
): readonly Candidate[] {
  const choice = choiceOf(scene);
  const startsInMs = (pool: PoolRecord) => {
    const earliest = earliestStart(asked, [pool], nowMs, null);
    return earliest && earliest.atMs - nowMs;
  };
  return scene.centres
    .filter((centre) => isToldOf(centre, asked))
    .map((centre) => scored(judge(asked, centre, nowMs, isKeptBack), asked, centre, nowMs, choice, startsInMs));
}

/** What was said of each ask in this walk, and how many changes of it were seen by then. */
export type Judgements = Map<Ask, { candidates: readonly Candidate[]; seen: number }>;

/** As `judgeAll`, but within one walk only those centres are judged again that changed since the ask was last judged. */
export function judgedAgain(scene: Scene, all: Judgements, ask: Ask, { changed, nowMs }: Walk): readonly Candidate[] {
  const known = all.get(ask);
  if (known?.seen === changed.length) return known.candidates;
  const candidates = known ? [...known.candidates] : [];
  const described = scene.centres.filter((centre) => isToldOf(centre, ask));
  const again = known ? new Set(changed.slice(known.seen)) : described;
  const choice = choiceOf(scene);
  for (const centre of again)
    candidates[described.indexOf(centre)] = scored(judge(ask, centre, nowMs), ask, centre, nowMs, choice, null);
  all.set(ask, { candidates, seen: changed.length });
  return candidates;
}
