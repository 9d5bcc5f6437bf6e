import type { Transfer } from "#core/ledger/transfer.ts";
import type { Database } from "./database.ts";

/** The ids of accounts, which are made when they are first needed and never deleted. */
export type AccountIds = {
  /** Makes those that are missing. In a transaction of its own: an account without transfers says nothing. */
  readonly prepare: (transfers: readonly Transfer[]) => Promise<void>;
  readonly idOf: (code: string, unit: string) => number;
};

export function accountIds(db: Database): AccountIds {
  const ids = new Map<string, number>();
  return {
    prepare: async (transfers) => {
      const missing = new Map<string, readonly [string, string]>();
      for (const { debit, credit, unit } of transfers)
        for (const code of [debit, credit])
          if (!ids.has(`${code} ${unit}`)) missing.set(`${code} ${unit}`, [code, unit]);
      if (missing.size === 0) return;
      const names = [[...missing.values()].map(([code]) => code), [...missing.values()].map(([, unit]) => unit)];
      await db.pool.query(
        "insert into account (code, unit) select * from unnest($1::text[], $2::text[]) order by 1, 2 on conflict do nothing",
        names,
      );
      const { rows } = await db.pool.query<{ id: number; code: string; unit: string }>(
        "select id, code, unit from account join unnest($1::text[], $2::text[]) as w (code, unit) using (code, unit)",
        names,
      );
      for (const row of rows) ids.set(`${row.code} ${row.unit}`, row.id);
    },
    idOf: (code, unit) => {
      const id = ids.get(`${code} ${unit}`);
      if (id === undefined) throw new Error(`broken invariant: the account ${code} in ${unit} was prepared`);
      return id;
    },
  };
}

export type AccountChange = {
  readonly account: number;
  debitsPending: bigint;
  debitsPosted: bigint;
  creditsPending: bigint;
  creditsPosted: bigint;
};

/** What a batch of transfers changes, once for each account, in the order of ids. `held` is the amount of an ended hold. */
export function changesOf(
  transfers: readonly Transfer[],
  accounts: AccountIds,
  held: (transfer: Transfer) => bigint,
): readonly AccountChange[] {
  const changes = new Map<number, AccountChange>();
  const of = (account: number) => {
    const found = changes.get(account) ?? {
      account,
      debitsPending: 0n,
      debitsPosted: 0n,
      creditsPending: 0n,
      creditsPosted: 0n,
    };
    changes.set(account, found);
    return found;
  };
  for (const transfer of transfers) {
    const debit = of(accounts.idOf(transfer.debit, transfer.unit));
    const credit = of(accounts.idOf(transfer.credit, transfer.unit));
    const pending = transfer.kind === "pending" ? transfer.amount : transfer.kind === "single" ? 0n : -held(transfer);
    const posted = transfer.kind === "post" || transfer.kind === "single" ? transfer.amount : 0n;
    debit.debitsPending += pending;
    debit.debitsPosted += posted;
    credit.creditsPending += pending;
    credit.creditsPosted += posted;
  }
  return [...changes.values()].sort((a, b) => a.account - b.account);
}
