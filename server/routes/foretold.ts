import { type Phrase, phrase } from "#core/job/phrase.ts";
import { coresPerNode, type JobSpec, taskCount } from "#core/job/spec.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import type { CoreBound } from "#core/scheduling/core-limits.ts";
import type { StartEstimate } from "#core/scheduling/estimate/starts.ts";
import { type GrantedUnit, type GrantLeft, hoursText } from "#core/scheduling/grants.ts";
import { unreachable } from "#core/unreachable.ts";
import type { Quote } from "./quote.ts";

/**
 * What is said of a job that is taken, and of one in a dry run alike, by how things stand: that a grant or a
 * bound does not cover it, and whether it is likely to meet its deadline. It is not kept with the job, since it may be otherwise a moment later.
 */
export type Foretold = {
  readonly warnings: readonly Phrase[];
  /** What is no warning: it has a deadline and is likely to meet it. */
  readonly inTime: Phrase | null;
};

/** `start`: asked only where there is a deadline; null: it was not looked. */
export function foretell(
  spec: JobSpec,
  { granted, boundsBelow }: { readonly granted: readonly GrantLeft[]; readonly boundsBelow: readonly CoreBound[] },
  quote: Quote,
  start: () => StartEstimate | null,
): Foretold {
  if (granted.length === 0 && boundsBelow.length === 0 && spec.deadlineMs === null) return nothing;
  const short = [
    ...boundsBelow.map((bound) => boundWords(bound, spec)),
    ...granted.flatMap((grant) => grantWords(grant, spec, quote)),
  ];
  const estimate = spec.deadlineMs === null ? null : start();
  if (estimate === null) return { warnings: short, inTime: null };
  const { kind, words } = deadlineWords(spec, estimate);
  return kind === "in-time" ? { warnings: short, inTime: words } : { warnings: [...short, words], inTime: null };
}

function boundWords({ of, mostCores }: CoreBound, { shape, array }: JobSpec): Phrase {
  return phrase("beyond-core-bound", {
    whose: phrase(of === "tenant" ? "its-tenant" : "its-project"),
    limit: mostCores,
    for: phrase(taskCount(array) === 1 ? "for-this-job" : "for-each-task"),
    asked: shape.nodes * coresPerNode(shape),
    command: `weir admin ${of} set`,
  });
}

const nothing: Foretold = { warnings: [], inTime: null };

/** Nobody can tell of one that waits for other jobs when they will have ended: only that it is late already. */
function deadlineWords(
  { deadlineMs, timeLimitS, dependencies }: JobSpec,
  estimate: StartEstimate,
): { readonly kind: "in-time" | "warning"; readonly words: Phrase } {
  if (estimate.kind === "unknown") return { kind: "warning", words: phrase("deadline-unknown") };
  const latestMs = latestOf(estimate);
  const lastMs = (deadlineMs ?? 0) - timeLimitS * 1000;
  if (latestMs > lastMs) {
    const last = networkTimeText(lastMs);
    if (estimate.kind === "learnt" && estimate.likelyMs > lastMs)
      return {
        kind: "warning",
        words: phrase("deadline-unlikely", { start: networkTimeText(estimate.likelyMs), last }),
      };
    return { kind: "warning", words: phrase("deadline-at-risk", { latest: networkTimeText(latestMs), last }) };
  }
  if (dependencies.length > 0) return { kind: "warning", words: phrase("deadline-after-others") };
  return { kind: "in-time", words: phrase(inTimeKind(estimate), { start: networkTimeText(latestMs) }) };
}

type Known = Exclude<StartEstimate, { kind: "unknown" }>;

/** How late it could start, as far as anything is known. */
function latestOf(estimate: Known): number {
  switch (estimate.kind) {
    case "learnt":
      return estimate.latestMs;
    case "limits":
      return estimate.byMs;
    case "now":
    case "engine":
    case "planned":
    case "data":
      return estimate.atMs;
    default:
      return unreachable(estimate);
  }
}

function inTimeKind(estimate: Known): "deadline-likely" | "deadline-learnt" | "deadline-by" | "deadline-about" {
  if (estimate.kind === "now") return "deadline-likely";
  if (estimate.kind === "learnt") return "deadline-learnt";
  return estimate.kind === "limits" && estimate.isFirst ? "deadline-by" : "deadline-about";
}

function grantWords(
  { of, unit, granted, left, unused }: GrantLeft,
  { array }: JobSpec,
  { perTask }: Quote,
): readonly Phrase[] {
  const held = BigInt(unit === "core-ms" ? perTask.coreMs : perTask.milliCardMs);
  if (held === 0n) return [];
  const tasks = taskCount(array);
  const facts = {
    whose: phrase(of === "tenant" ? "its-tenant" : "its-project"),
    granted: amountPhrase(granted, unit),
    for: phrase(tasks === 1 ? "for-this-job" : "for-each-task"),
    asked: amountPhrase(held, unit, "up"),
    command: `weir admin ${of} set`,
  };
  if (held > unused) {
    const remedy = phrase(unused > 0n ? "less-or-more-granted" : "more-granted");
    return [phrase("grant-never-covers", { ...facts, most: amountPhrase(unused, unit), remedy })];
  }
  if (held > left) return [phrase("grant-used", { ...facts, left: amountPhrase(left, unit) })];
  const total = held * BigInt(tasks);
  if (total <= left) return [];
  const all = { ...facts, tasks, total: amountPhrase(total, unit, "up"), left: amountPhrase(left, unit) };
  return [phrase("grant-not-for-all", all)];
}

function amountPhrase(amount: bigint, unit: GrantedUnit, rounding: "up" | "down" = "down"): Phrase {
  const hours = hoursText(amount, unit, rounding);
  const one = hours === "1";
  if (unit === "core-ms") return one ? phrase("one-core-hour") : phrase("core-hours", { hours });
  return one ? phrase("one-card-hour") : phrase("card-hours", { hours });
}

/**
 * How much of the server's time may go into looking when jobs with deadlines would start: a look walks the queue. A tenth,
 * and a moment's worth ahead of it; beyond that a job is taken without being told.
 */
export function lookAllowance(nowMs: () => number): <Seen>(look: () => Seen) => Seen | null {
  const part = 0.1;
  const aheadMs = 50;
  let spentMs = 0;
  let spentAtMs = nowMs();
  return (look) => {
    const beganMs = nowMs();
    spentMs = Math.max(0, spentMs - (beganMs - spentAtMs) * part);
    spentAtMs = beganMs;
    if (spentMs > aheadMs) return null;
    const seen = look();
    spentMs += nowMs() - beganMs;
    return seen;
  };
}
