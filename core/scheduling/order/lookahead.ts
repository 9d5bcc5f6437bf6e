/**
 * Plans the first jobs of a queue over separate centres under several orders: each job in turn where it could start first,
 * by predicted run times. The order with the least weighted wait is kept. Made anew for each decision by `begin`, `free`,
 * `ends` and `job`; arrays are kept between decisions.
 */
export class Lookahead {
  readonly #sizes: readonly number[];
  readonly #profiles: readonly Profile[];
  readonly #scratch: readonly Profile[];
  readonly #most: number;
  #nowS = 0;
  #jobs = 0;
  readonly #processors: Int32Array;
  readonly #predictedS: Float64Array;
  readonly #weight: Float64Array;
  readonly #arrival: Float64Array;
  readonly #plannedS: Float64Array;
  /** Of the last plan that was made, by job. */
  readonly #centre: Int32Array;
  readonly #startS: Float64Array;
  /** What each would cost if nobody else waited, and all of them together: no plan costs less. */
  readonly #leastCost: Float64Array;
  #leastOfAll = 0;
  /** Places in the queue, in the order that was kept. */
  readonly order: Int32Array;
  readonly #trial: Int32Array;
  readonly #keys: Float64Array;
  /** The plan in that order before each `marked`-th place, so that what another order shares with it is not planned again. */
  readonly #marks: readonly Mark[];

