/**
 * Plans the first jobs of a queue over separate places (centres in a replay, pools in the live network) under several
 * orders: each job in turn where it could start first, by predicted run times. The order with the least weighted wait is
 * kept. Amounts are of one or several kinds (processors; cores, memory, cards), the first of which decides ties. Nothing is
 * remembered from one plan to the next: `begin`, `free`, `ends`, `job` and `mayGo` say all that it is made of.
 */
export class Lookahead {
  readonly #most: number;
  #nowS = 0;
  #places = 0;
  #kinds = 1;
  #jobs = 0;
  readonly #versions: Versions = { last: 0 };
  #profiles: Profile[] = [];
  #scratch: Profile[] = [];
  readonly #weight: Float64Array;
  readonly #arrival: Float64Array;
  readonly #tier: Float64Array;
  /** Of each job at each place: what it needs, how long it lasts, what the place costs besides, and whether it may go there. */
  #needs = new Float64Array(0);
  #lastsS = new Float64Array(0);
  #moreS = new Float64Array(0);
  #may = new Int8Array(0);
  /** When it could start there if nobody else waited: whatever is planned before it only takes from what is free then. */
  #leastS = new Float64Array(0);
  /** What plain orders go by: of the first place that it may go to. */
  readonly #size: Float64Array;
  readonly #runS: Float64Array;
  #beside = new Float64Array(1);
  /** Of the place that was chosen last: the step of its profile at which the job starts. */
  #step = 0;
  /** Of the last plan that was made, by job. */
  readonly #place: Int32Array;
  readonly #startS: Float64Array;
  /** What each would cost if nobody else waited, and all of them together: no plan costs less. */
  readonly #leastCost: Float64Array;
  #leastOfAll = 0;
  /** Jobs by number, in the order that was kept. */
  readonly order: Int32Array;
  readonly #trial: Int32Array;
  readonly #keys: Float64Array;
  /** The plan in that order before each `marked`-th place, so that what another order shares with it is not planned again. */
  readonly #marks: Mark[];

  constructor(most: number) {
    this.#most = most;
    this.#weight = new Float64Array(most);
    this.#arrival = new Float64Array(most);
    this.#tier = new Float64Array(most);
    this.#size = new Float64Array(most);
    this.#runS = new Float64Array(most);
    this.#place = new Int32Array(most);
    this.#startS = new Float64Array(most);
    this.#leastCost = new Float64Array(most);
    this.order = new Int32Array(most);
    this.#trial = new Int32Array(most);
    this.#keys = new Float64Array(most);
    this.#marks = Array.from({ length: Math.ceil(most / marked) }, () => ({ profiles: [], cost: 0, leastLeft: 0 }));
  }

  get jobs(): number {
    return this.#jobs;
  }

