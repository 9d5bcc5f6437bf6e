import type pg from "pg";
import type { Intake } from "#core/centre/intake.ts";
import { usualRetentionDays } from "#core/centre/terms.ts";
import type { CentreId } from "#core/ids.ts";

export type IntakeRow = {
  readonly intake: Intake;
  /** Runs there that have not started, and those that run. */
  readonly waiting: number;
  readonly running: number;
  /** The tenants whose home it is, by name. */
  readonly homeOf: readonly string[];
  /** By the terms in force, for once it has left. */
  readonly retentionDays: number;
  readonly history: readonly { readonly step: string; readonly by: string | null; readonly atMs: number }[];
};

/** By the terms of a centre `c`. */
export const retentionDaysText = `coalesce((select (t.terms ->> 'retentionDays')::int from centre_terms t
  where t.centre_id = c.id order by t.id desc limit 1), ${usualRetentionDays})`;

/** null where there is no such centre. */
export async function readIntake(db: Pick<pg.Pool, "query">, centre: CentreId): Promise<IntakeRow | null> {
  const { rows } = await db.query<Omit<IntakeRow, "history">>(
    `select intake,
       (select count(*)::int from run where centre_id = c.id and ended_ms is null and started_ms is null) as waiting,
       (select count(*)::int from run where centre_id = c.id and ended_ms is null and started_ms is not null) as running,
       array(select name from tenant where home_centre = c.id order by name) as "homeOf",
       ${retentionDaysText} as "retentionDays"
     from centre c where id = $1`,
    [centre],
  );
  const [row] = rows;
  if (!row) return null;
  const steps = await db.query<IntakeRow["history"][number]>(
    `select s.step, p.name as by, s.at_ms as "atMs" from centre_step s left join person p on p.id = s.person_id
     where s.centre_id = $1 order by s.id desc limit 50`,
    [centre],
  );
  return { ...row, history: steps.rows };
}
