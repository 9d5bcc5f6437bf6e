import { type Cost, costOf, type TariffVersion } from "#core/ledger/tariff.ts";
import type { Amounts, Unit } from "#core/ledger/unit.ts";
import { holdOf } from "#core/ledger/usage.ts";
import type { Allocation } from "#core/run-order.ts";

/** What a job may hold at most, and what that costs (docs/decisions/0046-what-a-quote-is.md). */
export type Quote = {
  readonly tasks: number;
  /** How often each task may be run: once, and once more for each retry. */
  readonly attempts: number;
  /** Of each unit the most that one attempt may hold. It gets cards of one class: those of two are never added up. */
  readonly perTask: Amounts;
  /** Of all attempts of all tasks. */
  readonly total: Amounts;
  /** The same, each where it is dearest. */
  readonly cost: Cost;
};

/** `given`: all that one task may be given, each with its hold. */
export function quoteOf(version: TariffVersion, { given, timeLimitS, graceS, tasks, retries }: QuotedJob): Quote {
  const attempts = 1 + retries;
  const times = (amounts: Amounts): Amounts =>
    new Map([...amounts].map(([unit, amount]) => [unit, amount * BigInt(tasks * attempts)]));
  const perTask = new Map<Unit, bigint>();
  let cost = costOf(version, perTask);
  for (const allocation of given) {
    const hold = holdOf(allocation, timeLimitS, graceS);
    for (const [unit, amount] of hold) if (amount > (perTask.get(unit) ?? 0n)) perTask.set(unit, amount);
    const costHere = costOf(version, times(hold));
    if (costHere.amountMicroYuan > cost.amountMicroYuan) cost = costHere;
  }
  return { tasks, attempts, perTask, total: times(perTask), cost };
}

export type QuotedJob = {
  readonly given: readonly Allocation[];
  readonly timeLimitS: number;
  readonly graceS: number;
  readonly tasks: number;
  readonly retries: number;
};
