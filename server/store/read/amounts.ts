import type pg from "pg";
import type { z } from "zod";
import type { cost, usageAmounts } from "#api/job.ts";
import { costOf, parseTariff } from "#core/ledger/tariff.ts";
import { parseUnit, type Unit } from "#core/ledger/unit.ts";
import { assert } from "#core/unreachable.ts";

/** Amounts by ledger unit, as decimal text (M1). */
export type Amounts = Readonly<Record<string, string>>;
export const noAmounts: Amounts = {};

/** The four figures of the API. Device classes are kept apart in the books; here their card time is added up. */
export function amountsView(amounts: Amounts): z.output<typeof usageAmounts> {
  let milliCardMs = 0n;
  for (const [unit, amount] of Object.entries(amounts)) {
    if (unit.startsWith("milli-card-ms:")) milliCardMs += BigInt(amount);
  }
  return {
    coreMs: amounts["core-ms"] ?? "0",
    milliCardMs: milliCardMs.toString(),
    memoryMibS: amounts["mib-s"] ?? "0",
    wallMs: amounts["wall-ms"] ?? "0",
  };
}

/** What the amounts cost under the version pinned to them, as core prices it. */
export function costView(pinned: string, amounts: Amounts): z.output<typeof cost> {
  const version = parseTariff(pinned);
  assert(version !== null, `the tariff ${pinned} is known`);
  const { tariffVersion, currency, amountMicroYuan } = costOf(version, booked(amounts));
  return { tariffVersion, currency, amountMicroYuan: amountMicroYuan.toString() };
}

function booked(amounts: Amounts): ReadonlyMap<Unit, bigint> {
  const byUnit = new Map<Unit, bigint>();
  for (const [text, amount] of Object.entries(amounts)) {
    const unit = parseUnit(text);
    assert(unit !== null, `the unit ${text} is known`);
    byUnit.set(unit, BigInt(amount));
  }
  return byUnit;
}

/** What the books say a job has used: everything posted for its runs; of an array, the sum kept with it. */
export async function readJobAmounts(pool: pg.Pool, job: number, tasks: number): Promise<Amounts> {
  const { rows } = await pool.query<{ unit: string; amount: string }>(
    tasks > 1
      ? "select unit, amount::text from usage_array where job_id = $1"
      : `select unit, sum(amount)::text as amount from transfer
         where job_id = $1 and kind in ('single', 'post') group by unit`,
    [job],
  );
  return Object.fromEntries(rows.map((row) => [row.unit, row.amount]));
}
