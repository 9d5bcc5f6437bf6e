import { setTimeout as delay } from "node:timers/promises";
import type { CheckName } from "#core/centre/connection-test.ts";
import type { RunOrder } from "#core/run-order.ts";
import type { Stage } from "./checks.ts";
import {
  type Ended,
  type Judged,
  judgeEnd,
  judgeEstimate,
  judgeKind,
  judgeUnstarted,
  passedIf,
  together,
} from "./judge.ts";
import type { Followed } from "./probe.ts";
import { oneCore } from "./trial.ts";

type Queue = { readonly filler: Followed; readonly wide: Partial<RunOrder> };

/**
 * The checks that need a full pool: one run takes all of it, and others wait behind. An engine that says "busy" has no
 * queue of its own; there the agent itself keeps what waits.
 */
export const queueAsked = {
  deadline: "a run whose deadline passes before it can start",
  "cancel-queued": "to cancel a run that waits in the engine's queue",
  estimate: "when a run that waits will start",
} as const satisfies Partial<Record<CheckName, string>>;
export type QueueCheck = keyof typeof queueAsked;

/** Hands each result out as soon as it is known. */
export async function driveQueue(stage: Stage, done: (check: QueueCheck, judged: Judged) => void): Promise<void> {
  const queue = await fill(stage);
  if (typeof queue === "string") {
    done("deadline", await tooLate(stage));
    done("cancel-queued", { verdict: "not-offered", seen: queue });
    done("estimate", { verdict: "not-offered", seen: queue });
    return;
  }
  const cancelled = failing(cancelWaiting(stage, queue));
  const fenced = failing(passDeadline(stage, queue));
  const estimated = failing(estimateOf(stage, queue));
  done("cancel-queued", await cancelled);
  done("estimate", await estimated);
  done("deadline", await fenced);
}

/** A run over the whole pool that ends by its time limit; or why there is no queue to be seen. */
async function fill({ probe, order, offer }: Stage, timeLimitS = fillerS): Promise<Queue | string> {
  if (!offer.whole) return `the pool ${offer.pool} is too large to be filled for a test`;
  const { nodes, coresPerNode } = offer.whole;
  const allocation = { ...oneCore, nodes, tasks: nodes, coresPerTask: coresPerNode, coresPerNode };
  const first = order("#WEIR-SIM run=5m\nsleep 300", { allocation, timeLimitS, graceS: 0 });
  const answer = await probe.driver.start(first);
  if (answer.kind === "busy" || answer.kind === "refused") return `the whole pool: ${answer.kind}, ${answer.words}`;
  if (answer.kind === "started") {
    await probe.driver.cancel(first.run);
    await probe.follow(first.run).ended();
    return "the engine starts at once or says busy: it has no queue of its own";
  }
  return { filler: probe.follow(first.run), wide: { allocation } };
}

async function cancelWaiting({ probe, order }: Stage, { wide }: Queue): Promise<Judged> {
  const run = await probe.begin(order("#WEIR-SIM run=10ms\nexit 0", wide));
  await delay(300);
  if (run.hasStarted()) return passedIf(false, "it started though the pool was full");
  const answer = await probe.driver.cancel(run.run);
  const judged = judgeUnstarted(await run.ended(), "cancelled");
  return together([passedIf(answer === "cancelling", `the engine said ${answer}`), judged]);
}

async function passDeadline({ probe, order }: Stage, { wide }: Queue): Promise<Judged> {
  const asked = order("#WEIR-SIM run=10ms\nexit 0", { ...wide, startWithinMs: leaseMs });
  const answer = await probe.start(asked, leaseMs);
  // Not taken at all while its lease lasted: then it must not be there either.
  if (answer.kind === "busy") {
    const found = await probe.driver.find([asked.run]);
    return passedIf(
      found.length === 0,
      `busy: ${answer.words}; later the engine has ${found[0]?.state ?? "nothing"} of it`,
    );
  }
  if (answer.kind === "refused") return passedIf(false, `refused: ${answer.words}`);
  const ended = await probe.follow(asked.run).ended();
  return together([judgeUnstarted(ended, "withdrawn"), ...ownFence(ended)]);
}

