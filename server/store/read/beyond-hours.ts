import type pg from "pg";
import type { DriverName, PoolContract } from "#core/centre/centre.ts";
import { openingAt } from "#core/centre/hours.ts";
import { type CentreTerms, poolTerms } from "#core/centre/terms.ts";
import type { CentreId } from "#core/ids.ts";
import type { AskedBack } from "#server/store/ask-back.ts";

/**
 * Where runs wait under leases that reach beyond the hours in which work may be started there, because they had been sent
 * before the hours were agreed. A lease of what was sent since ends with them.
 */
export async function readBeyondHours(db: Pick<pg.Pool, "query">, nowMs: number): Promise<readonly AskedBack[]> {
  const { rows } = await db.query<Row>(
    `select c.id as centre, c.driver, t.terms, p.name as pool, p.contract, max(r.latest_start_ms) as "latestMs"
     from centre c
     cross join lateral (select terms from centre_terms where centre_id = c.id order by id desc limit 1) t
     join pool p on p.centre_id = c.id
     join run r on r.centre_id = c.id and r.pool = p.name and r.ended_ms is null and r.started_ms is null
       and r.withdraw_ms is null and r.cancel_ms is null
     where jsonb_path_exists(t.terms, '$.**.hours[*]')
     group by c.id, t.terms, p.id`,
  );
  return rows.flatMap(({ centre, driver, terms, pool, contract, latestMs }) => {
    const { hours } = poolTerms(terms, { name: pool, contract }, driver);
    const opening = openingAt(hours, nowMs);
    const closesMs = opening.kind === "open" ? opening.closesMs : nowMs;
    if (closesMs === null || latestMs <= closesMs + slackMs) return [];
    const cause = `by its terms work may be started in pool ${pool} of ${centre} until ${new Date(closesMs).toISOString()}, and its lease is longer`;
    return [{ centre, pool, beyondMs: closesMs + slackMs, cause }];
  });
}

/** A lease that ends with the hours counts from when the run was written, which is a moment after it was decided. */
const slackMs = 60_000;

type Row = {
  readonly centre: CentreId;
  readonly driver: DriverName;
  readonly terms: CentreTerms;
  readonly pool: string;
  readonly contract: PoolContract;
  readonly latestMs: number;
};
