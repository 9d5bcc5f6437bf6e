import { containerRuntimes, runsContainers } from "#core/centre/containers.ts";
import { type EngineOffers, noOffers } from "#core/centre/engine.ts";
import { hostNames } from "#core/centre/host-list.ts";
import { runsJobs } from "#core/centre/life-cycle.ts";
import { dataFromMs } from "#core/job/data-places.ts";
import type { Demands } from "#core/job/demands.ts";
import type { SiteWordKind } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";
import { outsideResidency } from "#core/scheduling/bounds.ts";
import type { CentreRecord, Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { CentreRule, Facts } from "#core/scheduling/reasons.ts";

/**
 * What centres offer beside cores, memory and cards, by their last reports, against what a job demands (W1, W2). Words
 * are compared letter by letter and never guessed; features, generic resources and reservations are not counted, since
 * only the engine knows which nodes have them.
 */
export type Lacking = { readonly rule: CentreRule; readonly facts: Facts };

/** The first demand that the centre cannot meet as it described itself; null also where it never has. */
export function lacks(demands: Demands, centre: CentreRecord): Lacking | null {
  const { residency } = demands;
  const outside = residency.length > 0 && outsideResidency(residency, centre.state?.region ?? null, "job");
  if (outside) return outside;
  if (dataFromMs(demands.data, centre.id) === null)
    return {
      rule: "data-not-there",
      facts: { centres: demands.data?.at.map((place) => place.centre).join(", ") ?? "" },
    };
  const offers = centre.state?.offers;
  if (!offers) return null;
  const offered = offeredBy(centre, offers);
  for (const { kind, anyOf } of wordsOf(demands)) {
    if (kind === "nodelist" || anyOf.some((word) => offered.words[kind].has(word))) continue;
    return { rule: "unknown-word", facts: { word: `--${kind}=${anyOf.join(",")}` } };
  }
  const software = demands.software.find((name) => !offered.software.has(name));
  if (software !== undefined) return { rule: "no-such-software", facts: { software } };
  if (demands.container && !runsContainers(offers.containers))
    return { rule: "no-container-runtime", facts: { runtimes: containerRuntimes.join(", ") } };
  const fileSystem = demands.fileSystems.find((name) => !hasFileSystem(offers, name));
  if (fileSystem !== undefined) return { rule: "no-such-file-system", facts: { fileSystem } };
  for (const { name, count } of demands.licences) {
    const total = offered.licences.get(name)?.total;
    if (total === undefined) return { rule: "no-such-licence", facts: { licence: name } };
    if (count > total) return { rule: "too-few-licences", facts: { licence: name, asked: count, total } };
  }
  return null;
}

/** What of the demands the pool cannot meet where its centre can: it is not the partition asked for, or lacks a node. */
export function lacksInPool({ siteWords }: Demands, pool: PoolRecord): Lacking | null {
  const { partition, qos, reservation, nodelist } = siteWords;
  const offers = pool.centre.state?.offers;
  if (partition && offers) {
    const first = partition.find((word) => offers.aliases.partition.includes(word)) ?? "";
    const meant = offers.partitionPools?.[first] ?? first;
    if (meant !== pool.name) return { rule: "another-pool", facts: { word: first, meant, pool: pool.name } };
  }
  if (reservation && offers) {
    const first = reservation.find((word) => offers.aliases.reservation.includes(word)) ?? "";
    const meant = offers.reservationPools?.[first];
    const isReserved = pool.state?.reserved !== undefined || pool.state?.shut !== undefined;
    if (meant === undefined ? isReserved : meant !== pool.name)
      return { rule: "another-reservation", facts: { word: first, pool: pool.name } };
  }
  const otherQos = offers?.qosPools && qos && qosElsewhere(qos, offers.qosPools, pool.name);
  if (otherQos) return otherQos;
  const node = nodelist?.find((name) => !nodesOf(pool).has(name));
  return node === undefined ? null : { rule: "no-such-node", facts: { node, pool: pool.name } };
}

/** Who asks for a QoS goes to a pool that it is, where it is one, and else to pools that are none. */
function qosElsewhere(
  asked: readonly string[],
  qosPools: NonNullable<EngineOffers["qosPools"]>,
  pool: string,
): Lacking | null {
  const own = qosPools[pool];
  for (const word of asked) {
    if (own?.includes(word)) continue;
    const [meant] = Object.entries(qosPools).find(([, words]) => words.includes(word)) ?? [];
    if (meant !== undefined) return { rule: "another-qos-pool", facts: { word, meant, pool } };
    if (own) return { rule: "another-qos", facts: { word, pool } };
  }
  return null;
}

/** The first licence of which too few are free now, less those of ours that are on their way there. */
export function lacksLicences({ licences }: Demands, centre: CentreRecord): Lacking | null {
  const offers = centre.state?.offers;
  if (!offers || licences.length === 0) return null;
  const offered = offeredBy(centre, offers);
  for (const { name, count } of licences) {
    const told = offered.licences.get(name);
    const free = Math.max(0, (told?.free ?? 0) - (centre.licencesTaken.get(name) ?? 0));
    if (count > free)
      return { rule: "licences-busy", facts: { licence: name, asked: count, free, total: told?.total ?? 0 } };
  }
  return null;
}

/** Who came first and waits for one of these licences here. */
export function licenceHolder({ licences }: Demands, { heldLicences }: CentreRecord): Holder | null {
  if (heldLicences.size === 0) return null;
  for (const { name } of licences) {
    const holder = heldLicences.get(name);
    if (holder) return holder;
  }
  return null;
}

/** Counts what a run that has not started takes of its centre's licences; what has started is in the engine's report. */
export function takeLicences({ licencesTaken }: CentreRecord, demands: Demands | null, sign: 1 | -1): void {
  for (const { name, count } of demands?.licences ?? [])
    licencesTaken.set(name, (licencesTaken.get(name) ?? 0) + sign * count);
}

/**
 * What no centre in service offers, by its last report, reachable or not, and what they do offer of that kind. A centre
 * that has never described itself may have it.
 */
export function offeredNowhere(
  demands: Demands,
  centres: readonly CentreRecord[],
): Extract<Refusal, { kind: "not-offered" }> | null {
  const serving = centres.filter(
    ({ state }) => state && runsJobs[state.lifeCycle] && state.intake !== "leaving" && state.intake !== "left",
  );
  if (serving.length === 0 || serving.some(({ state }) => state?.offers === null)) return null;
  const each = serving.map((centre) => ({ centre, offers: centre.state?.offers ?? noOffers }));
  const refuse = (
    option: string | null,
    what: string,
    value: string,
    knownTo: (one: (typeof each)[number]) => Iterable<string>,
  ) => {
    const known = [...new Set(each.flatMap((one) => [...knownTo(one)]))].sort().slice(0, mostListed);
    return { kind: "not-offered", option, line: null, what, value, known } as const;
  };
  for (const { kind, anyOf } of wordsOf(demands)) {
    const known = ({ centre, offers }: (typeof each)[number]) =>
      kind === "nodelist" ? centre.pools.flatMap((pool) => [...nodesOf(pool)]) : offeredBy(centre, offers).words[kind];
    const isKnown = each.some(({ centre, offers }) =>
      kind === "nodelist"
        ? centre.pools.some((pool) => anyOf.some((name) => nodesOf(pool).has(name)))
        : anyOf.some((word) => offeredBy(centre, offers).words[kind].has(word)),
    );
    if (!isKnown) return refuse(`--${kind}`, wordNouns[kind], anyOf.join(","), known);
  }
  for (const name of demands.software)
    if (!each.some(({ centre, offers }) => offeredBy(centre, offers).software.has(name)))
      return refuse(null, "software", name, ({ offers }) => nearestFirst(name, offers.software));
  if (demands.container && !each.some(({ offers }) => runsContainers(offers.containers)))
    return refuse(null, "container runtime", containerRuntimes.join(", "), ({ offers }) => offers.containers);
  for (const name of demands.fileSystems)
    if (!each.some(({ offers }) => hasFileSystem(offers, name)))
      return refuse(null, name.startsWith("/") ? "path" : "file system", name, ({ offers }) =>
        offers.fileSystems.map((one) => (name.startsWith("/") ? one.path : one.name)),
      );
  for (const { name } of demands.licences)
    if (!each.some(({ centre, offers }) => offeredBy(centre, offers).licences.has(name)))
      return refuse("--licenses", "licence", name, ({ offers }) => offers.licences.map((one) => one.name));
  return null;
}

const mostListed = 50;

const wordNouns = {
  partition: "partition",
  qos: "quality of service",
  constraint: "feature of nodes",
  gres: "generic resource",
  reservation: "reservation",
  nodelist: "node",
} as const satisfies Record<SiteWordKind, string>;

type Sought = { readonly kind: SiteWordKind; readonly anyOf: readonly string[] };

/** Each thing to be looked up, with the words of which one is enough. */
function wordsOf({ siteWords }: Demands): readonly Sought[] {
  const { partition, reservation, ...all } = siteWords;
  const sought: Sought[] = [];
  if (partition) sought.push({ kind: "partition", anyOf: partition });
  if (reservation) sought.push({ kind: "reservation", anyOf: reservation });
  for (const kind of ["qos", "constraint", "gres", "nodelist"] as const)
    for (const word of all[kind] ?? []) sought.push({ kind, anyOf: [kind === "gres" ? gresName(word) : word] });
  return sought;
}

/** `fpga:u280:2` names `fpga:u280`. */
export function gresName(word: string): string {
  return word.replace(/:\d+$/, "");
}

/** A description, indexed; made when it is first asked for and dropped with it. */
export type Offered = {
  readonly of: EngineOffers;
  readonly words: Readonly<Record<Exclude<SiteWordKind, "nodelist">, ReadonlySet<string>>>;
  /** `name/version`, and the bare `name` for whatever version the centre gives by itself. */
  readonly software: ReadonlySet<string>;
  readonly licences: ReadonlyMap<string, EngineOffers["licences"][number]>;
};

function offeredBy(centre: CentreRecord, offers: EngineOffers): Offered {
  if (centre.offered?.of === offers) return centre.offered;
  const { partition, qos, constraint, gres, reservation } = offers.aliases;
  const offered = {
    of: offers,
    words: {
      partition: new Set(partition),
      qos: new Set(qos),
      constraint: new Set(constraint),
      gres: new Set(gres),
      reservation: new Set(reservation),
    },
    software: new Set(offers.software.flatMap((name) => [name, name.split("/")[0] ?? name])),
    licences: new Map(offers.licences.map((licence) => [licence.name, licence])),
  };
  centre.offered = offered;
  return offered;
}

/** By its name, or the path of it that an absolute path begins with. */
function hasFileSystem({ fileSystems }: EngineOffers, name: string): boolean {
  if (!name.startsWith("/")) return fileSystems.some((one) => one.name === name);
  return fileSystems.some(({ path }) => name === path || name.startsWith(path.endsWith("/") ? path : `${path}/`));
}

function nodesOf(pool: PoolRecord): ReadonlySet<string> {
  pool.nodeNames ??= new Set((pool.state?.nodes ?? []).flatMap(({ names }) => hostNames(names, mostNodes) ?? []));
  return pool.nodeNames;
}

const mostNodes = 200_000;

/** Other versions of what was asked for are what a reader looks for. */
function nearestFirst(name: string, software: readonly string[]): readonly string[] {
  const base = name.split("/")[0] ?? name;
  const alike = software.filter((one) => one.split("/")[0] === base);
  return alike.length > 0 ? alike : software;
}
