import { classKey, type SizeClass } from "#core/scheduling/estimate/seen-waits.ts";

/**
 * How far estimates of starts in centres' own queues were off, by pool and class of size: by their median places are chosen
 * (docs/decisions/0034). What people are told rests on waits as they were (`seen-waits.ts`). An error is the true start less
 * the estimated one, in seconds; below 0 it started earlier. Old errors fade: after `memory` newer ones of the same class an
 * error counts half.
 *
 * A class that has seen little borrows from its pool, and a pool from the whole network, as much as `borrowed` errors weigh.
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

const memory = 200;
const borrowed = 8;
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

function weightsOf(errors: StartErrors, size: SizeClass): Float64Array {
  const centre = blend(errors.byCentre.get(size.centre), errors.all.weights, errors.all.total);
  return blend(errors.byClass.get(classKey(size)), centre, sum(centre));
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
