import type pg from "pg";
import type { z } from "zod";
import type { ledgerCheck } from "#api/network.ts";

/**
 * Re-derives the books from their transfers, in one snapshot: in each unit debits equal credits, every account's totals
 * are what its transfers say, no hold was ended with more than it held, and the sums of hours, days and arrays are those
 * of the posted transfers. `findings` names what is wrong; the books balance when there are none.
 */
export async function checkLedger(pool: pg.Pool): Promise<z.output<typeof ledgerCheck>> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query("begin isolation level repeatable read read only");
    // Years of transfers take longer than a page may.
    await client.query("set local statement_timeout = 0");
    const units = await client.query<UnitRow>(unitTotals);
    const findings = units.rows.filter(isLopsided).map((unit) => `${unit.unit}: debits and credits differ`);
    for (const question of [wrongAccounts, wrongEnds, wrongSpans, wrongArrays]) {
      const { rows } = await client.query<{ finding: string }>(question);
      findings.push(...rows.map((row) => row.finding));
    }
    const counted = await client.query<{ count: number }>("select count(*) as count from transfer");
    await client.query("commit");
    broken = false;
    return { balanced: findings.length === 0, units: units.rows, transfers: counted.rows[0]?.count ?? 0, findings };
  } finally {
    client.release(broken);
  }
}

function isLopsided(unit: UnitRow): boolean {
  return unit.debitsPosted !== unit.creditsPosted || unit.debitsPending !== unit.creditsPending;
}

type UnitRow = z.output<typeof ledgerCheck>["units"][number];

const unitTotals = `
  select unit, sum(debits_posted)::text as "debitsPosted", sum(credits_posted)::text as "creditsPosted",
    sum(debits_pending)::text as "debitsPending", sum(credits_pending)::text as "creditsPending"
  from account group by unit order by unit`;

/** What the transfers say: a hold is pending until something ends it; single and post move their amount. */
const wrongAccounts = `
  with moved as (
    select transfer.unit, debit_account, credit_account,
      case when kind in ('single', 'post') then amount else 0 end as posted,
      case when kind = 'pending' and not exists (select from transfer ended where ended.pending_id = transfer.id)
        then amount else 0 end as pending
    from transfer
  ), said as (
    select account, unit, sum(debits_posted) as debits_posted, sum(debits_pending) as debits_pending,
      sum(credits_posted) as credits_posted, sum(credits_pending) as credits_pending
    from (
      select debit_account as account, unit, posted as debits_posted, pending as debits_pending, 0 as credits_posted,
        0 as credits_pending from moved
      union all
      select credit_account, unit, 0, 0, posted, pending from moved
    ) sides group by account, unit
  )
  select format('account %s in %s: its totals are not what its transfers say', account.code, account.unit) as finding
  from account left join said on said.account = account.id and said.unit = account.unit
  where (account.debits_posted, account.debits_pending, account.credits_posted, account.credits_pending)
    is distinct from (coalesce(said.debits_posted, 0), coalesce(said.debits_pending, 0),
      coalesce(said.credits_posted, 0), coalesce(said.credits_pending, 0))
  order by 1 limit 20`;

const wrongEnds = `
  select format('transfer %s does not fit the hold %s', ended.id, ended.pending_id) as finding
  from transfer ended left join transfer held on held.id = ended.pending_id
  where ended.pending_id is not null and (held.kind is distinct from 'pending' or held.unit <> ended.unit
    or held.debit_account <> ended.debit_account or held.credit_account <> ended.credit_account
    or ended.amount > held.amount or (ended.kind = 'void' and ended.amount <> 0))
  order by 1 limit 20`;

const wrongSpans = `
  select format('usage of the %s ms from %s in %s: the sum is not what was posted', span_ms, from_ms, unit) as finding
  from (
    select span_ms, from_ms, unit, sum(amount) as amount from usage_span group by 1, 2, 3
    union all
    select span.ms, span_start(at_ms, span.ms), unit, -sum(amount)
    from posted, (values (3600000::bigint), (86400000)) as span (ms) group by 1, 2, 3
  ) both_sides group by span_ms, from_ms, unit having sum(amount) <> 0
  order by 1 limit 20`;

const wrongArrays = `
  select format('usage of the array %s in %s: the sum is not what was posted', job_id, unit) as finding
  from (
    select job_id, unit, amount from usage_array
    union all
    select posted.job_id, posted.unit, -posted.amount from posted join job on job.id = posted.job_id
    where job.task_count > 1
  ) both_sides group by job_id, unit having sum(amount) <> 0
  order by 1 limit 20`;
