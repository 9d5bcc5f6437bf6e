import type * as z from "zod";
import type { outcome, runEnd } from "#api/job.ts";
import type { Outcome, RunEnd } from "#core/job/state.ts";
import { unreachable } from "#core/unreachable.ts";

/** Outcomes as they travel: `failed` with an exit code or a signal, and a reason where somebody or some rule ended it. */
export type WireRunEnd = z.infer<typeof runEnd>;
type WireOutcome = z.infer<typeof outcome>;

const blank = { exitCode: null, signal: null, by: null, reason: null } as const;

export function runEndView(end: RunEnd): WireRunEnd {
  switch (end.kind) {
    case "withdrawn":
      return { ...blank, kind: end.kind, reason: end.evidence };
    case "duplicate":
      return { ...blank, kind: end.kind };
    case "requeued":
      return { ...blank, kind: end.kind, reason: end.by };
    default:
      return outcomeView(end);
  }
}

export function outcomeView(ended: Outcome): WireOutcome {
  switch (ended.kind) {
    case "succeeded":
      return { ...blank, kind: "succeeded", exitCode: 0 };
    case "failed":
      return { ...blank, kind: "failed", exitCode: ended.exitCode };
    case "signalled":
      return { ...blank, kind: "failed", signal: ended.signal };
    case "cancelled":
      return { ...blank, kind: "cancelled", by: ended.by, reason: ended.reason };
    case "timed-out":
    case "out-of-memory":
      return { ...blank, kind: ended.kind };
    case "preempted":
      return { ...blank, kind: ended.kind, reason: ended.evidence ?? null };
    case "node-failed":
    case "platform-fault":
    case "refused":
      return { ...blank, kind: ended.kind, reason: ended.reason };
    case "lost":
      return { ...blank, kind: "lost", by: ended.by ?? null, reason: ended.evidence };
    default:
      return unreachable(ended);
  }
}

/** The other way. A `failed` with neither code nor signal is taken as exit code 1: it did fail. */
export function runEndFromWire(wire: WireRunEnd): RunEnd {
  switch (wire.kind) {
    case "withdrawn":
      return { kind: "withdrawn", evidence: wire.reason ?? "" };
    case "duplicate":
      return { kind: "duplicate" };
    case "requeued":
      return { kind: "requeued", by: wire.reason ?? "" };
    default:
      return outcomeFromWire({ ...wire, kind: wire.kind });
  }
}

export function outcomeFromWire(wire: WireOutcome): Outcome {
  switch (wire.kind) {
    case "succeeded":
    case "timed-out":
    case "out-of-memory":
      return { kind: wire.kind };
    case "preempted":
      return wire.reason === null ? { kind: "preempted" } : { kind: "preempted", evidence: wire.reason };
    case "failed":
      return wire.signal === null
        ? { kind: "failed", exitCode: wire.exitCode ?? 1 }
        : { kind: "signalled", signal: wire.signal };
    case "cancelled":
      return { kind: "cancelled", by: wire.by ?? "centre", reason: wire.reason };
    case "node-failed":
    case "platform-fault":
    case "refused":
      return { kind: wire.kind, reason: wire.reason ?? "" };
    case "lost":
      return { kind: "lost", evidence: wire.reason ?? "", ...(wire.by === "operator" && { by: wire.by }) };
    default:
      return unreachable(wire.kind);
  }
}
