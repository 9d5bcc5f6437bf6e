import { createGenerator, type Generator } from "#core/scheduling/kernel/generator.ts";
import { type Gamma, gamma, uniform } from "./distributions.ts";
import type { Model } from "./model.ts";

/**
 * The batch jobs of U. Lublin and D. G. Feitelson, "The workload on parallel supercomputers: modeling the characteristics
 * of rigid jobs", JPDC 63(11), 2003, with the parameters of their model program:
 * - size: 1 with the share of serial jobs; else 2^u, u from a two-stage uniform distribution, rounded to a power of two for
 *   another share. The upper end is the size of the machine, the middle 2.5 below it, as the paper sets it. A size that
 *   rounding has carried over a machine that is no power of two is cut to it.
 * - run time: e^x seconds, x from one of two gamma distributions; large jobs take the second, longer one more often. What
 *   would run longer than e^12 s is drawn again.
 * - arrival: e^y seconds of the day's mean rate between two jobs, y gamma distributed and at most 13; each half hour of the
 *   day passes these the faster, the more jobs it has, which is a gamma distribution over the day that begins at 5 h.
 * The paper has no time limits and no users: both are missing in what is drawn.
 */
export const lublin: Model = {
  name: "lublin",
  words: "Lublin and Feitelson (JPDC 2003), batch jobs",
  mostProcessors: 1_048_576,
  usualLoad: null,
  draw: ({ jobs, processors, seed }, take) => {
    const generator = createGenerator(seed);
    for (let i = 0; i < jobs; i += 1) {
      const gapS = betweenS(generator);
      const size = sizeOf(generator, processors);
      take({ gapS, processors: size, runS: runOf(generator, size), requestedS: -1, user: -1, group: -1 }, i);
    }
  },
  rates: halfHourRates,
};

/** The table of batch jobs. */
export const batchJobs = {
  serial: 0.2927,
  powerOfTwo: 0.6686,
  /** log2 of sizes: the least, the middle's distance from the machine's, and the share below the middle. */
  least: 1.2,
  middleBelowMost: 2.5,
  below: 0.875,
  short: { shape: 6.57, scale: 0.823 },
  long: { shape: 639.1, scale: 0.0156 },
  /** The share of short ones of jobs of n processors is `shortAtNone` + `shortByProcessor` × n. */
  shortAtNone: 0.6986,
  shortByProcessor: -0.003,
  longestLog: 12,
  /** Of the rush hours, whose shape times `rushToAll` is that of all hours. */
  between: { shape: 6.0415, scale: 0.8531 },
  rushToAll: 1.0519,
  betweenMostLog: 13,
  daily: { shape: 6.1271, scale: 5.274 },
} as const;

/** log2 of the sizes of parallel jobs on a machine: uniform from low to middle, and from middle to high. */
export function sizeStages(processors: number): {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
} {
  const high = Math.log2(processors);
  const low = Math.min(batchJobs.least, high);
  return { low, middle: Math.min(Math.max(high - batchJobs.middleBelowMost, low), high), high };
}

/** The share of a job's run times that come from the first gamma distribution. */
export function shortShare(processors: number): number {
  return Math.min(1, Math.max(0, batchJobs.shortAtNone + batchJobs.shortByProcessor * processors));
}

function betweenS(generator: Generator): number {
  const { between, rushToAll, betweenMostLog } = batchJobs;
  return Math.exp(atMost(generator, { shape: between.shape * rushToAll, scale: between.scale }, betweenMostLog));
}

function sizeOf(generator: Generator, processors: number): number {
  const kind = uniform(generator);
  if (kind <= batchJobs.serial || processors === 1) return 1;
  const { low, middle, high } = sizeStages(processors);
  const [from, to] = uniform(generator) <= batchJobs.below ? [low, middle] : [middle, high];
  const log = from + uniform(generator) * (to - from);
  const size =
    kind <= batchJobs.serial + batchJobs.powerOfTwo ? 2 ** Math.floor(log + 0.5) : Math.floor(2 ** log + 0.5);
  return Math.min(size, processors);
}

function runOf(generator: Generator, processors: number): number {
  const share = shortShare(processors);
  while (true) {
    const log = gamma(generator, uniform(generator) <= share ? batchJobs.short : batchJobs.long);
    if (log <= batchJobs.longestLog) return Math.floor(Math.exp(log));
  }
}

function atMost(generator: Generator, distribution: Gamma, most: number): number {
  while (true) {
    const value = gamma(generator, distribution);
    if (value <= most) return value;
  }
}

/** For each half hour from midnight: its share of the day's jobs × 48. The paper's day has the half hours 11 to 58. */
function halfHourRates(): readonly number[] {
  const halfHours = 48;
  const first = 11;
  const weights = new Array<number>(halfHours).fill(0);
  for (let i = first; i < first + halfHours; i += 1) weights[(i - 1) % halfHours] = areaAround(i);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * halfHours) / sum);
}

/** Of the density of `daily`, but for a factor, from i − ½ to i + ½, by Simpson's rule. */
function areaAround(i: number): number {
  const { shape, scale } = batchJobs.daily;
  const density = (x: number) => Math.exp((shape - 1) * Math.log(x) - x / scale);
  const steps = 16;
  const at = (step: number) => density(i - 0.5 + step / steps);
  let sum = at(0) + at(steps);
  for (let step = 1; step < steps; step += 1) sum += at(step) * (step % 2 === 1 ? 4 : 2);
  return sum / (3 * steps);
}
