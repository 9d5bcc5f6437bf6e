import type { Prediction } from "../policy.ts";

/**
 * Run times foretold from what jobs of the same kind took, as a share of the time they asked for: a decayed mean each of the
 * home, of the same limit there, of the person, of that person's jobs of this limit, and of these with as many processors.
 * Each narrower mean is shrunk towards the wider one before it, so a person without history is judged by others. Only
 * completed jobs are learnt from. People and homes are numbers of the caller's.
 */
export class RunTimes {
  readonly #shrinkage: readonly number[];
  readonly #memory: readonly number[];
  readonly #levels = Array.from({ length: levels }, () => new Means());
  readonly #classes = new Map<number, number>();
  /** The place in each level, `levels` entries a class. */
  #places = new Int32Array(64 * levels);
  #ended = 0;
  /** Of the two widest levels, which others' jobs move, what they were after so many ends; null: nobody asks for it. */
  #past: readonly Past[] | null = null;

  constructor({ shrinkage, memory }: Prediction) {
    this.#shrinkage = [wideShrinkage, wideShrinkage, shrinkage, shrinkage, shrinkage];
    this.#memory = [wideMemory, wideMemory, personMemory, memory, memory];
  }

  /** The number of the class of jobs that are alike in home, person, limit (whole seconds) and processors (below 2^21). */
  classOf(home: number, person: number, limitS: number, processors: number): number {
    const [ofHome, ofLimit, ofPerson, ofPersonLimit, ofClass] = this.#levels;
    const personLimit = ofPersonLimit?.placeOf(person * 4_294_967_296 + limitS) ?? 0;
    const key = personLimit * mostProcessors + processors;
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const number = this.#classes.size;
    this.#classes.set(key, number);
    if ((number + 1) * levels > this.#places.length) {
      const larger = new Int32Array(this.#places.length * 2);
      larger.set(this.#places);
      this.#places = larger;
    }
    const places = [
      ofHome?.placeOf(home),
      ofLimit?.placeOf(home * 4_294_967_296 + limitS),
      ofPerson?.placeOf(person),
      personLimit,
      ofClass?.placeOf(key),
    ];
    for (const [level, place] of places.entries()) this.#places[number * levels + level] = place ?? 0;
    return number;
  }

  /** How many ends were learnt from. */
  get ended(): number {
    return this.#ended;
  }

  /** What such a job is expected to take: from 1 to its limit, seconds, not rounded. */
  predictS(kind: number, limitS: number): number {
    return this.#predictFromS(kind, limitS, shareOfNothingKnown, 0);
  }

  /**
   * What that was after so many ends, where `keepPast` was called before them and no job of this person has ended since:
   * then others alone have moved it, in the means of the home and of the limit.
   */
  predictAfterS(kind: number, limitS: number, ended: number): number {
    if (ended === this.#ended) return this.predictS(kind, limitS);
    let share = shareOfNothingKnown;
    for (let level = 0; level < wideLevels; level += 1) {
      const place = this.#places[kind * levels + level] ?? 0;
      share = this.#past?.[level]?.shareAfter(place, ended, share, this.#shrinkage[level] ?? 0) ?? share;
    }
    return this.#predictFromS(kind, limitS, share, wideLevels);
  }

  /** From now on `predictAfterS` can be asked about ends that come, and no more about those that were. */
  keepPast(): void {
    this.#past ??= this.#levels.slice(0, wideLevels).map((means) => new Past(means));
    for (const past of this.#past) past.clear();
  }

  #predictFromS(kind: number, limitS: number, wideShare: number, from: number): number {
    let share = wideShare;
    for (let level = from; level < levels; level += 1) {
      const means = this.#levels[level];
      const place = this.#places[kind * levels + level] ?? 0;
      const shrinkage = this.#shrinkage[level] ?? 0;
      share = ((means?.sum[place] ?? 0) + shrinkage * share) / ((means?.weight[place] ?? 0) + shrinkage);
    }
    return Math.min(limitS, Math.max(1, share * limitS));
  }

  /** Whether at least three jobs of that person have ended: else the prediction is rather that of half the limit, or of others. */
  knowsPerson(kind: number): boolean {
    return (this.#levels[2]?.weight[this.#places[kind * levels + 2] ?? 0] ?? 0) > 1 + personMemory;
  }

  /** A job of this class has ended after `runS`. */
  learn(kind: number, limitS: number, runS: number): void {
    const share = runS / limitS;
    this.#ended += 1;
    for (let level = 0; level < levels; level += 1) {
      const place = this.#places[kind * levels + level] ?? 0;
      const past = this.#past?.[level];
      past?.before(place);
      this.#levels[level]?.add(place, share, this.#memory[level] ?? 1);
      past?.after(place, this.#ended);
    }
  }

  /** All that is learnt, level by level, for another of the same levels. */
  learnt(): LearntRunTimes {
    const learnt = this.#levels.map((means) => means.entries());
    // Keys of the narrowest name the places of the one before it, which are others in what is told.
    const [narrowest = [], before = []] = [learnt[levels - 1], learnt[levels - 2]];
    const places = new Map(before.map(([key], place) => [this.#levels[levels - 2]?.placeOf(key), place]));
    const renamed = narrowest.map(([key, sum, weight]) => {
      const place = places.get(Math.floor(key / mostProcessors)) ?? 0;
      return [place * mostProcessors + (key % mostProcessors), sum, weight] as const;
    });
    return [...learnt.slice(0, levels - 1), renamed];
  }

  /** Begins with what another has learnt; nothing was learnt here yet. */
  recall(learnt: LearntRunTimes): void {
    for (const [level, entries] of learnt.entries())
      for (const [key, sum, weight] of entries) this.#levels[level]?.set(key, sum, weight);
  }
}

/** Of each level: which mean, its decayed sum, and the weight of that. */
export type LearntRunTimes = readonly (readonly (readonly [key: number, sum: number, weight: number])[])[];

/** A prediction that the job has outlived is raised by half of what it ran, by at least half a minute, up to its limit. */
export function raisedS(predictedS: number, elapsedS: number, limitS: number): number {
  if (elapsedS < predictedS) return predictedS;
  return Math.max(Math.min(limitS, Math.max(elapsedS * 1.5, elapsedS + 30)), elapsedS);
}

const levels = 5;
/** The home's, and that of the same limit there. */
const wideLevels = 2;
const mostProcessors = 2_097_152;
const shareOfNothingKnown = 0.5;
const wideShrinkage = 5;
const wideMemory = 0.98;
const personMemory = 0.8;

/** Decayed sums and their weights, by a dense number of each key. */
class Means {
  sum = new Float64Array(64);
  weight = new Float64Array(64);
  readonly #places = new Map<number, number>();

  placeOf(key: number): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(key, place);
    if (place >= this.sum.length) {
      this.sum = doubled(this.sum);
      this.weight = doubled(this.weight);
    }
    return place;
  }

  entries(): readonly (readonly [number, number, number])[] {
    return [...this.#places].flatMap(([key, place]) => {
      const weight = this.weight[place] ?? 0;
      return weight > 0 ? [[key, this.sum[place] ?? 0, weight] as const] : [];
    });
  }

  set(key: number, sum: number, weight: number): void {
    const place = this.placeOf(key);
    this.sum[place] = sum;
    this.weight[place] = weight;
  }

  add(place: number, value: number, memory: number): void {
    this.sum[place] = (this.sum[place] ?? 0) * memory + value;
    this.weight[place] = (this.weight[place] ?? 0) * memory + 1;
  }
}

/** What means were: of each place that was added to, the ends after which it changed, with sum and weight from then on. */
class Past {
  readonly #means: Means;
  readonly #rows = new Map<number, number[]>();

  constructor(means: Means) {
    this.#means = means;
  }

  clear(): void {
    if (this.#rows.size > 0) this.#rows.clear();
  }

  before(place: number): void {
    if (!this.#rows.has(place)) this.#rows.set(place, [0, this.#means.sum[place] ?? 0, this.#means.weight[place] ?? 0]);
  }

  after(place: number, ended: number): void {
    this.#rows.get(place)?.push(ended, this.#means.sum[place] ?? 0, this.#means.weight[place] ?? 0);
  }

  /** The mean of the place after so many ends, shrunk towards that share. */
  shareAfter(place: number, ended: number, share: number, shrinkage: number): number {
    const rows = this.#rows.get(place);
    if (rows === undefined)
      return ((this.#means.sum[place] ?? 0) + shrinkage * share) / ((this.#means.weight[place] ?? 0) + shrinkage);
    let low = 0;
    let high = rows.length / 3;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((rows[middle * 3] ?? 0) <= ended) low = middle;
      else high = middle;
    }
    return ((rows[low * 3 + 1] ?? 0) + shrinkage * share) / ((rows[low * 3 + 2] ?? 0) + shrinkage);
  }
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
