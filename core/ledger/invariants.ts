import type { RunId } from "#core/ids.ts";
import { runId } from "#core/ids.ts";
import type { Account } from "#core/ledger/account.ts";
import { accountKey, emptyAccount } from "#core/ledger/books.ts";
import type { Transfer } from "#core/ledger/transfer.ts";
import type { Unit } from "#core/ledger/unit.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * What must always be true of the books, whoever keeps them. Tests, simulations and the server's check call this with
 * accounts and transfers as they are stored; nothing is believed but the transfers.
 */
export function findingsOf(
  accounts: Iterable<Account>,
  transfers: readonly Transfer[],
  endedRuns: Iterable<RunId>,
): readonly Finding[] {
  const known = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  const ends = transfers.filter(isEnd);
  const stored = [...accounts];
  return [
    ...unbalanced(stored),
    ...differing(stored, derivedAccounts(transfers)),
    ...wrongEnds(ends, known),
    ...leftHolds(transfers, new Set(ends.map((end) => end.pending)), new Set(endedRuns)),
  ];
}

export type Finding =
  /** Σ debits ≠ Σ credits over all accounts of a unit. */
  | { readonly kind: "unbalanced"; readonly unit: Unit; readonly phase: "pending" | "posted"; readonly by: bigint }
  /** An account's totals are not what its transfers say. */
  | { readonly kind: "totals-differ"; readonly account: string }
  | { readonly kind: "ended-twice"; readonly pending: string }
  | { readonly kind: "ends-no-hold"; readonly transfer: string; readonly pending: string }
  | { readonly kind: "posted-beyond-hold"; readonly transfer: string; readonly pending: string }
  /** The run has ended and something of it is still held. */
  | { readonly kind: "hold-left"; readonly run: RunId; readonly transfer: string };

/** The sums of a unit over all accounts: each pair must be equal. */
export type TrialBalance = {
  readonly unit: Unit;
  readonly debitsPending: bigint;
  readonly creditsPending: bigint;
  readonly debitsPosted: bigint;
  readonly creditsPosted: bigint;
};

export function trialBalances(accounts: Iterable<Account>): readonly TrialBalance[] {
  const byUnit = new Map<Unit, TrialBalance>();
  for (const { unit, debitsPending, creditsPending, debitsPosted, creditsPosted } of accounts) {
    const sum = byUnit.get(unit);
    byUnit.set(unit, {
      unit,
      debitsPending: (sum?.debitsPending ?? 0n) + debitsPending,
      creditsPending: (sum?.creditsPending ?? 0n) + creditsPending,
      debitsPosted: (sum?.debitsPosted ?? 0n) + debitsPosted,
      creditsPosted: (sum?.creditsPosted ?? 0n) + creditsPosted,
    });
  }
  return [...byUnit.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1));
}

/** The four totals of every account, from its transfers alone. */
export function derivedAccounts(transfers: readonly Transfer[]): ReadonlyMap<string, Account> {
  const ended = new Set(transfers.filter(isEnd).map((end) => end.pending));
  const accounts = new Map<string, Account>();
  const change = (code: Account["code"], unit: Unit, changed: (account: Account) => Account) => {
    const key = accountKey(code, unit);
    accounts.set(key, changed(accounts.get(key) ?? emptyAccount(code, unit)));
  };
  for (const { id, kind, unit, debit, credit, amount } of transfers) {
    const held = kind === "pending" && !ended.has(id) ? amount : 0n;
    const posted = kind === "pending" ? 0n : amount;
    change(debit, unit, (account) => ({
      ...account,
      debitsPending: account.debitsPending + held,
      debitsPosted: account.debitsPosted + posted,
    }));
    change(credit, unit, (account) => ({
      ...account,
      creditsPending: account.creditsPending + held,
      creditsPosted: account.creditsPosted + posted,
    }));
  }
  return accounts;
}

/** For an operator; the books are never mended by hand, so it says where to look, not what to change. */
export function findingWords(finding: Finding): string {
  switch (finding.kind) {
    case "unbalanced":
      return `${finding.unit} ${finding.phase}: debits and credits differ by ${finding.by}`;
    case "totals-differ":
      return `account ${finding.account}: its totals are not what its transfers say`;
    case "ended-twice":
      return `hold ${finding.pending} was ended more than once`;
    case "ends-no-hold":
      return `${finding.transfer} ends ${finding.pending}, which is no hold`;
    case "posted-beyond-hold":
      return `${finding.transfer} posts more than ${finding.pending} held`;
    case "hold-left":
      return `run ${finding.run} has ended, and ${finding.transfer} is still held`;
    default:
      return unreachable(finding);
  }
}

type End = Extract<Transfer, { kind: "post" | "void" }>;

function isEnd(transfer: Transfer): transfer is End {
  return transfer.kind === "post" || transfer.kind === "void";
}

function unbalanced(accounts: readonly Account[]): Finding[] {
  return trialBalances(accounts).flatMap((sum): Finding[] => {
    const pending = sum.debitsPending - sum.creditsPending;
    const posted = sum.debitsPosted - sum.creditsPosted;
    return [
      ...(pending === 0n
        ? []
        : [{ kind: "unbalanced" as const, unit: sum.unit, phase: "pending" as const, by: pending }]),
      ...(posted === 0n ? [] : [{ kind: "unbalanced" as const, unit: sum.unit, phase: "posted" as const, by: posted }]),
    ];
  });
}

function differing(stored: readonly Account[], derived: ReadonlyMap<string, Account>): Finding[] {
  const byKey = new Map(stored.map((account) => [accountKey(account.code, account.unit), account]));
  const keys = new Set([...byKey.keys(), ...derived.keys()]);
  return [...keys].sort().flatMap((key): Finding[] => {
    const one = byKey.get(key);
    const other = derived.get(key);
    const alike = totals(one).every((total, i) => total === totals(other)[i]);
    return alike ? [] : [{ kind: "totals-differ", account: key }];
  });
}

function totals(account: Account | undefined): readonly bigint[] {
  if (!account) return [0n, 0n, 0n, 0n];
  return [account.debitsPending, account.debitsPosted, account.creditsPending, account.creditsPosted];
}

function wrongEnds(ends: readonly End[], known: ReadonlyMap<string, Transfer>): Finding[] {
  const seen = new Set<string>();
  return ends.flatMap(({ id, pending, amount }): Finding[] => {
    const held = known.get(pending);
    const found: Finding[] = seen.has(pending) ? [{ kind: "ended-twice", pending }] : [];
    seen.add(pending);
    if (held?.kind !== "pending") found.push({ kind: "ends-no-hold", transfer: id, pending });
    else if (amount > held.amount) found.push({ kind: "posted-beyond-hold", transfer: id, pending });
    return found;
  });
}

function leftHolds(
  transfers: readonly Transfer[],
  ended: ReadonlySet<string>,
  endedRuns: ReadonlySet<RunId>,
): Finding[] {
  return transfers.flatMap(({ id, kind, run }): Finding[] => {
    const left = kind === "pending" && !ended.has(id) && endedRuns.has(runId(run));
    return left ? [{ kind: "hold-left", run: runId(run), transfer: id }] : [];
  });
}
