import type { Lookahead } from "../policy.ts";

/**
 * How far off predicted run times were of late, over all jobs that ended: |run time − predicted| ÷ the larger of the two,
 * a decayed mean. What a plan foretells is worth as much as what it is made of. It is one figure for the network, so that
 * nobody's work weighs less in a plan than another's for being harder to foretell.
 */
export class Doubt {
  #sum = unknownJobs * unknownError;
  #weight = unknownJobs;

  /** A job has ended that was predicted so when it started. */
  learn(predictedS: number, ranS: number): void {
    const error = Math.abs(ranS - predictedS) / Math.max(1, ranS, predictedS);
    this.#sum = this.#sum * memory + error;
    this.#weight = this.#weight * memory + 1;
  }

  /** For another to go on with. */
  remembered(): RememberedDoubt {
    return { sum: this.#sum, weight: this.#weight };
  }

  recall({ sum, weight }: RememberedDoubt): void {
    this.#sum = sum;
    this.#weight = weight;
  }

  /** 0: run times come as foretold, within `noError`. 1: they are off by `wholeError` or more, as in logs of people's jobs. */
  get share(): number {
    const error = this.#sum / this.#weight;
    return Math.min(1, Math.max(0, (error - noError) / (wholeError - noError)));
  }
}

export type RememberedDoubt = { readonly sum: number; readonly weight: number };

/** What a plan minds, between the policy's settings for run times that are known and for those that are doubted. */
export function mindedBy(
  { slowdownWeightS, knownSlowdownWeightS, holdBackCost }: Lookahead,
  doubt: number,
): { readonly slowdownWeightS: number; readonly holdBackCost: number } {
  return {
    slowdownWeightS: knownSlowdownWeightS + (slowdownWeightS - knownSlowdownWeightS) * doubt,
    holdBackCost: holdBackCost * doubt,
  };
}

const noError = 0.05;
const wholeError = 0.2;
/** What is not known yet is doubted. */
const unknownJobs = 5;
const unknownError = 0.5;
const memory = 0.998;
