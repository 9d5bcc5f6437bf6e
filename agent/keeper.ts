import type { Driver, FoundRun } from "#agent/driver.ts";
import type { Journal } from "#agent/journal.ts";
import { Unwritten } from "#agent/json-lines.ts";
import type { RunId } from "#core/ids.ts";
import type { Canceller, RunEnd } from "#core/job/state.ts";
import type { RunObservation, RunOrder, RunUsage } from "#core/run-order.ts";

/**
 * Keeps the runs of this centre: takes orders and cancels, drives the engine, and holds what happened until the server
 * has committed it. It never starts a run twice: an order is acted on only while the run is unknown here, after its
 * intent is on disk, and the engine itself refuses a second start.
 */
export type Keeper = {
  /** After a restart: find what the engine still has, before the first sync. */
  readonly adopt: () => Promise<void>;
  /**
   * Of a whole list, before anything of it is acted on: what the engine has of runs that are unknown here, since another
   * agent of this centre may have started them. Throws where the engine does not answer; then nothing can be acted on.
   */
  readonly lookFor: (runs: readonly RunId[]) => Promise<void>;
  readonly order: (orders: readonly RunOrder[]) => void;
  readonly cancel: (cancels: readonly CancelOrder[]) => void;
  /** Takes back what has not started. What has goes on. */
  readonly withdraw: (runs: readonly RunId[]) => void;
  /**
   * After the orders of a whole list. Of the runs that the server expects here, one of which neither this agent nor the
   * engine has a trace is lost, on that evidence (R2). Intents that nobody expects any more are dropped.
   */
  readonly reconcile: (expected: readonly RunId[]) => void;
  /** What the server has not confirmed yet, oldest first. */
  readonly pending: (most: number) => readonly RunObservation[];
  /** The server took these; ends stay until they are in `committed`. */
  readonly delivered: (observations: readonly RunObservation[]) => void;
  readonly committed: (runs: readonly RunId[]) => void;
  /** Called when there is something new to report at once. */
  readonly onNews: (listener: () => void) => void;
};

export type CancelOrder = {
  readonly run: RunId;
  readonly by: Canceller;
  readonly reason: string | null;
  /** Its program is given the time that it asked for first. */
  readonly warn?: true | undefined;
};

/** From outside: the monotonic clock fences late starts (R1), the wall clock only labels what happened. */
export type Clocks = {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly later: (afterMs: number, act: () => void) => void;
};

type Held =
  /** `deadlineMs` on the monotonic clock. */
  | { readonly kind: "waiting"; readonly order: RunOrder; readonly deadlineMs: number }
  | { readonly kind: "starting"; readonly order: RunOrder }
  | { readonly kind: "running" }
  | { readonly kind: "ended"; readonly observation: RunObservation };

const takenBack: RunEnd = { kind: "withdrawn", evidence: "the network took it back before it started" };
const busyRetryMs = 100;
/** After a cancel that failed; doubled after each, at most the longest. */
const firstRetryMs = 500;
const longestRetryMs = 10_000;
/** What the agent's disk does not take is offered to it again so often, and an engine in doubt asked. */
const doubtRetryMs = 1_000;
const untakenWords = "not taken yet, and asked again: a fault at the site, named in its agent's log";
/** An accept is told only when the start is not seen within this time: most runs then need one report, not two. */
const acceptQuietMs = 30;
const mostRemembered = 10_000;

export const nothingUsed: RunUsage = {
  startedMs: null,
  wallMs: 0,
  cpuUserMs: 0,
  cpuSystemMs: 0,
  peakMemoryMib: 0,
  memoryWay: "none",
  droppedStdoutBytes: 0,
  droppedStderrBytes: 0,
  energyJoules: null,
};

