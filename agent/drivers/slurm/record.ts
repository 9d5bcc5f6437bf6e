import { factsOf } from "#agent/drivers/process/evidence.ts";
import { hostNames } from "#core/centre/host-list.ts";

/**
 * What the wrapper (agent/helper/weir-run) wrote of one start of a run, as the job's user: a prompt sign, and never the
 * last word on anything that is billed (R4).
 */
export type WrapperRecord = {
  /** 0, or which of the engine's own restarts it was. */
  readonly restart: number;
  readonly started: {
    readonly engine: number;
    readonly startedMs: number;
    readonly node: string;
    /** Of the whole job; null where it names none. */
    readonly nodes: string | null;
    /** The wrapper's own, on that node; null where it does not say. */
    readonly process: {
      readonly pid: number;
      readonly startTicks: number;
      readonly bootId: string;
      readonly pidNamespace: string;
    } | null;
  } | null;
  readonly ended: WrapperEnd | null;
};

export type WrapperEnd = {
  /** `stopped`: the engine sent SIGTERM, and knows why. */
  readonly cause: "exited" | "start-failed" | "time-limit" | "stopped";
  readonly exitCode: number;
  readonly signal: number;
  readonly words: string | null;
  readonly startedMs: number;
  readonly endedMs: number;
  /** By the node's monotonic clock. */
  readonly wallMs: number;
  /** null: the job never said that its work was saved. */
  readonly checkpointMs: number | null;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly peakMemoryMib: number;
  /** It wrote nothing there. */
  readonly empty: readonly ("stdout" | "stderr")[];
};

/** Null where the run's folder has nothing whole in it. */
export function wrapperRecord(restart: string, started: string, ended: string): WrapperRecord | null {
  const begun = factsOf(started);
  if (!begun) return null;
  return {
    restart: whole(restart),
    started: {
      engine: whole(begun.get("engine")),
      startedMs: whole(begun.get("startedMs")),
      node: begun.get("node") ?? "",
      nodes: hostsIn(begun.get("nodes")),
      process: processIn(begun),
    },
    ended: wrapperEnd(ended),
  };
}

function wrapperEnd(text: string): WrapperEnd | null {
  const facts = factsOf(text);
  const cause = facts?.get("cause");
  if (!facts || (cause !== "exited" && cause !== "start-failed" && cause !== "time-limit" && cause !== "stopped"))
    return null;
  return {
    cause,
    exitCode: whole(facts.get("exitCode")),
    signal: whole(facts.get("signal")),
    words: facts.get("words") || null,
    startedMs: whole(facts.get("startedMs")),
    endedMs: whole(facts.get("endedMs")),
    wallMs: whole(facts.get("wallMs")),
    checkpointMs: facts.get("checkpointMs") ? whole(facts.get("checkpointMs")) : null,
    cpuUserMs: whole(facts.get("cpuUserMs")),
    cpuSystemMs: whole(facts.get("cpuSystemMs")),
    peakMemoryMib: Math.ceil(whole(facts.get("peakMemoryBytes")) / 2 ** 20),
    empty: (["stdout", "stderr"] as const).filter((stream) => facts.get(`${stream}Bytes`) === "0"),
  };
}

function processIn(facts: ReadonlyMap<string, string>): NonNullable<WrapperRecord["started"]>["process"] {
  const [pid, startTicks] = [whole(facts.get("pid")), whole(facts.get("startTicks"))];
  const [bootId = "", pidNamespace = ""] = [facts.get("bootId"), facts.get("pidNamespace")];
  return pid === 0 || startTicks === 0 || bootId === "" ? null : { pid, startTicks, bootId, pidNamespace };
}

function hostsIn(text: string | undefined): string | null {
  return text !== undefined && hostNames(text) !== null ? text : null;
}

/** The user may have written anything there: what is no such number counts as 0. */
function whole(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
