import type { EngineOffers, EnginePool, ForeignLoad, TimeWindow } from "#core/centre/engine.ts";
import { configurationOf, type SlurmConfiguration } from "./configuration.ts";
import { foreignColumns, foreignLoad, foreignRows, maintenanceOf, poolsOf, rowOf, switchesOf } from "./describe.ts";
import type { Engine, PolicyWords } from "./engine.ts";
import type { LocalCommands } from "./local-commands.ts";
import { type NamedPools, reservationsOf, type SeenReservation } from "./named-pools.ts";
import { shardsHeld } from "./shards.ts";
import type { Site } from "./site.ts";
import { durationS, type Words, wordsOf } from "./slurm-text.ts";
import { stoppedWords } from "./submit-words.ts";

/** Nodes, partitions and the work of others, looked at when they are asked for and at most every 10 s. */
export type Surroundings = {
  readonly configuration: () => Promise<SlurmConfiguration>;
  /** As long as nothing was ever seen, throws; later what was seen last stands, with the trouble. */
  readonly look: () => Promise<Look>;
  /** What was seen last, however long ago; a controller that does not answer keeps no submission from its own doubts. */
  readonly lastLook: () => Promise<Look>;
};

export type Look = {
  readonly nodes: readonly Words[];
  readonly partitions: readonly Words[];
  readonly foreign: ReadonlyMap<string, ForeignLoad>;
  readonly hidden: string | null;
  readonly reservations: ReadonlyMap<string, SeenReservation>;
  /** What the site's policy lets be named; null: not known. */
  readonly allows: PolicyWords | null;
  /** By node. */
  readonly maintenance: ReadonlyMap<string, TimeWindow>;
  /** By node: its leaf switch. */
  readonly switches: ReadonlyMap<string, string>;
  /** By node: how many shards of GPUs jobs have there; null: jobs are hidden. */
  readonly shardsHeld: ReadonlyMap<string, number> | null;
  readonly licences: EngineOffers["licences"];
  readonly atMs: number;
  /** Why the site takes nothing new, though the engine answers: its own switch is set, or its helper acts for nobody now. */
  readonly closed: string | null;
  /** Why this is not what is now: the engine did not answer. */
  readonly trouble: string | null;
};

/** As `weir-as` answers all questions while it cannot read the policy. */
export const unheardWords =
  "the site's policy is not in force, or its helper does not answer: weir-agent doctor says why";

const leastMs = 10_000;
const configurationKeptMs = 600_000;

const hiddenByPolicy = "PrivateData=jobs hides the work of others, and the site's policy allows no listing of the load";
const hiddenByTrouble =
  "PrivateData=jobs hides the work of others, and the listing of the load fails: weir-agent doctor says why";

