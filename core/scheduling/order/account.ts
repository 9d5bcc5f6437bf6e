import { Alone } from "./alone.ts";
import type { Amounts } from "./amounts.ts";

/**
 * What a home has of sharing, and what it can lend: visitors are let in as long as the harm that they may do to its own work
 * is within what that has gained so far (docs/decisions/0087). Own jobs come as fast as they lately did; each needs, with the
 * others of its own, as much as one of the last that started alone. Whoever comes while visitors leave too little of that,
 * for T seconds from now, waits T ÷ 2 in the middle: their rate × T² ÷ 2 in sum. T is half of what visitors asked for.
 */
export class HomeAccount {
  #size: Amounts;
  readonly #alone: Alone;
  readonly #visitors: Visitors;
  #nowS: number;
  /** Of its own jobs; of many the newest weigh most. */
  #jobs = 0;
  /** What was gained before it was last counted. */
  #beforeS = 0;
  readonly #cameS: number[] = [];
  readonly #held: Amounts[] = [];
  /** Of its own work alone, and with the visitors; null: to be worked out again. */
  #gainedS: number | null = null;
  #known: Known | null = null;

  constructor(size: Amounts, visitors: Visitors, nowS = 0) {
    this.#size = size;
    this.#visitors = visitors;
    this.#nowS = nowS;
    this.#alone = new Alone(size, (held) => keepLast(this.#held, held, mostHeld), nowS);
  }

  resize(size: Amounts): void {
    this.#size = size;
    this.#alone.resize(size);
    this.#forget();
  }

