import type { RunId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { RunObservation, RunUsage } from "#core/run-order.ts";

/** The lines `name=value` of a run's `started` or `ended` file; null where it is absent or torn (no last line `end=1`). */
export function factsOf(file: string): ReadonlyMap<string, string> | null {
  const facts = new Map<string, string>();
  for (const line of file.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) facts.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return facts.get("end") === "1" ? facts : null;
}

export function startedObservation(run: RunId, facts: ReadonlyMap<string, string>, node: string): RunObservation {
  const evidence = `wrapper ${facts.get("pid")} (start ${facts.get("startTicks")}, boot ${facts.get("bootId")})`;
  return { kind: "started", run, atMs: number(facts, "startedMs"), evidence, nodes: node };
}

export function endedObservation(
  run: RunId,
  facts: ReadonlyMap<string, string>,
): Extract<RunObservation, { readonly kind: "ended" }> {
  const words = facts.get("words") ?? "";
  const usage: RunUsage = {
    startedMs: number(facts, "startedMs"),
    wallMs: number(facts, "wallMs"),
    ...(facts.get("checkpointMs") && { checkpointMs: number(facts, "checkpointMs") }),
    cpuUserMs: number(facts, "cpuUserMs"),
    cpuSystemMs: number(facts, "cpuSystemMs"),
    peakMemoryMib: Math.ceil(number(facts, "peakMemoryBytes") / 2 ** 20),
    memoryWay: memoryWay(facts.get("memoryWay")),
    droppedStdoutBytes: number(facts, "stdoutDroppedBytes"),
    droppedStderrBytes: number(facts, "stderrDroppedBytes"),
    energyJoules: null,
  };
  return {
    kind: "ended",
    run,
    atMs: number(facts, "endedMs"),
    end: endOf(facts),
    usage,
    words: words === "" ? null : words,
  };
}

/** Exit code and signal come from waitpid and are told apart: `exit 137` is a code, SIGKILL a signal. */
function endOf(facts: ReadonlyMap<string, string>): RunEnd {
  const cause = facts.get("cause") ?? "";
  switch (cause) {
    case "exited":
    case "start-failed": {
      if (facts.get("signal")) return { kind: "signalled", signal: number(facts, "signal") };
      const exitCode = number(facts, "exitCode");
      return exitCode === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode };
    }
    case "time-limit":
      return { kind: "timed-out" };
    case "out-of-memory":
      return { kind: "out-of-memory" };
    case "cancelled":
      // The engine knows that it was asked; by whom and why, only who asked does.
      return { kind: "cancelled", by: "user", reason: null };
    case "preempted":
      return { kind: "preempted" };
    case "lost":
      return { kind: "lost", evidence: facts.get("words") ?? "" };
    default:
      throw new Error(`an unknown cause in a run's end: ${JSON.stringify(cause)}`);
  }
}

function memoryWay(way: string | undefined): RunUsage["memoryWay"] {
  return way === "cgroup-v1" || way === "cgroup-v2" || way === "sampled" ? way : "none";
}

function number(facts: ReadonlyMap<string, string>, name: string): number {
  const value = Number(facts.get(name) ?? "");
  return Number.isSafeInteger(value) ? value : 0;
}