/** What the agent takes out itself, long after a lease, shows no fence of the engine's: a plugin may have dropped it. */
function ownFence({ end }: Ended): readonly Judged[] {
  if (end.kind !== "withdrawn" || !/\btaken out\b|took it back/.test(end.evidence)) return [];
  return [passedIf(false, "the engine let its deadline pass, and the agent took it out")];
}

/** An engine that plans now and then, as Slurm's backfill every 30 s, may need a longer wait to have thought of it. */
async function estimateOf(stage: Stage, queue: Queue): Promise<Judged> {
  const soon = await estimateBehind(stage, queue);
  if (soon.verdict !== "not-offered" || stage.probe.patienceMs < 1.2 * longFillerS * 1000) return soon;
  const longer = await fill(stage, longFillerS);
  return typeof longer === "string" ? soon : estimateBehind(stage, longer);
}

/** Where others fill the pool, it is not kept from them for longer than a moment: then no estimate can be compared. */
async function estimateBehind(stage: Stage, queue: Queue): Promise<Judged> {
  const mostMs = stage.heldBackMs ?? mostHeldBackMs;
  const until = performance.now() + mostMs;
  while (!queue.filler.hasStarted() && performance.now() < until) await delay(100);
  if (queue.filler.hasStarted()) return awaitTurn(stage, queue);
  await stage.probe.driver.cancel(queue.filler.run);
  return { verdict: "not-offered", seen: `the whole pool did not come free within ${mostMs / 1000} s` };
}

/** The limit of what is ahead is what an engine can know; whole minutes, where it keeps no seconds. */
async function awaitTurn({ probe, order }: Stage, { filler, wide }: Queue): Promise<Judged> {
  const beganMs = performance.now();
  const run = await probe.begin(order("#WEIR-SIM run=10ms\nexit 0", wide));
  const startedMs = await run.started();
  const waitedS = Math.round((performance.now() - beganMs) / 1000);
  const judgedFiller = judgeKind(await filler.ended(), "timed-out");
  const estimates = run.heard.flatMap(({ observation }) =>
    observation.kind === "waiting" && observation.startsInMs !== null
      ? [observation.atMs + observation.startsInMs]
      : [],
  );
  const ended = await run.ended();
  const estimate = judgeEstimate(estimates, startedMs, estimateToleranceMs);
  if (judgedFiller.verdict === "fail" || ended.end.kind !== "succeeded")
    return together([judgedFiller, judgeEnd(ended, { kind: "succeeded" })]);
  if (estimate.verdict === "not-offered") return { ...estimate, seen: `${estimate.seen} in ${waitedS} s of waiting` };
  return estimate;
}

/** Without a queue, a deadline that has passed already: nothing may start, then or later. */
async function tooLate({ probe, order }: Stage): Promise<Judged> {
  const asked = order("#WEIR-SIM run=10ms\nexit 0", { startWithinMs: -1 });
  const answer = await probe.driver.start(asked);
  await delay(200);
  const found = await probe.driver.find([asked.run]);
  const started = answer.kind === "started" || probe.follow(asked.run).hasStarted();
  return passedIf(
    !started && found.length === 0,
    `the engine said ${answer.kind}; later it has ${found[0]?.state ?? "nothing"} of it`,
  );
}

async function failing(judged: Promise<Judged>): Promise<Judged> {
  return judged.catch((error: unknown) => passedIf(false, error instanceof Error ? error.message : String(error)));
}

/** Much shorter than the filler takes, and long enough for engines that count whole seconds. */
const leaseMs = 2_500;
const fillerS = 6;
/** A whole minute, as Slurm counts limits: the estimate can be true to the second. */
const longFillerS = 60;
const mostHeldBackMs = 5_000;
const estimateToleranceMs = 30_000;
