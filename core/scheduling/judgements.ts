import { coresPerNode } from "#core/job/spec.ts";
import { type CentreRecord, leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, type Failing, isToldOf, judge } from "#core/scheduling/fit.ts";
import { scored } from "#core/scheduling/placing/scored.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { type Candidate, candidate } from "#core/scheduling/reasons.ts";
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

/**
 * That a centre where work of its group may ever run has too few cores free for now: thousands are told so in one decision,
 * and all who ask for as many in the same words. null: another rule may come before that, and it is to be judged.
 */
function busyAlike({ shape, demands, bounds, who, group }: Ask, { id, pools, state }: CentreRecord): Candidate | null {
  const [pool] = pools;
  if (!pool || pools.length > 1 || state?.connection !== "connected" || state.intake !== "open") return null;
  if (who && (state.accounts || state.limits)) return null;
  if (demands || bounds?.isRuled || shape.wholeNodes || shape.contiguous || shape.nodeGroups !== undefined) return null;
  if (!isPlain(pool) || !group.among.has(pool)) return null;
  const left = leftOf(pool);
  const asked = shape.nodes * coresPerNode(shape);
  const free = left.room.cores;
  if (asked <= free) return null;
  left.busy ??= new Map();
  const known = left.busy.get(asked);
  if (known) return known;
  const facts = { asked, free, total: pool.upSize.cores, pool: pool.name };
  const busy = candidate(id, "cores-busy", facts);
  left.busy.set(asked, busy);
  return busy;
}

/** All its nodes are up and its own, and nothing is agreed of it. */
function isPlain({ state, ground, opening, size, upSize }: PoolRecord): boolean {
  if (state?.state !== "up" || state.shut || state.contract === "shared" || state.reserved) return false;
  return ground === null && opening.kind === "open" && size === upSize && typeof state.sharePercent !== "number";
}

/** What was said of each ask in this walk, and how many changes of it were seen by then. */
export type Judgements = Map<Ask, { candidates: readonly Candidate[]; seen: number }>;

/** As `judgeAll`, but within one walk only those centres are judged again that changed since the ask was last judged. */
export function judgedAgain(scene: Scene, all: Judgements, ask: Ask, { changed, nowMs }: Walk): readonly Candidate[] {
  const known = all.get(ask);
  if (known?.seen === changed.length) return known.candidates;
  const described = scene.centres.filter((centre) => isToldOf(centre, ask));
  const choice = choiceOf(scene);
  const said = (centre: CentreRecord) =>
    busyAlike(ask, centre) ?? scored(judge(ask, centre, nowMs), ask, centre, nowMs, choice, null);
  let candidates: Candidate[];
  if (known) {
    candidates = [...known.candidates];
    for (const centre of new Set(changed.slice(known.seen))) candidates[described.indexOf(centre)] = said(centre);
  } else candidates = described.map(said);
  all.set(ask, { candidates, seen: changed.length });
  return candidates;
}
