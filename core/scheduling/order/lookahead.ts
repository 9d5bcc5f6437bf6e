/**
 * Plans the first jobs of a queue over separate centres under several orders: each job in turn where it could start first,
 * by predicted run times. The order with the least weighted wait is kept. Made anew for each decision by `begin`, `ends`,
 * `ready` and `job`; arrays are kept between decisions.
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
  /** Places in the queue, in the order that was kept. */
  readonly order: Int32Array;
  readonly #trial: Int32Array;
  readonly #keys: Float64Array;

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
    this.order = new Int32Array(most);
    this.#trial = new Int32Array(most);
    this.#keys = new Float64Array(most);
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

  /** Tries the order given, plain ones, that of the last plan, and `moves` of one job to another place. `below(n)`: at random from 0. */
  search(moves: number, below: (limit: number) => number): void {
    const jobs = this.#jobs;
    const order = this.order;
    for (let at = 0; at < jobs; at += 1) order[at] = at;
    let best = this.#plan(order, Number.POSITIVE_INFINITY);
    const p = this.#processors;
    const d = this.#predictedS;
    const keys: readonly ((at: number) => number)[] = [
      (at) => ((p[at] ?? 0) * (d[at] ?? 0)) / (this.#weight[at] ?? 1),
      (at) => d[at] ?? 0,
      (at) => (p[at] ?? 0) * 1e12 + (d[at] ?? 0),
      (at) => this.#arrival[at] ?? 0,
      (at) => this.#plannedS[at] ?? 0,
    ];
    for (const key of keys) best = this.#keepIfBetter(best, this.#sorted(key));
    for (let move = 0; move < moves; move += 1) {
      const from = below(jobs);
      const to = below(jobs - 1);
      best = this.#keepIfBetter(best, this.#moved(from, to < from ? to : to + 1));
    }
    this.#plan(order, Number.POSITIVE_INFINITY);
  }

  /** Where the kept plan starts the job at this place now, -1: it starts later. */
  startsNowAt(place: number): number {
    return (this.#startS[place] ?? 0) <= this.#nowS ? (this.#centre[place] ?? -1) : -1;
  }

  /** When the kept plan starts it. */
  plannedS(place: number): number {
    return this.#startS[place] ?? 0;
  }

  #keepIfBetter(best: number, trial: Int32Array): number {
    const cost = this.#plan(trial, best);
    if (cost >= best) return best;
    for (let at = 0; at < this.#jobs; at += 1) this.order[at] = trial[at] ?? 0;
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

  /** Σ weight × wait of the jobs placed in this order; as soon as it is not below `best`, what it is by then. */
  #plan(order: Int32Array, best: number): number {
    for (let at = 0; at < this.#sizes.length; at += 1) {
      const profile = this.#profiles[at];
      if (profile) this.#scratch[at]?.copy(profile);
    }
    let cost = 0;
    for (let i = 0; i < this.#jobs; i += 1) {
      const job = order[i] ?? 0;
      cost += (this.#place(job) - this.#nowS) * (this.#weight[job] ?? 0);
      if (cost >= best) return cost;
    }
    return cost;
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
