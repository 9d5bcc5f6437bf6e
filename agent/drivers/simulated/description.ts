import * as z from "zod";
import zhCN from "zod/v4/locales/zh-CN.js";
import { centreName, line, region } from "#api/values.ts";
import type { EngineOffers } from "#core/centre/engine.ts";
import { noOffers } from "#core/centre/engine.ts";
import type { Language } from "#core/language.ts";
import { hostsOf } from "./hosts.ts";

/**
 * What a simulated centre is, and what goes wrong there. docs/guides/many-centres.md explains each field to people.
 * Durations of faults are real time; what runs is measured in the centre's time, which is `speed` times as fast.
 */
const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([least, most]) => least <= most, "the first number is the smaller one");
const share = z.number().min(0).max(1);
const device = z.strictObject({
  vendor: z.string().min(1),
  model: z.string().min(1),
  count: z.int().min(1),
  /** Into how many equal parts one of them may be given out. */
  parts: z.int().min(2).max(1000).optional(),
  /** The numbers of them that a job may have on one node. */
  counts: z.array(z.int().min(1)).min(1).optional(),
});

const nodeGroup = z.strictObject({
  names: z.string().refine((names) => hostsOf(names) !== null, "a name, or a range such as c[001-120]"),
  cores: z.int().min(1),
  memoryMib: z.int().min(1),
  accelerators: z.array(device).default([]),
  features: z.array(z.string()).default([]),
  /** The leaf switch they are at; nodes of one switch are side by side. */
  within: z.string().min(1).optional(),
});

/** Jobs of the centre's own users: they arrive at random so that they ask for `load` times what the pool has. */
const foreignJobs = z.strictObject({
  load: z.number().positive().max(10),
  cores: range,
  forS: range,
  /** Beyond this many waiting, the centre's users hold back. */
  mostWaiting: z.int().min(0).default(100),
  /** Their jobs are not shown: PrivateData. */
  hidden: z.boolean().default(false),
});

const pool = z.strictObject({
  name: z.string().min(1).max(255),
  nodes: z.array(nodeGroup).min(1),
  timeLimitS: z.int().min(1).nullable().default(null),
  memoryMibPerCore: z.int().min(1).default(1024),
  foreign: foreignJobs.nullable().default(null),
});

function alikeInAll({ value: pools, issues }: z.core.ParsePayload<readonly z.output<typeof pool>[]>): void {
  const known = new Map<string, string>();
  for (const [place, { name, nodes }] of pools.entries())
    for (const { names, ...group } of nodes)
      for (const host of hostsOf(names) ?? []) {
        const said = JSON.stringify(group);
        const message = `the pool ${name} says otherwise of the node ${host} than a pool before it`;
        if ((known.get(host) ?? said) !== said) {
          issues.push({ code: "custom", input: pools, path: [place, "nodes"], message });
          return;
        }
        known.set(host, said);
      }
}

const faults = z.strictObject({
  /** Each answer of the engine takes so long, in ms. */
  slowAnswersMs: range.optional(),
  /** In turns, the engine answers and does not. */
  flapping: z.strictObject({ upS: z.number().positive(), downS: z.number().positive() }).optional(),
  /** The centre's clock is off, and drifts. */
  clock: z.strictObject({ offMs: z.int().default(0), driftMsPerHour: z.int().default(0) }).optional(),
  /** This share of the runs vanishes from the engine without a trace. */
  lostJobs: share.optional(),
  /** What happened is told so much later, in ms. */
  lateReportsMs: range.optional(),
  /** This share of the runs is refused. */
  refusedSubmits: share.optional(),
  /** At this share of the submits the engine takes the run and its answer is cut off. */
  cutAnswers: share.optional(),
  /** This share of the runs is started a second time by the engine. */
  duplicatedStarts: share.optional(),
  /** A node fails so often on average, and is back after its repair. */
  nodeFailures: z.strictObject({ everyS: z.number().positive(), repairS: z.number().positive() }).optional(),
  /** A run is preempted so often on average. */
  preemption: z.strictObject({ everyS: z.number().positive() }).optional(),
});

const offers = z.strictObject({
  aliases: z
    .partialRecord(z.enum(["partition", "qos", "constraint", "gres", "licences", "reservation"]), z.array(z.string()))
    .default({}),
  /** To which pool a word of `aliases.partition` leads, where it is no pool's name. */
  partitionPools: z.record(z.string(), z.string()).default({}),
  software: z.array(z.string()).default([]),
  containers: z.array(z.string()).default([]),
  mpi: z.array(z.string()).default([]),
  fileSystems: z
    .array(
      z.strictObject({
        name: z.string(),
        path: z.string().startsWith("/"),
        shared: z.boolean().default(true),
        purgeDays: z.int().min(0).nullable().default(null),
      }),
    )
    .default([]),
  licences: z.array(z.strictObject({ name: z.string(), total: z.int().min(0) })).default([]),
});

const centre = z.strictObject({
  title: line(200).optional(),
  regionCode: region.optional(),
  seed: z.int().default(1),
  speed: z.number().positive().max(100_000).default(1),
  /** Pools that name the same nodes share them, and say the same of each. */
  pools: z.array(pool).min(1).check(alikeInAll),
  offers: offers.optional(),
  faults: faults.default({}),
});
const network = z.strictObject({
  centres: z.record(centreName, centre).refine((centres) => Object.keys(centres).length > 0, "at least one centre"),
});

export type Description = z.output<typeof centre>;
export type PoolDescription = Description["pools"][number];

export type Descriptions =
  | { readonly kind: "centres"; readonly centres: ReadonlyMap<string, Description> }
  | { readonly kind: "not-json"; readonly cause: unknown }
  /** `words` name each field and what it should be. */
  | { readonly kind: "wrong"; readonly words: string };

/** The centres of a description file by name. */
export function readDescriptions(text: string, language: Language = "en"): Descriptions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { kind: "not-json", cause };
  }
  const parsed = network.safeParse(value, language === "zh" ? { error: zhCN().localeError } : undefined);
  if (parsed.success) return { kind: "centres", centres: new Map(Object.entries(parsed.data.centres)) };
  const words = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the whole"}: ${issue.message}`);
  return { kind: "wrong", words: words.join("; ") };
}

/** The same, where the file is to be good; throws with what is wrong. */
export function parseDescriptions(text: string, path: string): ReadonlyMap<string, Description> {
  const read = readDescriptions(text);
  if (read.kind === "centres") return read.centres;
  throw new Error(
    read.kind === "not-json"
      ? `${path} is not JSON: ${read.cause instanceof Error ? read.cause.message : String(read.cause)}`
      : `${path} does not describe simulated centres. ${read.words}`,
  );
}

/** One centre by itself, for tests. */
export function describeCentre(description: z.input<typeof centre>): Description {
  return centre.parse(description);
}

export function offersOf(description: Description): EngineOffers {
  if (!description.offers) return noOffers;
  const { aliases, licences, ...rest } = description.offers;
  const named = Object.fromEntries(Object.entries(aliases).filter(([, words]) => words !== undefined));
  return {
    ...rest,
    aliases: { ...noOffers.aliases, ...named },
    // The simulated engine counts no licences: all of them are always free.
    licences: licences.map((licence) => ({ ...licence, free: licence.total })),
  };
}
