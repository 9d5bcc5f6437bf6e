import type { CentreWishes, Shape } from "#core/job/spec.ts";
import type { Allocation } from "#core/run-order.ts";
import { allocationOf, type CentreRecord, giveBack, type Taken, take } from "#core/scheduling/centres.ts";
import { type Dependencies, doomedPositions, doomFacts } from "#core/scheduling/dependencies.ts";
import { hasMoreFree, judge, type Offer, offerOf } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord, popJob, pushJob } from "#core/scheduling/job-record.ts";
import { indexAt, rangesOf } from "#core/scheduling/positions.ts";
import { type Ask, earliestGroup, type Group, nextReady, type Queue, room } from "#core/scheduling/queue.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import type { DependencyEnd, Placement } from "#core/scheduling/world.ts";

/** Everything the scheduler knows. `centres` stands in the order of their ids. */
export type Scene = {
  readonly centres: CentreRecord[];
  readonly queue: Queue;
  readonly dependencies: Dependencies;
};

/** A place in the queue; `job` null: behind everybody. */
export type Place = { readonly job: JobRecord | null; readonly position: number };

/** The placements that are due, first come first served, at most `most`. The scene is left as it was. */
export function placementsDue(scene: Scene, most: number): readonly Placement[] {
  const placements: Placement[] = [];
  const judgements: Judgements = new Map();
  const collect: Placed = (job, position, offer, walk) => {
    placements.push({
      job: job.id,
      index: indexAt(job.indices, position),
      attempt: (job.attempts?.get(position) ?? 0) + 1,
      centre: offer.centre.id,
      pool: offer.pool.state.name,
      allocation: allocationOf(job.ask.shape, offer.pool, offer.device),
      candidates: judgedAgain(scene, judgements, job.ask, walk.changed),
    });
  };
  return served(scene, most, { job: null, position: 0 }, collect, () => placements);
}

/** Looks at the scene as it would be when the queue had been served up to a place, and leaves it as it was. */
export function seenFrom<Seen>(scene: Scene, place: Place, look: () => Seen): Seen {
  return served(scene, Number.POSITIVE_INFINITY, place, () => {}, look);
}

/** The tasks that can never start, first come first. */
export function endsDue(dependencies: Dependencies): readonly DependencyEnd[] {
  const ends: DependencyEnd[] = [];
  for (const job of [...dependencies.doomed].sort((a, b) => (comesBefore(a, b) ? -1 : 1))) {
    const indices = rangesOf(job.indices, doomedPositions(job));
    if (indices.length > 0) ends.push({ job: job.id, indices, facts: doomFacts(job) });
  }
  return ends;
}

/** Every centre of the network with the first rule the shape fails there. */
export function judgeAll(scene: Scene, shape: Shape, wishes: CentreWishes): readonly Candidate[] {
  return scene.centres.filter((centre) => centre.state).map((centre) => judge(shape, wishes, centre));
}

/** Where the shape goes: the first preferred centre that can start it, else the one with most free, ties by id. */
export function chooseAmong(shape: Shape, wishes: CentreWishes, centres: readonly CentreRecord[]): Offer | null {
  let best: Offer | null = null;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const centre of centres) {
    const preferred = wishes.prefer.indexOf(centre.id);
    const rank = preferred === -1 ? wishes.prefer.length : preferred;
    if (rank > bestRank) continue;
    const offer = offerOf(shape, centre);
    if (!offer || (best && rank === bestRank && !hasMoreFree(offer, best))) continue;
    best = offer;
    bestRank = rank;
  }
  return best;
}

/** What was said of each ask in this walk, and how many changes of it were seen by then. */
type Judgements = Map<Ask, { candidates: readonly Candidate[]; seen: number }>;

/** As `judgeAll`, but within one walk only those centres are judged again that changed since the ask was last judged. */
function judgedAgain(scene: Scene, all: Judgements, ask: Ask, changed: readonly CentreRecord[]): readonly Candidate[] {
  const known = all.get(ask);
  if (known?.seen === changed.length) return known.candidates;
  const candidates = known ? [...known.candidates] : [];
  const described = scene.centres.filter((centre) => centre.state);
  const again = known ? new Set(changed.slice(known.seen)) : described;
  for (const centre of again) candidates[described.indexOf(centre)] = judge(ask.shape, ask.wishes, centre);
  all.set(ask, { candidates, seen: changed.length });
  return candidates;
}

type Placed = (job: JobRecord, position: number, offer: Offer, walk: Walk) => void;

/** What a walk did to the records, to be undone. */
type Walk = {
  readonly taken: { readonly taken: Taken; readonly allocation: Allocation }[];
  /** Jobs that started all they may, out of their group's heap until the walk is undone. */
  readonly served: JobRecord[];
  /** Each centre that something was taken of, or that was held, in turn. */
  readonly changed: CentreRecord[];
};

/** Serves the queue up to a place or to `most` placements, lets one look, and undoes it all. */
function served<Seen>(scene: Scene, most: number, end: Place, placed: Placed, look: () => Seen): Seen {
  const walk: Walk = { taken: [], served: [], changed: [] };
  try {
    serve(scene, walk, most, end, placed);
    return look();
  } finally {
    for (const { taken, allocation } of walk.taken) giveBack(taken, allocation);
    for (const job of walk.served) pushJob(job.ask.group.heap, job);
    for (const centre of scene.centres) centre.heldBy = null;
  }
}

/**
 * Each turn takes the job that comes first among the heads of the groups. One that must wait holds all the centres of
 * its group, which closes the group: nobody behind it in the group could start either.
 */
function serve(scene: Scene, walk: Walk, most: number, end: Place, placed: Placed): void {
  const closed = new Set<Group>();
  while (walk.taken.length < most) {
    const group = earliestGroup(scene.queue, closed);
    const job = group?.heap[0];
    if (!group || !job || (end.job && comesBefore(end.job, job))) return;
    const before = job === end.job ? end.position : Number.POSITIVE_INFINITY;
    const blocked = serveJob(walk, job, before, most, placed);
    if (job === end.job) return;
    if (blocked) closed.add(group);
    else {
      popJob(group.heap);
      walk.served.push(job);
    }
  }
}

/** Starts the job's tasks in order; answers whether one had to wait for a centre. */
function serveJob(walk: Walk, job: JobRecord, before: number, most: number, placed: Placed): boolean {
  const { ask } = job;
  let left = Math.min(room(job), most - walk.taken.length);
  for (let at = nextReady(job, 0); at !== -1 && at < before && left > 0; at = nextReady(job, at + 1)) {
    const offer = chooseAmong(ask.shape, ask.wishes, ask.group.centres);
    if (!offer) {
      for (const centre of ask.group.centres) centre.heldBy ??= { job, position: at };
      walk.changed.push(...ask.group.centres);
      return true;
    }
    placed(job, at, offer, walk);
    const allocation = allocationOf(ask.shape, offer.pool, offer.device);
    take(offer.pool.taken, allocation);
    walk.taken.push({ taken: offer.pool.taken, allocation });
    walk.changed.push(offer.centre);
    left -= 1;
  }
  return false;
}