export function surroundings(
  commands: LocalCommands,
  engine: Engine,
  clocks: { readonly nowMs: () => number; readonly monotonicMs: () => number },
  pools: Site["pools"],
  note: (words: string, facts: object) => void,
): Surroundings {
  let last: Look | null = null;
  let looking: Promise<Look> | null = null;
  let known: { readonly configuration: SlurmConfiguration; readonly atMs: number } | null = null;

  async function configuration(): Promise<SlurmConfiguration> {
    if (known !== null && clocks.monotonicMs() - known.atMs < configurationKeptMs) return known.configuration;
    const fresh = configurationOf(await commands("scontrol", ["show", "config"]));
    known = { configuration: fresh, atMs: clocks.monotonicMs() };
    return fresh;
  }

  async function load(): Promise<{ readonly rows: readonly Words[] } | { readonly hidden: string }> {
    const { privateData } = await configuration();
    if (!privateData.includes("jobs")) {
      const words = ["--all", "--noheader", "--states=PENDING,RUNNING,SUSPENDED,CONFIGURING,COMPLETING"];
      return { rows: foreignRows(await commands("squeue", [...words, `--format=${foreignColumns.format}`])) };
    }
    try {
      const rows = await engine.load();
      return rows === null ? { hidden: hiddenByPolicy } : { rows };
    } catch (error) {
      // Its words have paths of the site's own, which are nothing to the network (P2).
      note("the load of others cannot be listed", { error: error instanceof Error ? error.message : String(error) });
      return { hidden: hiddenByTrouble };
    }
  }

  async function hello(): Promise<Pick<Look, "allows" | "closed">> {
    try {
      const { allows, isStopped } = await engine.hello();
      return { allows, closed: isStopped ? stoppedWords : null };
    } catch (error) {
      note("the site's helper does not say what its policy allows", {
        error: error instanceof Error ? error.message : String(error),
      });
      return { allows: last?.allows ?? null, closed: unheardWords };
    }
  }

  async function fresh(): Promise<Look> {
    const show = async (what: readonly string[]) =>
      (await commands("scontrol", ["--oneliner", ...what])).split("\n").flatMap((line) => {
        const words = wordsOf(line);
        return words.size > 1 ? [words] : [];
      });
    const [nodes, partitions, licences, shown, topology, others, { allows, closed }] = await Promise.all([
      show(["--details", "show", "node"]),
      show(["show", "partition"]),
      show(["show", "licenses"]).catch(() => []),
      show(["show", "reservation"]).catch(() => []),
      // Where it has no tree of switches, it says so and fails.
      show(["show", "topology"]).catch(() => []),
      load(),
      hello(),
    ]);
    const nowS = Math.round(clocks.nowMs() / 1000);
    const reservations = reservationsOf(shown, nodes, nowS);
    const byPool = "rows" in others ? foreignLoad(others.rows, nowS, { pools, reservations, allows }) : null;
    const hidden = "hidden" in others ? others.hidden : null;
    const foreign = new Map<string, ForeignLoad>();
    for (const name of [...partitions.map((one) => one.get("PartitionName") ?? ""), ...Object.keys(pools)]) {
      const nothing: ForeignLoad = { kind: "seen", running: [], waiting: { jobs: 0, cores: 0 } };
      foreign.set(name, hidden === null ? (byPool?.get(name) ?? nothing) : { kind: "hidden", why: hidden });
    }
    return {
      nodes,
      partitions,
      foreign,
      hidden,
      reservations,
      allows,
      maintenance: maintenanceOf(shown, nowS),
      switches: switchesOf(topology),
      shardsHeld: "rows" in others ? shardsHeld(others.rows) : null,
      licences: licences.flatMap((words) => licenceOf(words) ?? []),
      atMs: clocks.monotonicMs(),
      closed,
      trouble: null,
    };
  }

  async function look(): Promise<Look> {
    if (last !== null && clocks.monotonicMs() - last.atMs < leastMs) return last;
    looking ??= fresh().finally(() => {
      looking = null;
    });
    try {
      last = await looking;
      return last;
    } catch (error) {
      if (last === null) throw error;
      last = { ...last, atMs: clocks.monotonicMs(), trouble: error instanceof Error ? error.message : String(error) };
      return last;
    }
  }

  return { configuration, look, lastLook: async () => last ?? look() };
}

/** The pools as they are now: an engine that does not answer takes no work. */
export function poolsSeen(
  look: Look,
  site: Site,
  ours: ReadonlyMap<string, EnginePool["ours"]>,
): readonly EnginePool[] {
  // By slurmrestd neither whole nodes nor switches nor nodes in a row can be asked for (docs/decisions/0042, 0059).
  const isByRest = site.transport === "rest";
  const switches = isByRest ? new Map<string, string>() : look.switches;
  const pools = poolsOf({
    ...look,
    switches,
    ours,
    devices: site.devices,
    only: site.partitions,
    named: namedIn(look, site),
  });
  const row = isByRest ? null : rowOf(look);
  const seen = pools.map((pool) => ({
    ...pool,
    ...(isByRest && { givesWholeNodes: false as const }),
    ...(row !== null && { row }),
  }));
  if (look.trouble !== null) return seen.map((pool) => ({ ...pool, state: "down" as const }));
  return look.closed === null ? seen : seen.map((pool) => ({ ...pool, state: "drained" as const }));
}

export function namedIn({ reservations, allows }: Look, { pools }: Pick<Site, "pools">): NamedPools {
  return { pools, reservations, allows };
}

/** The longest run that a partition takes, in seconds; null: no limit, or no such partition. */
export function mostTimeS(look: Look, pool: string): number | null {
  return durationS(look.partitions.find((one) => one.get("PartitionName") === pool)?.get("MaxTime"));
}

function licenceOf(words: Words): EngineOffers["licences"][number] | null {
  const name = words.get("LicenseName");
  if (name === undefined) return null;
  return { name, total: Number(words.get("Total") ?? 0), free: Number(words.get("Free") ?? 0) };
}
