/**
 * How far estimates of starts were off, by centre and class of size: what turns an estimate into a range. An error is the
 * true start less the estimated one, in seconds; below 0 it started earlier. Old errors fade: after `memory` newer ones of
 * the same class an error counts half.
 *
 * A class that has seen little borrows from its centre, and a centre from the whole network, as much as `borrowed` errors
 * weigh: estimates of a new centre have a range from its first day, and one of its own after some dozens of starts.
 */
export type StartErrors = {
  readonly all: Spread;
  readonly byCentre: Map<string, Spread>;
  readonly byClass: Map<string, Spread>;
  /** Medians that were asked for since something was learnt last; by class. */
  readonly medians: Map<string, number>;
};

/** The weights of errors in bins whose width grows with the error; see `binOf`. */
type Spread = { readonly weights: Float64Array; total: number };

export type SizeClass = { readonly centre: string; readonly processors: number; readonly timeLimitS: number };

/** Seconds from now; `latest`: nine in ten start before it. Each is at least 0, and earliest ≤ likely ≤ latest. */
export type StartRange = {
  readonly earliestS: number;
  readonly likelyS: number;
  readonly latestS: number;
  /** How many errors it rests on, faded ones for less than one. */
  readonly seen: number;
};

const memory = 200;
const borrowed = 8;
/** Of fewer errors there is no tenth to tell. */
const leastSeen = 10;
/** Half a power of two a bin on each side of 0, up to 2^27 s (four years). */
const sideBins = 54;

export function noStartErrors(): StartErrors {
  return { all: noSpread(), byCentre: new Map(), byClass: new Map(), medians: new Map() };
}

export function learnStart(errors: StartErrors, size: SizeClass, estimatedS: number, trueS: number): void {
  const bin = binOf(trueS - estimatedS);
  add(errors.all, bin);
  add(spreadIn(errors.byCentre, size.centre), bin);
  add(spreadIn(errors.byClass, classKey(size)), bin);
  errors.medians.clear();
}

/** The error in the middle of what was seen at this centre and in this class, in seconds; null: nothing was seen there. */
export function medianError(errors: StartErrors, size: SizeClass): number | null {
  if (!errors.byCentre.has(size.centre)) return null;
  const key = classKey(size);
  const known = errors.medians.get(key);
  if (known !== undefined) return known;
  const median = quantileOf(weightsOf(errors, size), 0.5);
  errors.medians.set(key, median);
  return median;
}

/** null: too little was learnt to say how far the estimate may be off. */
export function startRange(errors: StartErrors, size: SizeClass, estimatedS: number): StartRange | null {
  if (Math.round(errors.all.total) < leastSeen) return null;
  const own = errors.byClass.get(classKey(size));
  const weights = weightsOf(errors, size);
  const at = (share: number) => Math.max(0, Math.round(estimatedS + quantileOf(weights, share)));
  return { earliestS: at(0.1), likelyS: at(0.5), latestS: at(0.9), seen: Math.floor(own?.total ?? 0) };
}

function weightsOf(errors: StartErrors, size: SizeClass): Float64Array {
  const centre = blend(errors.byCentre.get(size.centre), errors.all.weights, errors.all.total);
  return blend(errors.byClass.get(classKey(size)), centre, sum(centre));
}

/** Processors and time limit, each to the power of four below it: jobs of one class wait alike. */
function classKey({ centre, processors, timeLimitS }: SizeClass): string {
  const step = (value: number) => Math.floor(Math.log2(Math.max(1, value)) / 2);
  return `${centre} ${step(processors)} ${step(timeLimitS)}`;
}

function noSpread(): Spread {
  return { weights: new Float64Array(2 * sideBins + 1), total: 0 };
}

function spreadIn(spreads: Map<string, Spread>, key: string): Spread {
  const known = spreads.get(key);
  if (known) return known;
  const made = noSpread();
  spreads.set(key, made);
  return made;
}

function add(spread: Spread, bin: number): void {
  const kept = 0.5 ** (1 / memory);
  for (let i = 0; i < spread.weights.length; i++) spread.weights[i] = (spread.weights[i] ?? 0) * kept;
  spread.weights[bin] = (spread.weights[bin] ?? 0) + 1;
  spread.total = spread.total * kept + 1;
}

/** The spread's own weights, and beside them as much as `borrowed` errors of the wider one. */
function blend(spread: Spread | undefined, wider: Float64Array, total: number): Float64Array {
  return wider.map((weight, bin) => (spread?.weights[bin] ?? 0) + (weight * borrowed) / total);
}

function sum(weights: Float64Array): number {
  return weights.reduce((total, weight) => total + weight, 0);
}

/** 0 is the bin in the middle; an error of e seconds is 2·log2(1 + |e|) bins away from it, to its side. */
function binOf(errorS: number): number {
  const away = Math.min(sideBins, Math.ceil(2 * Math.log2(1 + Math.abs(errorS))));
  return sideBins + Math.sign(errorS) * away;
}

/** The bins' greater end away from 0: a promise errs to the careful side. */
function endOf(bin: number): number {
  const away = Math.abs(bin - sideBins);
  return Math.sign(bin - sideBins) * (2 ** (away / 2) - 1);
}

function quantileOf(weights: Float64Array, share: number): number {
  const wanted = share * sum(weights);
  let passed = 0;
  for (let bin = 0; bin < weights.length; bin++) {
    passed += weights[bin] ?? 0;
    if (passed >= wanted) return endOf(bin);
  }
  return endOf(weights.length - 1);
}
