import { RunTimes } from "../order/predict.ts";
import { standingScore } from "../order/score.ts";
import type { Policy } from "../policy.ts";
import type { Workload } from "../replay/workload.ts";

/**
 * What jobs are expected to take, and the part of their score that waiting does not change. A job that waits is foretold
 * when it comes and whenever one of its person's has ended; what it was then is reckoned only when somebody asks, so that
 * an end costs the same however many wait. What a job was foretold when it started stays.
 */
export class Foretold {
  readonly #workload: Workload;
  readonly #order: Policy["order"];
  readonly #runTimes: RunTimes | null;
  readonly #kind: Int32Array;
  /** After how many ends a job was foretold, and after how many the last of a person's had ended. */
  readonly #after: Int32Array;
  readonly #personAfter: Int32Array;
  readonly #predictedS: Float64Array;
  readonly #standing: Float64Array;

  constructor(workload: Workload, { order, prediction }: Policy) {
    const { count, person } = workload;
    this.#workload = workload;
    this.#order = order;
    this.#runTimes = prediction === null ? null : new RunTimes(prediction);
    this.#kind = new Int32Array(count);
    this.#after = new Int32Array(count);
    this.#personAfter = new Int32Array(person.reduce((most, one) => Math.max(most, one), -1) + 1);
    this.#predictedS = new Float64Array(count);
    this.#standing = new Float64Array(count);
  }

  /** `isAlone`: nobody waits, so nobody will ask about what was before. */
  submit(job: number, isAlone: boolean): void {
    const { home, person, estimateS, processors } = this.#workload;
    const limitS = estimateS[job] ?? 0;
    const runTimes = this.#runTimes;
    let predictedS = limitS;
    if (runTimes !== null) {
      if (isAlone) runTimes.keepPast();
      const kind = runTimes.classOf(home[job] ?? 0, person[job] ?? 0, limitS, processors[job] ?? 0);
      this.#kind[job] = kind;
      this.#after[job] = runTimes.ended;
      predictedS = runTimes.predictS(kind, limitS);
    }
    this.#tell(job, predictedS);
  }

  ended(job: number): void {
    const { estimateS, person, runS } = this.#workload;
    if (this.#runTimes === null) return;
    this.#runTimes.learn(this.#kind[job] ?? 0, estimateS[job] ?? 0, runS[job] ?? 0);
    this.#personAfter[person[job] ?? 0] = this.#runTimes.ended;
  }

  /** Of one that waits. */
  standing(job: number): number {
    this.#renew(job);
    return this.#standing[job] ?? 0;
  }

  /** Of one that waits: as of now. */
  predictedS(job: number): number {
    this.#renew(job);
    return this.#predictedS[job] ?? 0;
  }

  /** Of one that has started: as it was when this or `predictedS` was asked last before. */
  predictedAtStartS(job: number): number {
    return this.#predictedS[job] ?? 0;
  }

  #renew(job: number): void {
    const personAfter = this.#personAfter[this.#workload.person[job] ?? 0] ?? 0;
    if ((this.#after[job] ?? 0) >= personAfter || this.#runTimes === null) return;
    this.#after[job] = personAfter;
    const limitS = this.#workload.estimateS[job] ?? 0;
    this.#tell(job, this.#runTimes.predictAfterS(this.#kind[job] ?? 0, limitS, personAfter));
  }

  #tell(job: number, predictedS: number): void {
    const { estimateS, processors, submitS } = this.#workload;
    this.#predictedS[job] = predictedS;
    this.#standing[job] = standingScore(
      this.#order,
      processors[job] ?? 0,
      predictedS,
      estimateS[job] ?? 0,
      submitS[job] ?? 0,
    );
  }
}