  /** One of its own, wherever it is to run. Answers whether it was not known and is from now on. */
  submit(job: number, needs: Amounts, limitS: number, atS: number): boolean {
    this.#forget();
    if (!this.#alone.submit(job, needs, limitS, atS)) return false;
    this.#jobs += 1;
    keepLast(this.#cameS, atS, mostCame);
    if (this.#jobs < mostCounted) return true;
    this.#jobs /= 2;
    this.#beforeS -= (this.#beforeS + this.#alone.balanceS()) / 2;
    return true;
  }

  /** It runs in truth from then on. */
  began(job: number, atS: number): void {
    this.#alone.began(job, atS);
    this.#forget();
  }

  /** It ran for so long in truth; -1: it never will. */
  ended(job: number, ranS: number, atS: number): void {
    this.#alone.ended(job, ranS, atS);
    this.#forget();
  }

  advance(nowS: number): void {
    if (nowS <= this.#nowS) return;
    this.#nowS = nowS;
    this.#alone.advance(nowS);
    this.#forget();
  }

  /** Visitors came or went. */
  changed(): void {
    this.#known = null;
  }

  /** How many seconds its own work has waited less in sum than it would have alone, as far as that is known. */
  gainedS(): number {
    this.#gainedS ??= this.#beforeS + this.#alone.balanceS();
    return this.#gainedS;
  }

  /** Whether a visitor that may hold so much for so long may come in now. */
  admits(needs: Amounts, limitS: number, { allowanceS, allowancePerJobS }: Allowance): boolean {
    const known = this.#know();
    const mostS = known.gainedS + allowanceS + allowancePerJobS * this.#jobs;
    const staysS = limitS * stays;
    if (known.rate * Math.max(staysS, known.longestS) ** 2 <= 2 * mostS) return true;
    const { admitted, refused } = known;
    if (admitted.some((other) => isWithin({ needs, limitS }, other))) return true;
    if (refused.some((other) => isWithin(other, { needs, limitS }))) return false;
    let [harm, more] = [0, 0];
    const closely = this.#lookClosely(known);
    for (const { held, share, freeInS } of closely.held) {
      const thenS = Math.max(freeInS, Math.min(staysS, this.#freeInS(closely, held, needs)));
      harm += share * thenS ** 2;
      more += share * (thenS ** 2 - freeInS ** 2);
    }
    const isAdmitted = known.rate * more === 0 || known.rate * harm <= 2 * mostS;
    keepLast(isAdmitted ? admitted : refused, { needs: [...needs], limitS }, mostAnswers);
    return isAdmitted;
  }

  remembered(): RememberedAccount {
    return { gainedS: this.gainedS(), jobs: this.#jobs, cameS: [...this.#cameS], held: [...this.#held] };
  }

  /** Begins with what another remembered; nothing was told here yet. */
  recall({ gainedS, jobs, cameS, held }: RememberedAccount): void {
    this.#beforeS = gainedS;
    this.#jobs = jobs;
    this.#cameS.push(...cameS);
    this.#held.push(...held);
    this.#forget();
  }

  #forget(): void {
    this.#gainedS = null;
    this.#known = null;
  }

  /** What the answer mostly follows from. */
  #know(): Known {
    if (this.#known) return this.#known;
    const came = this.#cameS;
    while ((came[0] ?? this.#nowS) <= this.#nowS - rememberedS) came.shift();
    const rate = came.length < 2 ? 0 : came.length / Math.max(1, this.#nowS - (came[0] ?? 0));
    const longestS = Math.max(0, this.#visitors.untilS() - this.#nowS) * stays;
    this.#known = { gainedS: this.gainedS(), rate, longestS, closely: null, admitted: [], refused: [] };
    return this.#known;
  }

  #lookClosely(known: Known): Closely {
    if (known.closely) return known.closely;
    const visitors = this.#visitors.all().map(({ dueS, needs }) => ({ inS: (dueS - this.#nowS) * stays, needs }));
    const leaving = { visitors, free: this.#freeAfter(visitors) };
    const counts = new Map<string, { readonly held: Amounts; count: number }>();
    for (const before of this.#held) {
      // Of a home that was larger then it cannot need more than all there is now.
      const held = before.map((amount, kind) => Math.min(amount, this.#size[kind] ?? 0));
      const key = held.join();
      const alike = counts.get(key) ?? { held, count: 0 };
      alike.count += 1;
      counts.set(key, alike);
    }
    const held = [...counts.values()].map((each) => ({
      held: each.held,
      share: each.count / this.#held.length,
      freeInS: this.#freeInS(leaving, each.held, nothing),
    }));
    known.closely = { ...leaving, held };
    return known.closely;
  }

  /** In how many seconds visitors leave so much and more, if no others come. */
  #freeInS({ visitors, free }: Leaving, held: Amounts, more: Amounts): number {
    const isFree = (at: number) =>
      (free[at] ?? nothing).every((amount, kind) => amount >= (held[kind] ?? 0) + (more[kind] ?? 0));
    if (isFree(0)) return 0;
    // Who leaves makes only more room.
    let low = 1;
    let high = visitors.length + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isFree(middle)) high = middle;
      else low = middle + 1;
    }
    const last = visitors[low - 1];
    return last ? Math.max(0, last.inS) : Number.POSITIVE_INFINITY;
  }

  /** What is free of them once so many of the visitors have left. */
  #freeAfter(visitors: Leaving["visitors"]): readonly Amounts[] {
    const all = visitors.map(({ needs }) => needs);
    const now = this.#size.map((size, kind) => all.reduce((left, needs) => left - (needs[kind] ?? 0), size));
    const free: Amounts[] = [now];
    for (const needs of all) free.push((free.at(-1) ?? nothing).map((amount, kind) => amount + (needs[kind] ?? 0)));
    return free;
  }
}

/** What a visitor holds, and until when by what it asked for. */
export type Visitor = { readonly dueS: number; readonly needs: Amounts };

/** Those that are there, by when they are due, and by when all of them are at the latest. */
export type Visitors = { readonly all: () => readonly Visitor[]; readonly untilS: () => number };

/** By how much its own work may have waited longer in sum than alone before visitors are kept away: so much, and so much a job. */
export type Allowance = { readonly allowanceS: number; readonly allowancePerJobS: number };

/** A home that keeps visitors away where its own users would be worse off for them than alone. */
export type Lending = {
  readonly account: HomeAccount;
  readonly allowance: Allowance;
  /** Whom it kept away since one of them would have been let in: of those that need no less than another, the other alone. */
  readonly kept: Asking[];
};

export type RememberedAccount = {
  readonly gainedS: number;
  readonly jobs: number;
  readonly cameS: readonly number[];
  readonly held: readonly Amounts[];
};

/** What follows from all that was told so far. */
type Known = {
  readonly gainedS: number;
  readonly rate: number;
  /** No visitor is expected to stay longer. */
  readonly longestS: number;
  closely: Closely | null;
  /** Answers of late: who needs no more than one that was admitted is too, and who needs no less than one refused is refused. */
  readonly admitted: Asking[];
  readonly refused: Asking[];
};

/** So much for so long, seconds. */
export type Asking = { readonly needs: Amounts; readonly limitS: number };

type Leaving = {
  readonly visitors: readonly { readonly inS: number; readonly needs: Amounts }[];
  /** What is free once none of them has left, one, and so on. */
  readonly free: readonly Amounts[];
};

type Closely = Leaving & {
  /** Different amounts that its own work held in all lately, how often, and how long visitors still leave too little for it. */
  readonly held: readonly { readonly held: Amounts; readonly share: number; readonly freeInS: number }[];
};

/** People ask for about twice what they need. */
const stays = 0.5;
const mostAnswers = 16;
const mostHeld = 64;
const mostCame = 256;
/** Work that came longer ago is not expected again: a home that nobody uses any more is open to everybody. */
const rememberedS = 30 * 86_400;
/** From so many on all count half. */
const mostCounted = 100_000;
const nothing: Amounts = [];

/** Whether it needs no more of anything, for no longer. */
export function isWithin({ needs, limitS }: Asking, most: Asking): boolean {
  return limitS <= most.limitS && needs.every((need, kind) => need <= (most.needs[kind] ?? 0));
}

function keepLast<One>(list: One[], one: One, most: number): void {
  list.push(one);
  if (list.length > most) list.shift();
}
