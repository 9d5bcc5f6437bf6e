import type { Demands } from "#core/job/demands.ts";
import { accountHolder, amountsOf, holdAccount, takeAccount } from "#core/scheduling/account-use.ts";
import { leaseMsOf, withMore } from "#core/scheduling/agreed.ts";
import {
  allocationOf,
  type CentreRecord,
  type Holder,
  isShared,
  type Left,
  leftOf,
  needIn,
  type PoolRecord,
} from "#core/scheduling/centres.ts";
import { type Dependencies, doomedPositions, doomFacts } from "#core/scheduling/dependencies.ts";
import { type Asked, accountShort, isBetter, judge, type Offer, offerOf, shareUsed } from "#core/scheduling/fit.ts";
import { comesBefore, type JobRecord, popJob, pushJob } from "#core/scheduling/job-record.ts";
import { lacksLicences, licenceHolder, takeLicences } from "#core/scheduling/offered.ts";
import { indexAt, rangesOf } from "#core/scheduling/positions.ts";
import { type Ask, earliestGroup, type Group, nextReady, type Queue, room } from "#core/scheduling/queue.ts";
import type { Candidate } from "#core/scheduling/reasons.ts";
import { pack } from "#core/scheduling/room.ts";
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
      centre: offer.pool.centre.id,
      pool: offer.pool.name,
      allocation: allocationOf(job.ask.shape, offer.pool, offer.device),
      starts: offer.now ? "now" : "in-turn",
      leaseMs: leaseMsOf(offer.pool),
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
export function judgeAll(scene: Scene, asked: Asked): readonly Candidate[] {
  return scene.centres.filter((centre) => centre.state).map((centre) => judge(asked, centre));
}

/**
 * Where it goes: the first preferred centre that can start it now, else the pool with most free, ties by centre id. Where
 * none can start it now, the queue of a shared pool, chosen in the same way.
 */
export function chooseAmong(asked: Asked, pools: readonly PoolRecord[]): Offer | null {
  const { prefer } = asked.wishes;
  let best: Offer | null = null;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    const preferred = prefer.length === 0 ? -1 : prefer.indexOf(pool.centre.id);
    const rank = preferred === -1 ? prefer.length : preferred;
    if (best?.now && rank > bestRank) continue;
    const offer = offerOf(asked, pool);
    if (!offer || (best?.now && !offer.now)) continue;
    if (best && best.now === offer.now && (rank > bestRank || (rank === bestRank && !isBetter(offer, best)))) continue;
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
  for (const centre of again) candidates[described.indexOf(centre)] = judge(ask, centre);
  all.set(ask, { candidates, seen: changed.length });
  return candidates;
}

type Placed = (job: JobRecord, position: number, offer: Offer, walk: Walk) => void;

/** What a walk did to the records, to be undone. */
type Walk = {
  readonly taken: { readonly offer: Offer; readonly left: Left; readonly ask: Ask }[];
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
    for (const { offer, left, ask } of walk.taken.reverse()) {
      offer.pool.left = left;
      takeCounted(offer, ask, -1);
    }
    for (const job of walk.served) pushJob(job.ask.group.heap, job);
    for (const centre of scene.centres) {
      if (centre.heldLicences.size > 0) centre.heldLicences.clear();
      if (centre.heldAccounts.size > 0) centre.heldAccounts.clear();
      for (const pool of centre.pools) {
        pool.heldBy = null;
        if (pool.heldLines.size > 0) pool.heldLines.clear();
      }
    }
  }
}

/**
 * Each turn takes the job that comes first among the heads of the groups. One that must wait holds all the pools of its
 * group, a shared one against its own line alone, which closes the group: nobody behind it there could start either.
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
    const offer = chooseAmong(ask, ask.group.pools);
    if (!offer) {
      for (const pool of ask.group.pools) {
        hold(pool, ask, { job, position: at });
        if (walk.changed.at(-1) !== pool.centre) walk.changed.push(pool.centre);
      }
      return true;
    }
    placed(job, at, offer, walk);
    walk.taken.push({ offer, left: leftOf(offer.pool), ask });
    take(offer, ask);
    walk.changed.push(offer.pool.centre);
    left -= 1;
  }
  return false;
}

function hold(pool: PoolRecord, ask: Ask, holder: Holder): void {
  const { shape, line, demands, who } = ask;
  if (demands && !isShared(pool) && waitsForLicence(demands, pool.centre)) {
    // It waits for a licence, and keeps away those alone that ask for the same.
    for (const { name } of demands.licences)
      if (!pool.centre.heldLicences.has(name)) pool.centre.heldLicences.set(name, holder);
    return;
  }
  if (!isShared(pool) && (accountHolder(who, pool.centre) || accountShort(ask, pool))) {
    holdAccount(who, pool.centre, holder);
    return;
  }
  // The agreed share of a shared pool is the network's own: whoever waits for it keeps its turn.
  if (!isShared(pool) || shareUsed(shape, pool)) pool.heldBy ??= holder;
  else if (line !== null && !pool.heldLines.has(line)) pool.heldLines.set(line, holder);
}

function waitsForLicence(demands: Demands, centre: CentreRecord): boolean {
  return licenceHolder(demands, centre) !== null || lacksLicences(demands, centre) !== null;
}

/** What is left when the offer is taken: less room, or one more that waits. */
function take(offer: Offer, ask: Ask): void {
  const { pool, device, now } = offer;
  const { shape, line } = ask;
  takeCounted(offer, ask, 1);
  const { room, pending, ours: before } = leftOf(pool);
  const need = needIn(shape, pool, device);
  const ours = withMore(before, need);
  if (now) pool.left = { room: pack(room, need, 1).room, pending, ours };
  else if (line !== null) pool.left = { room, pending: new Map(pending).set(line, (pending.get(line) ?? 0) + 1), ours };
}

/** Licences and what the local account may hold: of the whole centre, not of a pool. */
function takeCounted({ pool, device }: Offer, { shape, demands, who }: Ask, sign: 1 | -1): void {
  takeLicences(pool.centre, demands, sign);
  if (who) takeAccount(pool.centre, who, amountsOf(needIn(shape, pool, device), pool.devices[device]), sign);
}
