import type pg from "pg";
import type { z } from "zod";
import type { usageRow } from "#api/network.ts";
import { networkZone, networkZoneMs } from "#core/ledger/network-day.ts";
import { tariffInForce } from "#core/ledger/tariff.ts";
import { type Amounts, amountsView, costView, noAmounts } from "./amounts.ts";

export type UsageBy = "project" | "person" | "centre" | "job" | "day";
export type UsageRow = z.output<typeof usageRow>;

/**
 * What was posted in [fromMs, toMs), grouped, each group in order of its key (jobs newest first). The exact time of the
 * posting counts: whole days and hours come from their sums, the pieces at both ends from the transfers themselves.
 */
export async function readUsage(pool: pg.Pool, filter: UsageFilter): Promise<readonly UsageRow[]> {
  const values = [filter.projects, ...piecesOf(filter), filter.limit, filter.after];
  const { text } = groupings[filter.by];
  const { rows } = await pool.query<GroupRow>(text, values);
  return rows.map(rowView);
}

/** The sum over all groups. */
export async function readUsageTotal(pool: pg.Pool, filter: UsageFilter): Promise<Omit<UsageRow, "key">> {
  const { rows } = await pool.query<GroupRow>(totalQuery, [filter.projects, ...piecesOf(filter)]);
  const { key: _all, ...total } = rowView(rows[0] ?? { key: "", runs: 0, amounts: null });
  return total;
}

export type UsageFilter = {
  /** null: of all projects. */
  readonly projects: readonly number[] | null;
  readonly by: UsageBy;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** The key of the last group of the page before. */
  readonly after: string | null;
  readonly limit: number;
};

type GroupRow = { readonly key: string; readonly runs: number; readonly amounts: Amounts | null };

function rowView(row: GroupRow): UsageRow {
  return {
    key: row.key,
    runs: row.runs,
    amounts: amountsView(row.amounts ?? noAmounts),
    cost: costView(tariffInForce, row.amounts ?? noAmounts),
  };
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** As in the table. */
const zoneMs = networkZoneMs;
const endOfTimeMs = 8_640_000_000_000_000;

/**
 * [from, to) cut into transfers, hours, days, hours, transfers: from ≤ first hour ≤ first day ≤ last day ≤ last hour ≤
 * to. Where no whole day or hour lies within, its two ends meet.
 */
function piecesOf({ fromMs = 0, toMs = endOfTimeMs }: UsageFilter): readonly number[] {
  const [hour, hourEnd] = wholeSpans(fromMs, toMs, hourMs);
  const [day, dayEnd] = wholeSpans(hour, hourEnd, dayMs);
  return [fromMs, hour, day, dayEnd, hourEnd, toMs];
}

function wholeSpans(fromMs: number, toMs: number, spanMs: number): readonly [number, number] {
  const first = Math.ceil((fromMs + zoneMs) / spanMs) * spanMs - zoneMs;
  const last = Math.floor((toMs + zoneMs) / spanMs) * spanMs - zoneMs;
  return first <= last ? [first, last] : [toMs, toMs];
}

/** $1 projects; $2 … $7 the pieces; $8 limit; $9 the last key. */
const parts = `
  select from_ms as at_ms, project_id, person_id, centre_id, unit, runs, amount from usage_span
  where ($1::bigint[] is null or project_id = any($1)) and span_ms = ${dayMs} and from_ms >= $4::bigint and from_ms < $5::bigint
  union all
  select from_ms, project_id, person_id, centre_id, unit, runs, amount from usage_span
  where ($1::bigint[] is null or project_id = any($1)) and span_ms = ${hourMs}
    and ((from_ms >= $3::bigint and from_ms < $4::bigint) or (from_ms >= $5::bigint and from_ms < $6::bigint))
  union all
  select at_ms, project_id, person_id, centre_id, unit, runs, amount from posted
  where ($1::bigint[] is null or project_id = any($1))
    and ((at_ms >= $2::bigint and at_ms < $3::bigint) or (at_ms >= $6::bigint and at_ms < $7::bigint))`;

/** Summed by `id` first, of which there are few; `key` is what its readers know it by, and unique. */
function grouped(id: string, key: string, join = ""): { readonly text: string } {
  return {
    text: `
    with part as (${parts}), unit_sum as (
      select ${id} as id, unit, sum(part.runs)::bigint as runs, sum(amount)::text as amount from part group by 1, 2
    ), keyed as (
      select ${key} as key, unit_sum.* from unit_sum ${join}
    )
    select key, sum(runs)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from keyed
    where $9::text is null or key > $9 group by key order by key limit $8`,
  };
}

const groupings: Readonly<Record<UsageBy, { readonly text: string }>> = {
  project: grouped("project_id", "project.name", "join project using (id)"),
  person: grouped("person_id", "person.name", "join person using (id)"),
  centre: grouped("centre_id", "id"),
  day: grouped(
    `span_start(at_ms, ${dayMs})`,
    `to_char(to_timestamp(id / 1000) at time zone '${networkZone}', 'YYYY-MM-DD')`,
  ),
  // Straight from the transfers, job by job from the newest, until the page is full; $3 … $6 are of no use here.
  job: {
    text: `
    select job.id::text as key, posted.runs, posted.amounts from job
    cross join lateral (
      select sum(runs)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from (
        select unit, sum(amount)::text as amount,
          count(*) filter (where unit = 'wall-ms' and kind = 'post') as runs
        from transfer
        where job_id = job.id and kind in ('single', 'post') and at_ms >= $2::bigint and at_ms < $7::bigint
          and num_nonnulls($3::bigint, $4::bigint, $5::bigint, $6::bigint) = 4
        group by unit
      ) unit_sum
    ) posted
    where ($1::bigint[] is null or job.project_id = any($1)) and ($9::text is null or job.id < $9::text::bigint)
      and posted.runs is not null
    order by job.id desc limit $8`,
  },
};

const totalQuery = `
  with part as (${parts}), unit_sum as (
    select unit, sum(runs)::bigint as runs, sum(amount)::text as amount from part group by unit
  )
  select '' as key, coalesce(sum(runs), 0)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from unit_sum`;
