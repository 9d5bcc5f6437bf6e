import { createGenerator, type Generator } from "#core/scheduling/kernel/generator.ts";
import { normal, uniform } from "./distributions.ts";
import type { Model } from "./model.ts";

/**
 * Training and development jobs of an AI cluster; a processor is one accelerator. The figures are those of Helios, 1.58
 * million GPU jobs of SenseTime in six months (Q. Hu et al., "Characterization and prediction of deep learning workloads in
 * large-scale GPU datacenters", SC'21):
 * - size: a power of two with P(2^k) ∝ 2^(−1.18 k), the exponent that gives the mean of 3.72 GPUs with 2 048 as the
 *   largest; it then gives 56 % of jobs one GPU, and to those of 8 and more 60 % of the GPU time, as the paper has them.
 *   On a smaller machine the sizes end at it.
 * - run time: lognormal with the median of 206 s and the mean of 6 652 s, which together give σ² = 2 ln(mean ÷ median);
 *   what would run longer than 50 days, the longest there, is drawn again.
 * What the paper gives as pictures only is ours: arrivals are a Poisson process whose rate over the day is 1 + 0.5 cos with
 * its height at 15 h; a hundred users in ten groups submit by Zipf's law; and a time limit is the first round value above
 * the run time times 2^u, u uniform from 0 to 3, people being known to ask for round values and for too much (Tsafrir,
 * Etsion and Feitelson, JSSPP 2005).
 */
export const aiCluster: Model = {
  name: "ai",
  words: "AI cluster after Helios (Hu et al., SC'21)",
  mostProcessors: 1_048_576,
  usualLoad: 0.85,
  draw: ({ jobs, processors, seed }, take) => {
    const generator = createGenerator(seed);
    const sizes = cumulated(sizeWeights(processors));
    const people = cumulated(Array.from({ length: users }, (_, place) => 1 / (place + 1)));
    for (let i = 0; i < jobs; i += 1) {
      const gapS = -Math.log(uniform(generator));
      const size = 2 ** drawn(generator, sizes);
      const runS = runOf(generator);
      const user = 1 + drawn(generator, people);
      const requestedS = limitOf(generator, runS);
      take({ gapS, processors: size, runS, requestedS, user, group: 1 + (user % groups) }, i);
    }
  },
  rates: () => Array.from({ length: 48 }, (_, place) => 1 + 0.5 * Math.cos((2 * Math.PI * (place + 0.5 - 30)) / 48)),
};

export const helios = {
  sizeExponent: 1.18,
  mostProcessors: 2048,
  medianRunS: 206,
  meanRunS: 6652,
  longestRunS: 50 * 86_400,
} as const;

/** Of sizes 1, 2, 4, … up to the machine's. */
export function sizeWeights(processors: number): readonly number[] {
  const most = Math.floor(Math.log2(Math.min(processors, helios.mostProcessors)));
  return Array.from({ length: most + 1 }, (_, k) => 2 ** (-helios.sizeExponent * k));
}

const users = 100;
const groups = 10;
const minuteS = 60;
const hourS = 3600;
const dayS = 86_400;
const limitsS = [
  ...[5, 10, 15, 20, 30].map((minutes) => minutes * minuteS),
  ...[1, 2, 3, 4, 6, 8, 12, 18].map((hours) => hours * hourS),
  ...[1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 180, 365, 400].map((days) => days * dayS),
];

function runOf(generator: Generator): number {
  const sigma = Math.sqrt(2 * Math.log(helios.meanRunS / helios.medianRunS));
  while (true) {
    const runS = Math.ceil(helios.medianRunS * Math.exp(sigma * normal(generator)));
    if (runS <= helios.longestRunS) return runS;
  }
}

function limitOf(generator: Generator, runS: number): number {
  const wishedS = runS * 2 ** (3 * uniform(generator));
  return limitsS.find((limitS) => limitS >= wishedS) ?? runS;
}

function cumulated(weights: readonly number[]): readonly number[] {
  let sum = 0;
  const sums = weights.map((weight) => {
    sum += weight;
    return sum;
  });
  return sums.map((value) => value / sum);
}

function drawn(generator: Generator, shares: readonly number[]): number {
  const value = uniform(generator);
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 1) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