export function keepRuns(
  driver: Driver,
  journal: Journal,
  clocks: Clocks,
  note: (words: string, facts: object) => void,
): Keeper {
  const held = new Map<RunId, Held>();
  const outbox = new Map<string, RunObservation>();
  const cancels = new Map<RunId, CancelOrder>();
  const withdrawn = new Set<RunId>();
  /** Whose history says already that they cannot be taken. */
  const untaken = new Set<RunId>();
  /** A whole list that was made before these were committed may still expect them. */
  const justCommitted = new Set<RunId>();
  let news: () => void = () => {};

  driver.listen((observation) => observe(observation));

  function report(observation: RunObservation): void {
    outbox.set(`${observation.run} ${observation.kind}`, observation);
    news();
  }

  function observe(observation: RunObservation): void {
    if (observation.kind === "ended") {
      // The server places the task elsewhere: an order for this run that comes late must find that on the disk.
      if (observation.end.kind === "withdrawn" && !withdrawnOnDisk(observation.run, () => observe(observation))) return;
      const ended = { ...observation, end: namedEnd(observation.end, cancels.get(observation.run)) };
      held.set(observation.run, { kind: "ended", observation: ended });
      report(ended);
      return;
    }
    if (held.get(observation.run)?.kind === "ended") return;
    if (observation.kind === "started") held.set(observation.run, { kind: "running" });
    // What is known of the wait is dropped once it is over, and only the newest is worth telling.
    if (observation.kind === "started") outbox.delete(`${observation.run} waiting`);
    report(observation);
  }

  /** If not, it is tried again later, and nothing is told before. */
  function withdrawnOnDisk(run: RunId, again: () => void): boolean {
    try {
      journal.withdraw(run, clocks.nowMs());
      return true;
    } catch (error) {
      if (!(error instanceof Unwritten)) throw error;
      note("an end cannot be written down; it is tried again", { run, error: error.message });
      clocks.later(doubtRetryMs, again);
      return false;
    }
  }

  function endUnstarted(run: RunId, end: RunEnd, words: string | null): void {
    if (!withdrawnOnDisk(run, () => endUnstarted(run, end, words))) return;
    const observation: RunObservation = { kind: "ended", run, atMs: clocks.nowMs(), end, usage: nothingUsed, words };
    held.set(run, { kind: "ended", observation });
    report(observation);
  }

  /** Accepted is what will be known here after a restart. Throws `Unwritten`. */
  function intend(runs: readonly RunId[]): void {
    journal.intend(runs, clocks.nowMs(), driver.notesBeforeStart ? "unsynced" : "synced");
    for (const run of runs) outbox.set(`${run} accepted`, { kind: "accepted", run, atMs: clocks.nowMs() });
    clocks.later(acceptQuietMs, () => news());
  }

  async function start(order: RunOrder, deadlineMs: number): Promise<void> {
    const cancel = cancels.get(order.run);
    if (cancel) return endUnstarted(order.run, { kind: "cancelled", by: cancel.by, reason: cancel.reason }, null);
    if (withdrawn.has(order.run)) return endUnstarted(order.run, takenBack, null);
    if (clocks.monotonicMs() > deadlineMs)
      return endUnstarted(order.run, { kind: "withdrawn", evidence: "deadline passed before the start" }, null);
    if (!journal.open().has(order.run)) intend([order.run]);
    held.set(order.run, { kind: "starting", order });
    const answer = await driver.start(order);
    switch (answer.kind) {
      case "started":
        return;
      case "queued":
        // It may wait for days there; the order with its work has done its service.
        if (held.get(order.run)?.kind === "starting") held.set(order.run, { kind: "running" });
        return;
      case "already-there":
        await findAgain(order.run);
        return;
      case "refused": {
        const kind = answer.definite ? "refused" : "platform-fault";
        return endUnstarted(order.run, { kind, reason: answer.words }, answer.words);
      }
      case "busy":
        held.set(order.run, { kind: "waiting", order, deadlineMs });
        clocks.later(busyRetryMs, () => attempt(order, deadlineMs));
    }
  }

  /** In doubt, the engine is asked before anything is tried again (R3). */
  function attempt(order: RunOrder, deadlineMs: number): void {
    start(order, deadlineMs).catch(async (error: unknown) => {
      note("start in doubt", { run: order.run, error: String(error) });
      if (error instanceof Unwritten) remarkUntaken(order.run);
      await lookBeforeTryingAgain(order, deadlineMs);
    });
  }

  function remarkUntaken(run: RunId): void {
    if (untaken.has(run)) return;
    untaken.add(run);
    report({ kind: "remark", run, atMs: clocks.nowMs(), words: untakenWords });
  }

  /** While the engine is silent the doubt remains: nothing is tried, and nothing is told as never started. */
  async function lookBeforeTryingAgain(order: RunOrder, deadlineMs: number): Promise<void> {
    const found = await findAgain(order.run);
    if (found === "known") return;
    const again = () => void lookBeforeTryingAgain(order, deadlineMs);
    if (found === "unknown") held.set(order.run, { kind: "waiting", order, deadlineMs });
    clocks.later(doubtRetryMs, found === "unknown" ? () => attempt(order, deadlineMs) : again);
  }

  /** Whether the engine knows the run; what it knows is reported. */
  async function findAgain(run: RunId): Promise<"known" | "unknown" | "silent"> {
    try {
      const found = (await driver.find([run])).find((one) => one.run === run);
      if (found?.state === "ended") observe(found.observation);
      if (found?.state === "running") observe(startOf(found, "found: the process lives"));
      return found === undefined ? "unknown" : "known";
    } catch (error) {
      note("engine does not answer", { run, error: String(error) });
      return "silent";
    }
  }

  /** Until the engine has it in its hands or the run has ended: a start on its way may not be there yet. */
  function cancelAtEngine(run: RunId, retryMs = firstRetryMs): void {
    const again = (nextMs: number) => clocks.later(retryMs, () => held.has(run) && cancelAtEngine(run, nextMs));
    if (held.get(run)?.kind === "ended") return;
    driver.cancel(run, cancels.get(run)?.warn ?? false).then(
      (answer) => {
        note("cancel", { run, answer });
        if (answer === "not-there") again(firstRetryMs);
      },
      (error: unknown) => {
        note("cancel failed; it is tried again", { run, error: String(error) });
        again(Math.min(longestRetryMs, 2 * retryMs));
      },
    );
  }

  /** As `cancelAtEngine`, for what only waits there. */
  function withdrawAtEngine(run: RunId, retryMs = firstRetryMs): void {
    const state = held.get(run)?.kind;
    if (!driver.withdraw || state === undefined || state === "ended") return;
    const again = (nextMs: number) => clocks.later(retryMs, () => withdrawAtEngine(run, nextMs));
    driver.withdraw(run).then(
      (answer) => {
        note("withdraw", { run, answer });
        if (answer === "not-there") again(firstRetryMs);
      },
      (error: unknown) => {
        note("withdraw failed; it is tried again", { run, error: String(error) });
        again(Math.min(longestRetryMs, 2 * retryMs));
      },
    );
  }

  function takeUp(found: FoundRun): void {
    if (found.state === "ended") {
      observe(found.observation);
      return;
    }
    held.set(found.run, { kind: "running" });
    if (found.state === "running") report(startOf(found, "adopted: the process lives"));
  }

  return {
    async adopt() {
      // Without a journal everything is reported again: what the server knows already is history to it.
      const all = await driver.find(journal.existed ? [...journal.open()] : undefined);
      if (!journal.existed && all.length > 0)
        journal.intend(
          all.map(({ run }) => run),
          clocks.nowMs(),
        );
      for (const found of all) takeUp(found);
    },
    async lookFor(runs) {
      const unknown = runs.filter((run) => !held.has(run) && !justCommitted.has(run) && !journal.isWithdrawn(run));
      if (unknown.length === 0) return;
      const found = (await driver.find(unknown)).filter(({ run }) => !held.has(run));
      if (found.length === 0) return;
      note("runs of an earlier agent of this centre are taken up", { runs: found.length });
      journal.intend(
        found.map(({ run }) => run),
        clocks.nowMs(),
      );
      for (const one of found) takeUp(one);
    },
    order(orders) {
      const fresh = orders.filter((order) => !held.has(order.run));
      if (fresh.length === 0) return;
      const late = fresh.filter((order) => journal.isWithdrawn(order.run));
      for (const order of late)
        endUnstarted(order.run, { kind: "withdrawn", evidence: "this centre withdrew it before" }, null);
      const startable = fresh.filter((order) => !journal.isWithdrawn(order.run));
      try {
        if (startable.length > 0) intend(startable.map((order) => order.run));
      } catch (error) {
        // Then each at its own start.
        if (!(error instanceof Unwritten)) throw error;
      }
      for (const order of startable) {
        const deadlineMs = clocks.monotonicMs() + order.startWithinMs;
        held.set(order.run, { kind: "waiting", order, deadlineMs });
        attempt(order, deadlineMs);
      }
    },
    cancel(orders) {
      for (const order of orders) {
        const known = cancels.get(order.run);
        cancels.set(order.run, order);
        const state = held.get(order.run);
        // Whom somebody cancels while it makes room is not waited for any longer.
        const isKnown = known !== undefined && (!known.warn || order.warn);
        if (isKnown || state?.kind === "ended") continue;
        if (state === undefined && !journal.open().has(order.run)) {
          endUnstarted(order.run, { kind: "cancelled", by: order.by, reason: order.reason }, null);
          continue;
        }
        if (state?.kind !== "waiting") cancelAtEngine(order.run);
      }
    },
    withdraw(runs) {
      for (const run of runs) {
        const state = held.get(run);
        if (withdrawn.has(run) || state?.kind === "ended") continue;
        withdrawn.add(run);
        // One that waits here is taken back at its next try; one that is unknown was never begun.
        if (state === undefined && !journal.open().has(run)) endUnstarted(run, takenBack, null);
        else if (state?.kind !== "waiting") withdrawAtEngine(run);
      }
    },
    reconcile(expected) {
      for (const run of expected) {
        if (held.has(run) || justCommitted.has(run)) continue;
        const evidence = "the centre answers and has no folder, no process and no end of it";
        observe({
          kind: "ended",
          run,
          atMs: clocks.nowMs(),
          end: { kind: "lost", evidence },
          usage: nothingUsed,
          words: null,
        });
      }
      const gone = [...journal.open()].filter((run) => !held.has(run));
      if (gone.length > 0) journal.forget(gone, clocks.nowMs());
    },
    pending: (most) => [...outbox.values()].slice(0, most),
    delivered(observations) {
      for (const observation of observations) {
        const key = `${observation.run} ${observation.kind}`;
        if (observation.kind !== "ended" && outbox.get(key) === observation) outbox.delete(key);
      }
    },
    committed(runs) {
      for (const run of runs) {
        for (const kind of ["accepted", "waiting", "started", "remark", "ended"]) outbox.delete(`${run} ${kind}`);
        held.delete(run);
        cancels.delete(run);
        withdrawn.delete(run);
        untaken.delete(run);
        justCommitted.add(run);
      }
      for (const run of justCommitted) {
        if (justCommitted.size <= mostRemembered) break;
        justCommitted.delete(run);
      }
      if (runs.length > 0) journal.forget(runs, clocks.nowMs());
    },
    onNews(listener) {
      news = listener;
    },
  };
}

function startOf(
  { run, startedMs, nodes }: Extract<FoundRun, { readonly state: "running" }>,
  evidence: string,
): RunObservation {
  return { kind: "started", run, atMs: startedMs, evidence, ...(nodes !== undefined && { nodes }) };
}

/** The engine knows that it was cancelled; only the order knows by whom and why. */
function namedEnd(end: RunEnd, cancel: CancelOrder | undefined): RunEnd {
  return end.kind === "cancelled" && cancel ? { kind: "cancelled", by: cancel.by, reason: cancel.reason } : end;
}
