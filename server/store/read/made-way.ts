import type pg from "pg";
import { usageCreditOf } from "#core/scheduling/submitters.ts";
import { policyIn } from "#server/store/policy.ts";

/** A run that was asked to end so that another task starts where it was. */
export type MadeWay = {
  readonly attempt: number;
  readonly centre: string;
  readonly atMs: number;
  /** `12` or `12_3`. */
  readonly claimantJob: number;
  /** null: it has not ended. */
  readonly wallMs: number | null;
  /** After how much of it it last said that its work was saved. */
  readonly checkpointMs: number | null;
  /** It ended so; else it ended by itself, or somebody cancelled it. */
  readonly isPreempted: boolean;
  /** Of what it lost, by the policy that was in force when it ended. */
  readonly usageCredit: number;
};

/** The runs of a task that made way for others, in the order of their attempts. */
export async function readMadeWay(pool: pg.Pool, job: number, index: number): Promise<readonly MadeWay[]> {
  const { rows } = await pool.query<Omit<MadeWay, "usageCredit"> & { readonly file: unknown }>(
    `select attempt, centre_id as centre, cancel_ms as "atMs", (cancel -> 'claimant' ->> 'job')::int8 as "claimantJob",
       (usage ->> 'wallMs')::int8 as "wallMs", (usage ->> 'checkpointMs')::int8 as "checkpointMs",
       coalesce("end" ->> 'kind' = 'preempted', false) as "isPreempted",
       (select file from policy where policy.at_ms <= run.ended_ms order by version desc limit 1) as file
     from run where job_id = $1 and index = $2 and cancel ? 'claimant' order by attempt`,
    [job, index],
  );
  return rows.map(({ file, ...row }) => ({ ...row, usageCredit: usageCreditOf(policyIn(file)) }));
}

/** Where runs made way for a task, how many and when first. */
export type WayMade = { readonly centre: string; readonly runs: number; readonly atMs: number };

export async function readWayMade(pool: pg.Pool, job: number, index: number): Promise<readonly WayMade[]> {
  const { rows } = await pool.query<WayMade>(
    `select r.centre_id as centre, count(*)::int as runs, min(r.cancel_ms) as "atMs"
     from run r join job j on j.id = $1
     where r.cancel ? 'claimant' and r.cancel_ms >= j.submitted_ms
       and (r.cancel -> 'claimant' ->> 'job')::int8 = $1 and (r.cancel -> 'claimant' ->> 'index')::int4 = $2
     group by 1 order by 3`,
    [job, index],
  );
  return rows;
}