  constructor(sizes: readonly number[], most: number) {
    this.#sizes = sizes;
    this.#profiles = sizes.map(() => new Profile());
    this.#scratch = sizes.map(() => new Profile());
    this.#most = most;
    this.#processors = new Int32Array(most);
    this.#predictedS = new Float64Array(most);
    this.#weight = new Float64Array(most);
    this.#arrival = new Float64Array(most);
    this.#plannedS = new Float64Array(most);
    this.#centre = new Int32Array(most);
    this.#startS = new Float64Array(most);
    this.#leastCost = new Float64Array(most);
    this.order = new Int32Array(most);
    this.#trial = new Int32Array(most);
    this.#keys = new Float64Array(most);
    this.#marks = Array.from({ length: Math.ceil(most / marked) }, (_, at) => ({
      profiles: at === 0 ? this.#profiles : sizes.map(() => new Profile()),
      cost: 0,
      leastLeft: 0,
    }));
  }

  get jobs(): number {
    return this.#jobs;
  }

  begin(nowS: number): void {
    this.#nowS = nowS;
    this.#jobs = 0;
  }

  /** What is free at a centre now; then `ends` for each job that runs there. */
  free(centre: number, processors: number): void {
    this.#profiles[centre]?.begin(this.#nowS, processors);
  }

  ends(centre: number, endS: number, processors: number): void {
    this.#profiles[centre]?.release(endS, processors);
  }

  /**
   * The next job of the queue, if there is still room for it; some centre is large enough for it. `arrival` grows in the
   * order of submission; `plannedS` is when the last plan that held it started it, Infinity where there was none.
   */
  job(processors: number, predictedS: number, weight: number, arrival: number, plannedS: number): boolean {
    if (this.#jobs === this.#most) return false;
    const at = this.#jobs++;
    this.#processors[at] = processors;
    this.#predictedS[at] = predictedS;
    this.#weight[at] = weight;
    this.#arrival[at] = arrival;
    this.#plannedS[at] = plannedS;
    return true;
  }

  /**
   * Tries the order given, plain ones, that of the last plan, and `moves` of one job to another place, or as many as there
   * are different ones. `below(n)`: at random from 0. It ends as soon as nobody could start earlier. The wait of a job that
   * could start at once counts 1 + `holdBackCost` times: what is gained by keeping it back is foretold, what is lost is not.
   */
  search(moves: number, below: (limit: number) => number, holdBackCost = 0): void {
    const jobs = this.#jobs;
    for (let at = 0; at < jobs; at += 1) this.order[at] = at;
    this.#reckonLeast(holdBackCost);
    let best = this.#planFrom(0, this.order, Number.POSITIVE_INFINITY);
    const p = this.#processors;
    const d = this.#predictedS;
    const keys: readonly ((at: number) => number)[] = [
      (at) => ((p[at] ?? 0) * (d[at] ?? 0)) / (this.#weight[at] ?? 1),
      (at) => d[at] ?? 0,
      (at) => (p[at] ?? 0) * 1e12 + (d[at] ?? 0),
      (at) => this.#arrival[at] ?? 0,
      (at) => this.#plannedS[at] ?? 0,
    ];
    const leastOfAll = this.#leastOfAll + tie;
    for (const key of keys) if (best > leastOfAll) best = this.#keepIfBetter(best, this.#sorted(key), 0);
    if (best > leastOfAll) {
      this.#mark(0);
      const all = jobs * (jobs - 1);
      for (let move = Math.min(moves, all); move > 0 && best > leastOfAll; move -= 1) {
        const from = below(jobs);
        const to = below(jobs - 1);
        best = this.#move(best, from, to < from ? to : to + 1);
      }
    }
    this.#planFrom(0, this.order, Number.POSITIVE_INFINITY);
  }

  /** Where the kept plan starts the job at this place now, -1: it starts later. */
  startsNowAt(place: number): number {
    return (this.#startS[place] ?? 0) <= this.#nowS ? (this.#centre[place] ?? -1) : -1;
  }

  /** When the kept plan starts it. */
  plannedS(place: number): number {
    return this.#startS[place] ?? 0;
  }

  /**
   * After `search`: where another job can start now beside all that is planned, as if it had been planned last; it is
   * from then on. Where fewest processors stay free; -1: nowhere.
   */
  startsBeside(processors: number, predictedS: number): number {
    let chosen = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      const profile = this.#scratch[centre];
      if (!profile || (profile.free[0] ?? 0) < processors) continue;
      const left = (profile.free[0] ?? 0) - processors;
      if (left >= least || profile.first(processors, predictedS, this.#nowS) !== 0) continue;
      least = left;
      chosen = centre;
    }
    this.#scratch[chosen]?.take(this.#nowS, predictedS, processors);
    return chosen;
  }

  #reckonLeast(holdBackCost: number): void {
    this.#leastOfAll = 0;
    for (let job = 0; job < this.#jobs; job += 1) {
      const needs = this.#processors[job] ?? 0;
      let startS = Number.POSITIVE_INFINITY;
      for (let centre = 0; centre < this.#sizes.length; centre += 1) {
        const profile = this.#profiles[centre];
        if (!profile || (this.#sizes[centre] ?? 0) < needs) continue;
        const at = profile.first(needs, this.#predictedS[job] ?? 0, startS);
        if (at >= 0) startS = profile.fromS[at] ?? 0;
      }
      if (startS <= this.#nowS) this.#weight[job] = (this.#weight[job] ?? 0) * (1 + holdBackCost);
      const cost = (startS - this.#nowS) * (this.#weight[job] ?? 0);
      this.#leastCost[job] = cost;
      this.#leastOfAll += cost;
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
    const first = Math.min(from, to);
    const cost = this.#keepIfBetter(best, this.#moved(from, to), first);
    if (cost < best) this.#mark(first);
    return cost;
  }

  /** By insertion: a few dozen, and ties keep their place. */
  #sorted(key: (at: number) => number): Int32Array {
    const trial = this.#trial;
    const keys = this.#keys;
    for (let i = 0; i < this.#jobs; i += 1) {
      const mine = key(i);
      keys[i] = mine;
      let at = i;
      while (at > 0 && (keys[trial[at - 1] ?? 0] ?? 0) > mine) {
        trial[at] = trial[at - 1] ?? 0;
        at -= 1;
      }
      trial[at] = i;
    }
    return trial;
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
      cost += (this.#place(job) - this.#nowS) * (this.#weight[job] ?? 0);
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
      cost += (this.#place(job) - this.#nowS) * (this.#weight[job] ?? 0);
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

  /** Puts the job where it could start first; ties where fewest processors stay free. Answers when. */
  #place(job: number): number {
    const needs = this.#processors[job] ?? 0;
    const runS = this.#predictedS[job] ?? 0;
    let chosen = -1;
    let startS = Number.POSITIVE_INFINITY;
    let left = 0;
    for (let centre = 0; centre < this.#sizes.length; centre += 1) {
      if ((this.#sizes[centre] ?? 0) < needs) continue;
      const profile = this.#scratch[centre];
      if (!profile) continue;
      const at = profile.first(needs, runS, startS);
      if (at < 0) continue;
      const couldS = profile.fromS[at] ?? 0;
      const wouldLeave = (profile.free[at] ?? 0) - needs;
      if (couldS < startS || wouldLeave < left) {
        chosen = centre;
        startS = couldS;
        left = wouldLeave;
      }
    }
    this.#centre[job] = chosen;
    this.#startS[job] = startS;
    this.#scratch[chosen]?.take(startS, runS, needs);
    return startS;
  }
}

type Mark = { readonly profiles: readonly Profile[]; cost: number; leastLeft: number };

/** Small enough to save most of what is shared, large enough that copies cost less than they save. */
const marked = 4;
/** Costs, in weighted seconds, that differ by less differ by rounding. */
const tie = 1e-6;

function copyAll(to: readonly Profile[], from: readonly Profile[]): void {
  for (let at = 0; at < to.length; at += 1) {
    const one = from[at];
    if (one) to[at]?.copy(one);
  }
}

/** Processors free at one centre from each of these times on, the first being now. */
class Profile {
  fromS = new Float64Array(64);
  free = new Int32Array(64);
  count = 0;

  begin(nowS: number, free: number): void {
    this.count = 1;
    this.fromS[0] = nowS;
    this.free[0] = free;
  }

  copy(other: Profile): void {
    const { count } = other;
    if (this.fromS.length < count) this.#grow(count);
    for (let i = 0; i < count; i += 1) {
      this.fromS[i] = other.fromS[i] ?? 0;
      this.free[i] = other.free[i] ?? 0;
    }
    this.count = count;
  }

  /** From `atS` on so many more. */
  release(atS: number, processors: number): void {
    const from = this.#cut(atS);
    for (let i = from; i < this.count; i += 1) this.free[i] = (this.free[i] ?? 0) + processors;
  }

  take(atS: number, forS: number, processors: number): void {
    const from = this.#cut(atS);
    const to = this.#cut(atS + forS);
    for (let i = from; i < to; i += 1) this.free[i] = (this.free[i] ?? 0) - processors;
  }

  /** The step at which so many stay free for so long first, if that is not later than `latestS`; -1: it is. */
  first(processors: number, forS: number, latestS: number): number {
    const { fromS, free, count } = this;
    for (let at = 0; at < count; at += 1) {
      if ((free[at] ?? 0) < processors) continue;
      const startS = fromS[at] ?? 0;
      if (startS > latestS) return -1;
      let next = at + 1;
      while (next < count && (fromS[next] ?? 0) < startS + forS && (free[next] ?? 0) >= processors) next += 1;
      if (next >= count || (fromS[next] ?? 0) >= startS + forS) return at;
      at = next;
    }
    return -1;
  }

  /** The step that begins then, made where there is none. */
  #cut(atS: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.fromS[middle] ?? 0) < atS) low = middle + 1;
      else high = middle;
    }
    if (low < this.count && this.fromS[low] === atS) return low;
    if (this.count === this.fromS.length) this.#grow(this.count * 2);
    for (let i = this.count; i > low; i -= 1) {
      this.fromS[i] = this.fromS[i - 1] ?? 0;
      this.free[i] = this.free[i - 1] ?? 0;
    }
    this.count += 1;
    this.fromS[low] = atS;
    this.free[low] = this.free[low - 1] ?? 0;
    return low;
  }

  #grow(length: number): void {
    const [fromS, free] = [this.fromS, this.free];
    this.fromS = new Float64Array(length);
    this.free = new Int32Array(length);
    this.fromS.set(fromS);
    this.free.set(free);
  }
}
