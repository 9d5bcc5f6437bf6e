import { type AccountLimits, boundTogether, limitsFor } from "#core/centre/account-limits.ts";
import { type Pair, pairKey } from "#core/centre/accounts.ts";
import type { Allocation } from "#core/run-order.ts";
import type { CentreRecord, Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { Lacking } from "#core/scheduling/offered.ts";
import type { Device, Need } from "#core/scheduling/room.ts";

/**
 * What a local account may hold as a whole at a centre, against what the network's runs of it hold there: its engine keeps
 * what is above that in its own queue, where in a pool of the network's own it would only stand in the way.
 */

/** By `pairKey`: what the runs of one person and project that have not ended hold, by the names of `amountsOf`. */
export type AccountUse = Map<string, { readonly who: Pair; readonly held: Map<string, number> }>;

type Amount = { readonly name: string; readonly count: number };

/** Counts a run's allocation for its person and project, or no longer. */
export function takeAccount(centre: CentreRecord, who: Pair | null, amounts: readonly Amount[], sign: 1 | -1): void {
  if (!who || centre.state?.accounts === null) return;
  const key = pairKey(who);
  const use = centre.accountUse.get(key) ?? { who: { person: who.person, project: who.project }, held: new Map() };
  for (const { name, count } of amounts) use.held.set(name, (use.held.get(name) ?? 0) + sign * count);
  if (use.held.get("job") === 0) centre.accountUse.delete(key);
  else centre.accountUse.set(key, use);
}

/** In the words of the engine's limits (Slurm's trackable resources): `job`, `cpu`, `node`, `mem` (MiB), `gres/npu:910b`. */
export function amountsOf(need: Need, device: Device | undefined): readonly Amount[] {
  const { nodes, cores, memoryMib, cards } = need;
  const plain = [
    { name: "job", count: 1 },
    { name: "cpu", count: nodes * cores },
    { name: "node", count: nodes },
    { name: "mem", count: nodes * memoryMib },
  ];
  if (!device || cards === 0) return plain;
  const kind = `gres/${cardKinds.get(device.vendor) ?? "gpu"}`;
  return [...plain, { name: kind, count: nodes * cards }, { name: `${kind}:${device.model}`, count: nodes * cards }];
}

export function amountsOfRun(allocation: Allocation): readonly Amount[] {
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode, acceleratorVendor, acceleratorModel } =
    allocation;
  const need = { nodes, cores: coresPerNode, memoryMib: memoryMibPerNode, cards: acceleratorsPerNode, device: 0 };
  const device = { vendor: acceleratorVendor ?? "", model: acceleratorModel ?? "", count: 0 };
  return amountsOf(need, device);
}

/** As Slurm's sites name the cards of these vendors; all others are `gpu`. */
const cardKinds: ReadonlyMap<string, string> = new Map([
  ["huawei", "npu"],
  ["hygon", "dcu"],
  ["cambricon", "mlu"],
]);

/** The first limit that alone forbids the amounts, whatever else runs. */
export function aboveAccount(limits: AccountLimits, amounts: readonly Amount[]): Lacking | null {
  for (const { name, most } of boundTogether(limits)) {
    const asked = countOf(amounts, name);
    if (asked > most) return { rule: "above-account", facts: { asked, limit: most, of: name } };
  }
  return null;
}

/** The same of what may be used in all, since the engine's last reset: in minutes of each. */
export function aboveAccountMinutes(
  { togetherMinutes }: AccountLimits,
  amounts: readonly Amount[],
  timeLimitS: number,
): Lacking | null {
  for (const { name, most } of togetherMinutes) {
    const asked = Math.ceil((countOf(amounts, name) * timeLimitS) / 60);
    if (asked > most) return { rule: "above-account-minutes", facts: { asked, limit: most, of: name } };
  }
  return null;
}

/** The first limit that what runs of the account leaves too little of; null also where nothing binds. */
export function accountUsed(who: Pair | null, centre: CentreRecord, amounts: readonly Amount[]): Lacking | null {
  const limits = boundBy(who, centre);
  if (!limits) return null;
  for (const { name, most } of boundTogether(limits)) {
    const asked = countOf(amounts, name);
    const held = heldOf(limits, centre, name);
    if (asked > 0 && held + asked > most)
      return { rule: "account-limit-used", facts: { asked, held, limit: most, of: name } };
  }
  return null;
}

/** What of it the network's runs hold, and what the account's other jobs did at the last report. */
function heldOf(limits: AccountLimits, centre: CentreRecord, name: string): number {
  let held = countOf(limits.othersHold ?? [], name);
  for (const use of centre.accountUse.values())
    if (boundBy(use.who, centre) === limits) held += use.held.get(name) ?? 0;
  return held;
}

/** Who came first and waits for the same account here. */
export function accountHolder(who: Pair | null, centre: CentreRecord): Holder | null {
  if (centre.heldAccounts.size === 0) return null;
  const limits = boundBy(who, centre);
  return (limits && centre.heldAccounts.get(limits)) ?? null;
}

export function holdAccount(who: Pair | null, centre: CentreRecord, holder: Holder): void {
  const limits = boundBy(who, centre);
  if (limits && !centre.heldAccounts.has(limits)) centre.heldAccounts.set(limits, holder);
}

/** Those who wait for an account keep only those waiting whom the same account binds. */
export function accountsKey(who: Pair | null, pools: readonly PoolRecord[]): string {
  if (who === null) return "";
  const bound = new Set(
    pools.flatMap(({ centre }) => {
      const limits = boundBy(who, centre);
      return limits && boundTogether(limits).length > 0 ? [`${centre.id} ${limits.person}.${limits.project}`] : [];
    }),
  );
  return bound.size === 0 ? "" : `\n\naccounts ${[...bound].join(" ")}`;
}

function boundBy(who: Pair | null, { state }: CentreRecord): AccountLimits | null {
  return who && state?.limits ? limitsFor(state.limits, who) : null;
}

function countOf(amounts: readonly Amount[], name: string): number {
  return amounts.find((one) => one.name === name)?.count ?? 0;
}
