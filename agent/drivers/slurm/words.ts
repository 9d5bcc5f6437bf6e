import type { AliasKind, EngineOffers } from "#core/centre/engine.ts";
import type { RunOrder } from "#core/run-order.ts";
import type { Site } from "./site.ts";

/**
 * The words of a site (W1): its own table, and what its Slurm shows under its own name. Both ways go by the same table: what
 * the centre says it knows, and what a run's words become in its submission. Nothing is ever guessed.
 */
export type WordTable = Readonly<Record<AliasKind, ReadonlyMap<string, string>>>;

/** What Slurm shows: each is a word for itself, unless the site's table says otherwise. */
export type OwnNames = {
  readonly pools: readonly string[];
  readonly features: readonly string[];
  /** Without counts: `npu:ascend910b`. */
  readonly gres: readonly string[];
  readonly licences: readonly string[];
  readonly reservations: readonly string[];
};

export function wordTable(own: OwnNames, { aliases, qos }: Pick<Site, "aliases" | "qos">): WordTable {
  const table = (names: readonly string[], said: Readonly<Record<string, string>>) =>
    new Map([...names.map((name) => [name, name] as const), ...Object.entries(said)]);
  return {
    // A partition that is no pool of the network is not given to its jobs, whatever a table says.
    partition: new Map([...table(own.pools, aliases.partition)].filter(([, local]) => own.pools.includes(local))),
    qos: table(Object.values(qos), aliases.qos),
    constraint: table(own.features, aliases.constraint),
    gres: table(own.gres, aliases.gres),
    licences: table(own.licences, aliases.licences),
    reservation: table(own.reservations, aliases.reservation),
  };
}

/** For orders that ask for no word. */
export const noWords: WordTable = wordTable(
  { pools: [], features: [], gres: [], licences: [], reservations: [] },
  { aliases: { partition: {}, qos: {}, constraint: {}, gres: {}, licences: {}, reservation: {} }, qos: {} },
);

/** The table as it is reported. A licence is counted under every word for it; one that Slurm does not show has no count. */
export function wordsOffered(
  table: WordTable,
  licences: EngineOffers["licences"],
  pools: Site["pools"] = {},
): Pick<EngineOffers, "aliases" | "partitionPools" | "reservationPools" | "qosPools" | "licences"> {
  const words = (kind: AliasKind) => [...table[kind].keys()].sort();
  return {
    aliases: {
      partition: words("partition"),
      qos: words("qos"),
      constraint: words("constraint"),
      gres: words("gres"),
      licences: words("licences"),
      reservation: words("reservation"),
    },
    partitionPools: Object.fromEntries([...table.partition].filter(([word, pool]) => word !== pool)),
    ...(Object.keys(pools).length > 0 && {
      reservationPools: reservationPools(table, pools),
      qosPools: qosPools(table, pools),
    }),
    licences: [...table.licences].flatMap(([name, local]) => {
      const shown = licences.find((one) => one.name === local);
      return shown ? [{ ...shown, name }] : [];
    }),
  };
}

/** Of pools with the same reservation the first. */
function reservationPools(table: WordTable, pools: Site["pools"]): Readonly<Record<string, string>> {
  const all = Object.entries(pools);
  return Object.fromEntries(
    [...table.reservation].flatMap(([word, local]) => {
      const [pool] = all.find(([, { reservation }]) => reservation === local) ?? [];
      return pool === undefined ? [] : [[word, pool]];
    }),
  );
}

function qosPools(table: WordTable, pools: Site["pools"]): Readonly<Record<string, readonly string[]>> {
  const wordsFor = (qos: string) => [...table.qos].flatMap(([word, local]) => (local === qos ? [word] : [])).sort();
  return Object.fromEntries(
    Object.entries(pools).flatMap(([name, { qos }]) => (qos === null ? [] : [[name, wordsFor(qos)]])),
  );
}

/** For the submission, each null where nothing of it was asked. */
export type LocalWords = {
  readonly qos: string | null;
  readonly constraint: string | null;
  readonly gres: string | null;
  readonly licenses: string | null;
  readonly reservation: string | null;
  readonly nodelist: string | null;
};

export type Translated =
  | { readonly kind: "translated"; readonly words: LocalWords }
  | { readonly kind: "refused"; readonly words: string };

/** What an order's words are at this site; a word that the table does not have is a refusal, with those that it has. */
export function translated({ demands, pool }: Pick<RunOrder, "demands" | "pool">, table: WordTable): Translated {
  const siteWords = demands?.siteWords ?? {};
  const missing: string[] = [];
  const look = (kind: AliasKind, word: string): string => {
    const local = table[kind].get(word);
    if (local === undefined) {
      const known = [...table[kind].keys()].sort().slice(0, 20).join(", ") || "none";
      missing.push(`this site's table has no ${nouns[kind]} ${JSON.stringify(word)}; it has: ${known}`);
    }
    return local ?? "";
  };
  const anyOf = (kind: "partition" | "reservation", all: readonly string[]): string =>
    look(kind, all.find((word) => table[kind].has(word)) ?? all[0] ?? "");
  if (siteWords.partition) {
    const local = anyOf("partition", siteWords.partition);
    if (missing.length === 0 && local !== pool)
      missing.push(
        `the job asks for partition ${siteWords.partition.join(",")}, which is ${local}, and was sent to ${pool}`,
      );
  }
  const words = {
    qos: joined(
      siteWords.qos?.map((word) => look("qos", word)),
      ",",
    ),
    constraint: joined(
      siteWords.constraint?.map((word) => look("constraint", word)),
      "&",
    ),
    gres: joined(
      siteWords.gres?.map((word) => counted(word, (name) => look("gres", name))),
      ",",
    ),
    licenses: joined(
      demands?.licences.map(({ name, count }) => `${look("licences", name)}:${count}`),
      ",",
    ),
    reservation: siteWords.reservation ? anyOf("reservation", siteWords.reservation) : null,
    nodelist: joined(siteWords.nodelist, ","),
  };
  const [first] = missing;
  return first === undefined ? { kind: "translated", words } : { kind: "refused", words: first };
}

const nouns = {
  partition: "partition",
  qos: "QoS",
  constraint: "feature",
  gres: "generic resource",
  licences: "licence",
  reservation: "reservation",
} as const satisfies Record<AliasKind, string>;

function joined(words: readonly string[] | undefined, separator: string): string | null {
  return words === undefined || words.length === 0 ? null : words.join(separator);
}

/** `fpga:2` with the local name in its place: `fpga:u280:2`. */
function counted(word: string, look: (name: string) => string): string {
  const at = word.lastIndexOf(":");
  return `${look(word.slice(0, at))}${word.slice(at)}`;
}
