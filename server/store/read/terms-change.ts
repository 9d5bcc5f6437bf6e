import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import type { DriverName, PoolContract } from "#core/centre/centre.ts";
import type { EnginePool } from "#core/centre/engine.ts";
import { type CentreTerms, defaultTerms, poolTerms, regionOf, usualRetentionDays } from "#core/centre/terms.ts";
import type { TermsChange } from "#core/centre/terms-consequences.ts";
import type { CentreId } from "#core/ids.ts";
import { readUses } from "./centres.ts";

/** A centre under the terms in force and under these: where it lies, and each pool with what of the network is there; null: no centre. */
export async function readTermsChange(db: pg.Pool, centre: CentreId, after: CentreTerms): Promise<TermsChange | null> {
  const { rows } = await db.query<Row>(
    `select c.driver, c.region_code, coalesce(c.engine -> 'pools', '[]') as described,
       (select terms from centre_terms t where t.centre_id = c.id order by t.id desc limit 1) as terms,
       (select coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'contract', p.contract) order by p.id), '[]')
        from pool p where p.centre_id = c.id) as pools
     from centre c where c.id = $1`,
    [centre],
  );
  const [row] = rows;
  if (!row) return null;
  const uses = await readUses(db, [centre]);
  const region = { before: regionOf(row.terms, row.region_code), after: regionOf(after, row.region_code) };
  const retentionDays = {
    before: row.terms?.retentionDays ?? usualRetentionDays,
    after: after.retentionDays ?? usualRetentionDays,
  };
  const pools = row.pools.map((pool) => {
    const use = uses.find((one) => one.pool === pool.name);
    const nodes = row.described.find(({ name }) => name === pool.name)?.nodes ?? [];
    return {
      pool: pool.name,
      before: poolTerms(row.terms ?? defaultTerms(row.driver), pool, row.driver),
      after: poolTerms(after, pool, row.driver),
      cores: nodes.reduce((sum, { count, cores }) => sum + count * cores, 0),
      coresHeld: use?.coresHeld ?? 0,
      waiting: use?.waiting ?? 0,
    };
  });
  const unknown = Object.keys(after.pools).filter((name) => !pools.some(({ pool }) => pool === name));
  return { pools, region, retentionDays, unknown, isOther: !sameTerms(row.terms ?? defaultTerms(row.driver), after) };
}

/** What is null may as well be absent, and the store keeps fields in no order. */
export function sameTerms(one: CentreTerms, other: CentreTerms): boolean {
  const said = (terms: CentreTerms): unknown =>
    JSON.parse(JSON.stringify(terms, (_, value: unknown) => (value === null ? undefined : value)));
  return isDeepStrictEqual(said(one), said(other));
}

type Row = {
  readonly driver: DriverName;
  readonly region_code: string | null;
  readonly described: readonly EnginePool[];
  readonly terms: CentreTerms | null;
  readonly pools: readonly { readonly name: string; readonly contract: PoolContract }[];
};
