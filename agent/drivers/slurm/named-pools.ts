import type { ShutPool, TimeWindow } from "#core/centre/engine.ts";
import { hostNames } from "#core/centre/host-list.ts";
import type { PolicyWords } from "./engine.ts";
import type { Site } from "./site.ts";
import { present, secondsSince1970, type Words } from "./slurm-text.ts";

/**
 * Pools that a site names itself (B1): of a partition, the nodes of a reservation, or the runs under a QoS, that are the
 * network's own. docs/decisions/0077-a-reservation-is-a-pool.md.
 */
export type NamedPools = {
  readonly pools: Site["pools"];
  readonly reservations: ReadonlyMap<string, SeenReservation>;
  /** null: nobody says what the policy of the site allows. */
  readonly allows: PolicyWords | null;
};

export const noNamedPools: NamedPools = { pools: {}, reservations: new Map(), allows: null };

export type SeenReservation = {
  readonly window: TimeWindow;
  readonly nodes: ReadonlySet<string>;
  /** False: it has some cores of its nodes alone, or no nodes. */
  readonly isWhole: boolean;
  /** As scontrol shows it. */
  readonly words: Words;
};

/** By name, those that are not over, by the lines of `scontrol show reservation` and `show node`. */
export function reservationsOf(
  lines: readonly Words[],
  nodes: readonly Words[],
  nowS: number,
): ReadonlyMap<string, SeenReservation> {
  const coresOf = new Map(nodes.map((node) => [node.get("NodeName") ?? "", reservable(node)]));
  const found = new Map<string, SeenReservation>();
  for (const words of lines) {
    const name = words.get("ReservationName");
    const [startS, endS] = [secondsSince1970(words.get("StartTime")), secondsSince1970(words.get("EndTime"))];
    if (name === undefined || startS === null || endS === null || endS <= nowS) continue;
    const names = hostNames(present(words.get("Nodes")) ?? "") ?? [];
    // Of a node that is hidden from the agent nobody knows how much of it there is.
    const all = names.reduce((sum, node) => sum + (coresOf.get(node) ?? Number.POSITIVE_INFINITY), 0);
    found.set(name, {
      window: { startsInMs: Math.max(0, startS - nowS) * 1000, endsInMs: (endS - nowS) * 1000 },
      nodes: new Set(names),
      isWhole: names.length > 0 && Number(words.get("CoreCnt") ?? all) >= all,
      words,
    });
  }
  return found;
}

/** Cores that a reservation of the whole node counts. */
function reservable(node: Words): number {
  const of = (key: string, usual: number) => Number(node.get(key) ?? usual) || 0;
  return of("Sockets", 1) * of("CoresPerSocket", 1) - of("CoreSpecCount", 0);
}

/** Why there is nothing of a pool; null: there is. */
export function shutOf(
  { partition, reservation, qos }: Site["pools"][string],
  { reservations, allows }: NamedPools,
  partitions: readonly string[],
): ShutPool | null {
  if (!partitions.includes(partition)) return "no-partition";
  if (allows !== null) {
    const asked = { partition, reservation, qos };
    for (const key of ["partition", "reservation", "qos"] as const) {
      const word = asked[key];
      if (word !== null && !allowsWord(allows[key], word)) return "not-allowed";
    }
  }
  if (reservation === null) return null;
  const seen = reservations.get(reservation);
  if (seen === undefined) return "no-reservation";
  return seen.isWhole ? null : "parts-of-nodes";
}

/** As weir-as reads its policy: `*` and `?` match as in names of files, and a single `-` stands for no name at all. */
export function allowsWord(patterns: readonly string[], word: string): boolean {
  return patterns.some((pattern) => {
    const plain = pattern.replace(/[^*?]+/g, (text) => text.replace(/[.+[\]^$(){}|\\-]/g, "\\$&"));
    return new RegExp(`^${plain.replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "s").test(word);
  });
}

/** The nodes that are the network's alone now, as a reservation that is a pool has them; they are in no other pool. */
export function nodesKept({ pools, reservations }: NamedPools): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const { reservation } of Object.values(pools)) {
    const seen = reservation === null ? undefined : reservations.get(reservation);
    if (seen?.isWhole && seen.window.startsInMs === 0) for (const node of seen.nodes) kept.add(node);
  }
  return kept;
}

/**
 * The pools that a job of somebody else's is load of: those of the reservation that it waits in or on whose nodes it is, else
 * those of its partitions.
 */
export function poolsOfJob(row: Words, named: NamedPools): readonly string[] {
  const partitions = (row.get("partition") ?? "").split(",");
  const nodes = hostNames(row.get("nodelist") ?? "") ?? [];
  const all = Object.entries(named.pools);
  const within = all.filter(([, { reservation }]) => {
    const seen = reservation === null ? undefined : named.reservations.get(reservation);
    if (seen === undefined || seen.window.startsInMs > 0) return false;
    return row.get("reservation") === reservation || nodes.some((node) => seen.nodes.has(node));
  });
  if (within.length > 0) return within.map(([name]) => name);
  const beside = all.filter(([, pool]) => pool.reservation === null && partitions.includes(pool.partition));
  return [...partitions.filter((name) => named.pools[name] === undefined), ...beside.map(([name]) => name)];
}

/** Which pool it was that a job was submitted to, by what it was submitted with. */
export function poolSubmittedTo({ partition, reservation, qos }: Site["pools"][string], pools: Site["pools"]): string {
  const alike = Object.entries(pools).filter(
    ([, pool]) => pool.partition === partition && pool.reservation === reservation,
  );
  // The job may have asked for a QoS of its own.
  const found = alike.find(([, pool]) => pool.qos === qos) ?? (reservation === null ? undefined : alike[0]);
  return found?.[0] ?? partition;
}
