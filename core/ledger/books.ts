import type { Account, AccountCode } from "#core/ledger/account.ts";
import type { Transfer } from "#core/ledger/transfer.ts";
import { largestAmount, type Unit } from "#core/ledger/unit.ts";

/**
 * The books in memory: what the store does in SQL, in its plainest form, for tests, for simulation and as the yardstick
 * of the store's own check. Only `record` changes them.
 */
export type Books = {
  readonly accounts: Map<string, Account>;
  readonly transfers: Map<string, Transfer>;
  /** By the id of the pending transfer: what ended it. */
  readonly endedBy: Map<string, Transfer>;
};

export type Recorded =
  | { readonly kind: "recorded" }
  /** The same transfer was there already (its time may differ): a retry, and nothing moved. */
  | { readonly kind: "exists" }
  | { readonly kind: "refused"; readonly rule: TransferRule };

/** Why a transfer is refused; where several rules are broken, the first of this list is named. */
export const transferRules = [
  "amount-below-zero",
  "amount-too-large",
  "void-moves-something",
  "same-account",
  "exists-with-other-content",
  "pending-not-found",
  "pending-is-no-hold",
  "pending-of-other-accounts-or-unit",
  "pending-already-posted",
  "pending-already-voided",
  "post-exceeds-hold",
  "total-too-large",
] as const;
export type TransferRule = (typeof transferRules)[number];

export function emptyBooks(): Books {
  return { accounts: new Map(), transfers: new Map(), endedBy: new Map() };
}

/** Records one transfer, or says why not; a refused one leaves no trace. */
export function record(books: Books, transfer: Transfer): Recorded {
  const broken = brokenAlone(transfer);
  if (broken) return { kind: "refused", rule: broken };
  const known = books.transfers.get(transfer.id);
  if (known) {
    return isSame(known, transfer) ? { kind: "exists" } : { kind: "refused", rule: "exists-with-other-content" };
  }
  const unfit = brokenEnd(books, transfer);
  if (unfit) return { kind: "refused", rule: unfit };
  const debit = moved(accountOf(books, transfer.debit, transfer.unit), "debits", books, transfer);
  const credit = moved(accountOf(books, transfer.credit, transfer.unit), "credits", books, transfer);
  if (isTooLarge(debit) || isTooLarge(credit)) return { kind: "refused", rule: "total-too-large" };
  books.accounts.set(accountKey(debit.code, debit.unit), debit);
  books.accounts.set(accountKey(credit.code, credit.unit), credit);
  books.transfers.set(transfer.id, transfer);
  if (transfer.kind === "post" || transfer.kind === "void") books.endedBy.set(transfer.pending, transfer);
  return { kind: "recorded" };
}

export function accountOf(books: Books, code: AccountCode, unit: Unit): Account {
  return books.accounts.get(accountKey(code, unit)) ?? emptyAccount(code, unit);
}

export function accountKey(code: AccountCode, unit: Unit): string {
  return `${code} ${unit}`;
}

export function emptyAccount(code: AccountCode, unit: Unit): Account {
  return { code, unit, debitsPending: 0n, debitsPosted: 0n, creditsPending: 0n, creditsPosted: 0n };
}

function brokenAlone(transfer: Transfer): TransferRule | null {
  if (transfer.amount < 0n) return "amount-below-zero";
  if (transfer.amount > largestAmount) return "amount-too-large";
  if (transfer.kind === "void" && transfer.amount !== 0n) return "void-moves-something";
  return transfer.debit === transfer.credit ? "same-account" : null;
}

function brokenEnd(books: Books, transfer: Transfer): TransferRule | null {
  if (transfer.kind !== "post" && transfer.kind !== "void") return null;
  const held = books.transfers.get(transfer.pending);
  if (!held) return "pending-not-found";
  if (held.kind !== "pending") return "pending-is-no-hold";
  if (held.unit !== transfer.unit || held.debit !== transfer.debit || held.credit !== transfer.credit)
    return "pending-of-other-accounts-or-unit";
  const ended = books.endedBy.get(transfer.pending);
  if (ended) return ended.kind === "post" ? "pending-already-posted" : "pending-already-voided";
  return transfer.amount > held.amount ? "post-exceeds-hold" : null;
}

/** The account after the transfer, on its side. */
function moved(account: Account, side: "debits" | "credits", books: Books, transfer: Transfer): Account {
  const ends = transfer.kind === "post" || transfer.kind === "void";
  const released = ends ? (books.transfers.get(transfer.pending)?.amount ?? 0n) : 0n;
  const pending = (transfer.kind === "pending" ? transfer.amount : 0n) - released;
  const posted = transfer.kind === "pending" ? 0n : transfer.amount;
  return side === "debits"
    ? { ...account, debitsPending: account.debitsPending + pending, debitsPosted: account.debitsPosted + posted }
    : { ...account, creditsPending: account.creditsPending + pending, creditsPosted: account.creditsPosted + posted };
}

function isTooLarge(account: Account): boolean {
  return (
    account.debitsPending + account.debitsPosted > largestAmount ||
    account.creditsPending + account.creditsPosted > largestAmount
  );
}

/** All but the time: a retry may come later. */
function isSame(one: Transfer, other: Transfer): boolean {
  const ends = (each: Transfer) => (each.kind === "post" || each.kind === "void" ? each.pending : null);
  return (
    one.kind === other.kind &&
    one.unit === other.unit &&
    one.debit === other.debit &&
    one.credit === other.credit &&
    one.amount === other.amount &&
    ends(one) === ends(other)
  );
}
