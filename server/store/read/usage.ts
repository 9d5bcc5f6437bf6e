import type pg from "pg";
import type { z } from "zod";
import type { usageRow } from "#api/network.ts";
import { type Amounts, amountsView, costView, noAmounts } from "./amounts.ts";

export type UsageBy = "project" | "person" | "centre" | "job" | "day";
export type UsageRow = z.output<typeof usageRow>;

/**
 * What was posted in [fromMs, toMs), grouped, each group in order of its key (jobs newest first). The exact time of the
 * posting counts: whole hours come from their sums, the pieces at both ends from the transfers themselves.
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
    cost: costView("free"),
  };
}

const hourMs = 3_600_000;
const endOfTimeMs = 8_640_000_000_000_000;

/** [from, first whole hour) and [last whole hour, to) are read from transfers, what lies between from the hours. */
function piecesOf({ fromMs = 0, toMs = endOfTimeMs }: UsageFilter): readonly number[] {
  const firstMs = Math.ceil(fromMs / hourMs) * hourMs;
  const lastMs = Math.floor(toMs / hourMs) * hourMs;
  // Within one hour there is no whole one.
  return firstMs > lastMs ? [fromMs, toMs, toMs, toMs] : [fromMs, firstMs, lastMs, toMs];
}

/** $1 projects; $2 from, $3 first whole hour, $4 last whole hour, $5 to; $6 limit; $7 the last key. */
const parts = `
  select hour_ms as at_ms, project_id, person_id, centre_id, unit, runs, amount from usage_hour
  where ($1::bigint[] is null or project_id = any($1)) and hour_ms >= $3::bigint and hour_ms < $4::bigint
  union all
  select at_ms, project_id, person_id, centre_id, unit, runs, amount from posted
  where ($1::bigint[] is null or project_id = any($1))
    and ((at_ms >= $2::bigint and at_ms < $3::bigint) or (at_ms >= $4::bigint and at_ms < $5::bigint))`;

function grouped(key: string, join = ""): { readonly text: string } {
  return {
    text: `
    with part as (${parts}), unit_sum as (
      select ${key} as key, unit, sum(part.runs)::bigint as runs, sum(amount)::text as amount
      from part ${join} group by 1, 2
    )
    select key, sum(runs)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from unit_sum
    where $7::text is null or key > $7 group by key order by key limit $6`,
  };
}

const groupings: Readonly<Record<UsageBy, { readonly text: string }>> = {
  project: grouped("project.name", "join project on project.id = part.project_id"),
  person: grouped("person.name", "join person on person.id = part.person_id"),
  centre: grouped("part.centre_id"),
  // A day is one of the network's own: Asia/Shanghai (M5), which has no summer time.
  day: grouped("to_char(to_timestamp(part.at_ms / 1000) at time zone 'Asia/Shanghai', 'YYYY-MM-DD')"),
  // Straight from the transfers, job by job from the newest, until the page is full.
  job: {
    text: `
    select job.id::text as key, posted.runs, posted.amounts from job
    cross join lateral (
      select sum(runs)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from (
        select unit, sum(amount)::text as amount,
          count(*) filter (where unit = 'wall-ms' and kind = 'post') as runs
        from transfer
        where job_id = job.id and kind in ('single', 'post') and at_ms >= $2::bigint and at_ms < $5::bigint
          and $3::bigint is not null and $4::bigint is not null
        group by unit
      ) unit_sum
    ) posted
    where ($1::bigint[] is null or job.project_id = any($1)) and ($7::text is null or job.id < $7::text::bigint)
      and posted.runs is not null
    order by job.id desc limit $6`,
  },
};

const totalQuery = `
  with part as (${parts}), unit_sum as (
    select unit, sum(runs)::bigint as runs, sum(amount)::text as amount from part group by unit
  )
  select '' as key, coalesce(sum(runs), 0)::bigint as runs, jsonb_object_agg(unit, amount) as amounts from unit_sum`;