  begin(nowS: number, places: number, kinds: number): void {
    this.#nowS = nowS;
    this.#jobs = 0;
    if (places === this.#places && kinds === this.#kinds) return;
    this.#places = places;
    this.#kinds = kinds;
    const made = () => Array.from({ length: places }, () => new Profile(kinds, this.#versions));
    this.#profiles = made();
    this.#scratch = made();
    for (const [at, mark] of this.#marks.entries()) mark.profiles = at === 0 ? this.#profiles : made();
    const pairs = this.#most * places;
    this.#needs = new Float64Array(pairs * kinds);
    this.#lastsS = new Float64Array(pairs);
    this.#moreS = new Float64Array(pairs);
    this.#may = new Int8Array(pairs);
    this.#leastS = new Float64Array(pairs);
    this.#beside = new Float64Array(kinds);
  }

  /** What is free at a place now; then `ends` for each job that runs there. */
  free(place: number, amounts: readonly number[]): void {
    this.#profiles[place]?.begin(this.#nowS, amounts);
  }

  ends(place: number, endS: number, amounts: readonly number[]): void {
    this.#profiles[place]?.release(endS, amounts);
  }

  /**
   * The next job of the queue, if there is still room for it; then `mayGo` for each place. `arrival` grows in the order of
   * submission. All of a lower tier stay before those of a higher one.
   */
  job(weight: number, arrival: number, tier = 0): boolean {
    if (this.#jobs === this.#most) return false;
    const at = this.#jobs++;
    this.#weight[at] = weight;
    this.#arrival[at] = arrival;
    this.#tier[at] = tier;
    this.#size[at] = 0;
    this.#may.fill(never, at * this.#places, (at + 1) * this.#places);
    return true;
  }

  /**
   * The last job could go there, and now unless `isNow` says that something else is in its way. `moreS`: what the place
   * costs beside the wait. What has not enough even when all that runs there is over is no place for it.
   */
  mayGo(place: number, needs: readonly number[], lastsS: number, isNow: boolean, moreS = 0): void {
    const pair = (this.#jobs - 1) * this.#places + place;
    for (let kind = 0; kind < this.#kinds; kind += 1) this.#needs[pair * this.#kinds + kind] = needs[kind] ?? 0;
    this.#lastsS[pair] = lastsS;
    this.#moreS[pair] = moreS;
    const from = isNow ? now : later;
    const profile = this.#profiles[place];
    const first = profile?.first(this.#needs, pair * this.#kinds, lastsS, endless, from) ?? -1;
    this.#may[pair] = first < 0 ? never : from;
    // Who may not start now may yet before the first change of today: at one that the plan itself makes.
    this.#leastS[pair] = from === now ? (profile?.fromS[first] ?? 0) : 0;
    if (first >= 0 && this.#size[this.#jobs - 1] === 0) {
      this.#size[this.#jobs - 1] = needs[0] ?? 0;
      this.#runS[this.#jobs - 1] = lastsS;
    }
  }

  /** Whether there is a place for the last job; it is forgotten where there is none. */
  isHeld(): boolean {
    const isHeld = (this.#size[this.#jobs - 1] ?? 0) > 0;
    if (!isHeld) this.#jobs -= 1;
    return isHeld;
  }

  /** Depends on which jobs there are and on their order alone. */
  seed(seed: number): number {
    let mixed = seed | 0;
    for (let at = 0; at < this.#jobs; at += 1) mixed = (Math.imul(mixed, 31) + (this.#arrival[at] ?? 0)) | 0;
    return mixed;
  }

  /**
   * Tries the order given, plain ones, and `moves` of one job to another place, or as many as there are different ones.
   * `below(n)`: at random from 0. It ends as soon as nobody could start earlier. The wait of a job that could start at once
   * counts 1 + `holdBackCost` times: what is gained by keeping it back is foretold, what is lost is not.
   */
  search(moves: number, below: (limit: number) => number, holdBackCost = 0): void {
    const jobs = this.#jobs;
    for (let at = 0; at < jobs; at += 1) this.order[at] = at;
    this.#reckonLeast(holdBackCost);
    let best = this.#planFrom(0, this.order, endless);
    const [size, runS] = [this.#size, this.#runS];
    const keys: readonly ((at: number) => number)[] = [
      (at) => ((size[at] ?? 0) * (runS[at] ?? 0)) / (this.#weight[at] ?? 1),
      (at) => runS[at] ?? 0,
      (at) => (size[at] ?? 0) * 1e12 + (runS[at] ?? 0),
      (at) => this.#arrival[at] ?? 0,
    ];
    const leastOfAll = this.#leastOfAll + tie;
    for (const key of keys) if (best > leastOfAll) best = this.#keepIfBetter(best, this.#sorted(key), 0);
    if (best > leastOfAll) {
      this.#mark(0);
      const all = jobs * (jobs - 1);
      const affordable = Math.ceil(moves * Math.min(1, manyPlaces / this.#places));
      for (let move = Math.min(affordable, all); move > 0 && best > leastOfAll; move -= 1) {
        const from = below(jobs);
        const to = below(jobs - 1);
        best = this.#move(best, from, to < from ? to : to + 1);
      }
    }
    this.#planFrom(0, this.order, endless);
  }

  /** Where the kept plan starts the job of this number now, -1: it starts later. */
  startsNowAt(job: number): number {
    return (this.#startS[job] ?? 0) <= this.#nowS ? (this.#place[job] ?? -1) : -1;
  }

  /** Where the kept plan has it. */
  placeOf(job: number): number {
    return this.#place[job] ?? -1;
  }

  /** When the kept plan starts it. */
  plannedS(job: number): number {
    return this.#startS[job] ?? 0;
  }

  /** After `search`: whether another can start there now beside all that is planned, as if it had been planned last. */
  fitsBeside(place: number, needs: readonly number[], lastsS: number): boolean {
    this.#tellBeside(needs);
    return this.#scratch[place]?.first(this.#beside, 0, lastsS, this.#nowS, now) === 0;
  }

  /** It starts there now: from then on beside that as well. */
  takeBeside(place: number, needs: readonly number[], lastsS: number): void {
    this.#tellBeside(needs);
    this.#scratch[place]?.take(this.#nowS, lastsS, this.#beside, 0);
  }

  /** Of kinds that are not named it needs nothing, whatever the one before it did. */
  #tellBeside(needs: readonly number[]): void {
    for (let kind = 0; kind < this.#kinds; kind += 1) this.#beside[kind] = needs[kind] ?? 0;
  }

  #reckonLeast(holdBackCost: number): void {
    this.#leastOfAll = 0;
    for (let job = 0; job < this.#jobs; job += 1) {
      const startS = this.#earliest(this.#profiles, job);
      if (startS <= this.#nowS) this.#weight[job] = (this.#weight[job] ?? 0) * (1 + holdBackCost);
      this.#leastCost[job] = this.#costOf(job);
      this.#leastOfAll += this.#leastCost[job] ?? 0;
    }
    const [whole] = this.#marks;
    if (whole) whole.leastLeft = this.#leastOfAll;
  }

  /** Answers the cost of the order that is kept then; it is the other's from `from` on. */
  #keepIfBetter(best: number, trial: Int32Array, from: number): number {
    const cost = this.#planFrom(from, trial, best);
    if (cost >= best) return best;
    for (let at = from; at < this.#jobs; at += 1) this.order[at] = trial[at] ?? 0;
    return cost;
  }

  #move(best: number, from: number, to: number): number {
    if (this.#tier[this.order[from] ?? 0] !== this.#tier[this.order[to] ?? 0]) return best;
    const first = Math.min(from, to);
    const cost = this.#keepIfBetter(best, this.#moved(from, to), first);
    if (cost < best) this.#mark(first);
    return cost;
  }

  /** By insertion: a few dozen, and ties keep their place. */
  #sorted(key: (job: number) => number): Int32Array {
    const trial = this.#trial;
    const keys = this.#keys;
    for (let i = 0; i < this.#jobs; i += 1) {
      const mine = key(i);
      keys[i] = mine;
      let at = i;
      while (at > 0 && this.#isBehind(trial[at - 1] ?? 0, i)) {
        trial[at] = trial[at - 1] ?? 0;
        at -= 1;
      }
      trial[at] = i;
    }
    return trial;
  }

  #isBehind(one: number, other: number): boolean {
    const tiers = (this.#tier[one] ?? 0) - (this.#tier[other] ?? 0);
    return tiers > 0 || (tiers === 0 && (this.#keys[one] ?? 0) > (this.#keys[other] ?? 0));
  }

  #moved(from: number, to: number): Int32Array {
    const trial = this.#trial;
    for (let at = 0; at < this.#jobs; at += 1) trial[at] = this.order[at] ?? 0;
    const moved = trial[from] ?? 0;
    if (to < from) trial.copyWithin(to + 1, to, from);
    else trial.copyWithin(from, from + 1, to + 1);
    trial[to] = moved;
    return trial;
  }

  /** Plans the order that is kept again from this place on, and marks it. */
  #mark(from: number): void {
    const begin = Math.floor(from / marked);
    let { cost, leastLeft } = this.#takeUp(begin);
    for (let at = begin * marked; at < this.#jobs; at += 1) {
      const mark = at % marked === 0 && at > 0 ? this.#marks[at / marked] : undefined;
      if (mark) {
        mark.cost = cost;
        mark.leastLeft = leastLeft;
        copyAll(mark.profiles, this.#scratch);
      }
      const job = this.order[at] ?? 0;
      cost += this.#put(job);
      leastLeft -= this.#leastCost[job] ?? 0;
    }
  }

  /**
   * Σ weight × wait of the jobs placed in this order, which is as the one that is kept and marked before `from`; as soon
   * as it cannot come below `best`, `best`.
   */
  #planFrom(from: number, order: Int32Array, best: number): number {
    const begin = Math.floor(from / marked);
    let { cost, leastLeft } = this.#takeUp(begin);
    for (let at = begin * marked; at < this.#jobs; at += 1) {
      const job = order[at] ?? 0;
      cost += this.#put(job);
      leastLeft -= this.#leastCost[job] ?? 0;
      if (cost + leastLeft >= best - tie) return best;
    }
    return cost;
  }

  #takeUp(begin: number): Mark {
    const mark = this.#marks[begin];
    if (!mark) throw new Error("a place behind the last");
    copyAll(this.#scratch, mark.profiles);
    return mark;
  }

  /** Puts the job where it could start first, and answers what that costs. */
  #put(job: number): number {
    const startS = this.#earliest(this.#scratch, job);
    const place = this.#place[job] ?? 0;
    const pair = job * this.#places + place;
    this.#scratch[place]?.takeFrom(this.#step, startS, this.#lastsS[pair] ?? 0, this.#needs, pair * this.#kinds);
    return this.#costOf(job);
  }

  /** When and where it could start first, later ones with what the place costs besides; ties where least stays free. */
  #earliest(profiles: readonly Profile[], job: number): number {
    let chosen = -1;
    let least = endless;
    let startS = endless;
    let left = 0;
    for (let place = 0; place < this.#places; place += 1) {
      const pair = job * this.#places + place;
      const from = this.#may[pair] ?? never;
      const profile = profiles[place];
      if (from === never || !profile) continue;
      const moreS = this.#moreS[pair] ?? 0;
      const needs = pair * this.#kinds;
      // Who can start now does, where that costs least.
      const latestS = startS <= this.#nowS ? this.#nowS : Math.max(this.#nowS, least - moreS);
      const leastS = this.#leastS[pair] ?? 0;
      if (leastS > latestS) continue;
      const begin = leastS > this.#nowS ? profile.stepAt(leastS) : from;
      const at = profile.first(this.#needs, needs, this.#lastsS[pair] ?? 0, latestS, begin);
      if (at < 0) continue;
      const couldS = profile.fromS[at] ?? 0;
      const wouldLeave = (profile.free[at * this.#kinds] ?? 0) - (this.#needs[needs] ?? 0);
      const isFirstNow = couldS <= this.#nowS && startS > this.#nowS;
      const cost = couldS + moreS;
      if (isFirstNow || cost < least || (cost === least && wouldLeave < left)) {
        chosen = place;
        this.#step = at;
        startS = couldS;
        least = cost;
        left = wouldLeave;
      }
    }
    this.#place[job] = chosen;
    this.#startS[job] = startS;
    return startS;
  }

  #costOf(job: number): number {
    const moreS = this.#moreS[job * this.#places + (this.#place[job] ?? 0)] ?? 0;
    return ((this.#startS[job] ?? 0) + moreS - this.#nowS) * (this.#weight[job] ?? 0);
  }
}

type Mark = { profiles: readonly Profile[]; cost: number; leastLeft: number };

/** Over more places than these fewer moves are tried, so that a plan costs no more. */
const manyPlaces = 8;
/** Small enough to save most of what is shared, large enough that copies cost less than they save. */
const marked = 4;
/** Costs, in weighted seconds, that differ by less differ by rounding. */
const tie = 1e-6;
const endless = Number.POSITIVE_INFINITY;
/** From which step on a job may go to a place. */
const now = 0;
const later = 1;
const never = -1;

type Versions = { last: number };

function copyAll(to: readonly Profile[], from: readonly Profile[]): void {
  for (let at = 0; at < to.length; at += 1) {
    const one = from[at];
    if (one) to[at]?.copy(one);
  }
}

/** What is free at one place from each of these times on, the first being now: of each kind an amount. */
class Profile {
  fromS = new Float64Array(64);
  free: Float64Array;
  count = 0;
  readonly #kinds: number;
  /** Those of one version are the same: what is the same is not copied. */
  readonly #versions: Versions;
  #version = 0;

  constructor(kinds: number, versions: Versions) {
    this.#kinds = kinds;
    this.#versions = versions;
    this.free = new Float64Array(64 * kinds);
  }

  begin(nowS: number, free: readonly number[]): void {
    this.#change();
    this.count = 1;
    this.fromS[0] = nowS;
    for (let kind = 0; kind < this.#kinds; kind += 1) this.free[kind] = free[kind] ?? 0;
  }

  copy(other: Profile): void {
    if (this.#version === other.#version) return;
    this.#version = other.#version;
    const { count } = other;
    if (this.fromS.length < count) this.#grow(count);
    for (let i = 0; i < count; i += 1) this.fromS[i] = other.fromS[i] ?? 0;
    for (let i = 0; i < count * this.#kinds; i += 1) this.free[i] = other.free[i] ?? 0;
    this.count = count;
  }

  /** From `atS` on so much more. */
  release(atS: number, amounts: readonly number[]): void {
    this.#change();
    const from = this.#cut(atS);
    for (let i = from; i < this.count; i += 1)
      for (let kind = 0; kind < this.#kinds; kind += 1) {
        const cell = i * this.#kinds + kind;
        this.free[cell] = (this.free[cell] ?? 0) + (amounts[kind] ?? 0);
      }
  }

  take(atS: number, forS: number, needs: Float64Array, base: number): void {
    this.takeFrom(this.#cut(atS), atS, forS, needs, base);
  }

  /** `from`: the step that begins at `atS`. */
  takeFrom(from: number, atS: number, forS: number, needs: Float64Array, base: number): void {
    this.#change();
    const endS = atS + forS;
    let to = from;
    while (to < this.count && (this.fromS[to] ?? 0) < endS) to += 1;
    if (to === this.count || this.fromS[to] !== endS) this.#insert(to, endS);
    const kinds = this.#kinds;
    for (let i = from; i < to; i += 1)
      for (let kind = 0; kind < kinds; kind += 1) {
        const cell = i * kinds + kind;
        this.free[cell] = (this.free[cell] ?? 0) - (needs[base + kind] ?? 0);
      }
  }

  /** The first step from `from` on at which so much stays free for so long, if that is not later than `latestS`; -1: it is. */
  first(needs: Float64Array, base: number, forS: number, latestS: number, from: number): number {
    if (this.#kinds === 1) return this.#firstOfOne(needs[base] ?? 0, forS, latestS, from);
    const { fromS, count } = this;
    for (let at = from; at < count; at += 1) {
      const startS = fromS[at] ?? 0;
      if (startS > latestS) return -1;
      if (!this.#holds(at, needs, base)) continue;
      let next = at + 1;
      while (next < count && (fromS[next] ?? 0) < startS + forS && this.#holds(next, needs, base)) next += 1;
      if (next >= count || (fromS[next] ?? 0) >= startS + forS) return at;
      at = next;
    }
    return -1;
  }

  /** The same of one kind alone: a replay does little else. */
  #firstOfOne(need: number, forS: number, latestS: number, from: number): number {
    const { fromS, free, count } = this;
    for (let at = from; at < count; at += 1) {
      const startS = fromS[at] ?? 0;
      if (startS > latestS) return -1;
      if ((free[at] ?? 0) < need) continue;
      const endS = startS + forS;
      let next = at + 1;
      while (next < count && (fromS[next] ?? 0) < endS && (free[next] ?? 0) >= need) next += 1;
      if (next >= count || (fromS[next] ?? 0) >= endS) return at;
      at = next;
    }
    return -1;
  }

  #change(): void {
    this.#versions.last += 1;
    this.#version = this.#versions.last;
  }

  #holds(at: number, needs: Float64Array, base: number): boolean {
    const { free } = this;
    const kinds = this.#kinds;
    for (let kind = 0; kind < kinds; kind += 1)
      if ((free[at * kinds + kind] ?? 0) < (needs[base + kind] ?? 0)) return false;
    return true;
  }

  /** The first step that begins then or later. */
  stepAt(atS: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.fromS[middle] ?? 0) < atS) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The step that begins then, made where there is none. */
  #cut(atS: number): number {
    const step = this.stepAt(atS);
    if (step === this.count || this.fromS[step] !== atS) this.#insert(step, atS);
    return step;
  }

  /** Splits the step before this one in two. */
  #insert(step: number, atS: number): void {
    const kinds = this.#kinds;
    if (this.count === this.fromS.length) this.#grow(this.count * 2);
    const { fromS, free } = this;
    for (let i = this.count; i > step; i -= 1) fromS[i] = fromS[i - 1] ?? 0;
    for (let i = (this.count + 1) * kinds - 1; i >= step * kinds; i -= 1) free[i] = free[i - kinds] ?? 0;
    this.count += 1;
    fromS[step] = atS;
  }

  #grow(length: number): void {
    const [fromS, free] = [this.fromS, this.free];
    this.fromS = new Float64Array(length);
    this.free = new Float64Array(length * this.#kinds);
    this.fromS.set(fromS);
    this.free.set(free);
  }
}
