import { isHeldByUser, isNewEstimate, isNewReason, type RunWait, waitWords } from "#core/centre/waiting.ts";
import {
  type CentreId,
  type JobId,
  type PersonId,
  type ProjectId,
  type RunId,
  type RunRef,
  runId,
  type TaskRef,
} from "#core/ids.ts";
import {
  afterRun,
  billedMs,
  type Canceller,
  isBilled,
  type Metered,
  type Outcome,
  type RunEnd,
  type StateKind,
  step,
  type TaskState,
  type TaskStep,
} from "#core/job/state.ts";
import { type BookedRun, endTransfers, holdTransfers, type Transfer } from "#core/ledger/transfer.ts";
import type { Allocation, RunObservation, RunUsage } from "#core/run-order.ts";
import { unreachable } from "#core/unreachable.ts";
import type { EventDetail, EventKind, NewEvent } from "./event.ts";

/**
 * The rows that one transaction of the transition writer works on: read under its lock, changed here in memory, and
 * written back at once. Every change of a task goes through the one table in core/job/state.ts.
 */
export type Sheet = {
  readonly nowMs: number;
  readonly jobs: ReadonlyMap<JobId, JobLine>;
  readonly tasks: ReadonlyMap<string, TaskLine>;
  readonly runs: Map<RunId, RunLine>;
  readonly changedJobs: Set<JobLine>;
  readonly changedTasks: Set<TaskLine>;
  readonly changedRuns: Set<RunLine>;
  readonly newRuns: Set<RunLine>;
  readonly events: NewEvent[];
  readonly transfers: Transfer[];
  /** Centres that would not take a job; it does not go there again. */
  readonly refusals: { readonly job: JobId; readonly centre: CentreId; readonly words: string }[];
};

export type JobLine = {
  readonly id: JobId;
  readonly project: ProjectId;
  readonly taskCount: number;
  readonly timeLimitS: number;
  readonly graceS: number;
  readonly deadlineMs: number | null;
  readonly restartsWhenLost: boolean;
  readonly requeues: boolean;
  readonly givesWay: boolean;
  readonly counts: Record<StateKind, number>;
  runs: number;
  outcome: Outcome | null;
  centres: readonly string[];
  startedMs: number | null;
  endedMs: number | null;
  /** As it was read: some of it is where nobody can reach it. */
  readonly unreachable: boolean;
};

export type TaskLine = TaskRef & {
  state: StateKind;
  sinceMs: number;
  attempts: number;
  retriesLeft: number;
  centre: CentreId | null;
  startedMs: number | null;
  endedMs: number | null;
  outcome: Outcome | null;
  unreachableSinceMs: number | null;
};

export type RunLine = RunRef & {
  readonly centre: CentreId;
  readonly pool: string;
  readonly allocation: Allocation;
  /** JSON text of {decidedMs, candidates}; null where it was read and is not changed. */
  readonly decision: string | null;
  readonly placedMs: number;
  readonly latestStartMs: number;
  state: StateKind;
  acceptedMs: number | null;
  startedMs: number | null;
  endedMs: number | null;
  end: RunEnd | null;
  usage: RunUsage | null;
  words: string | null;
  billed: boolean;
  unreachableSinceMs: number | null;
  cancelMs: number | null;
  cancel: Cancel | null;
  /** What the centre waits for before it can give the run back, which it was asked for. */
  withdrawWaits: string | null;
  superseded: boolean;
  /** While it waits in the centre's own queue, and kept afterwards as it was last. */
  waiting: RunWait | null;
  /** Names as engines write them together; null: not known. */
  nodes: string | null;
};

export type Cancel = {
  readonly by: Canceller;
  readonly reason: string | null;
  /** The run is to make room for this task: it is preempted, and its own task goes back to the queue. */
  readonly claimant?: TaskRef;
  /** What the centre waits for before it can end the run. */
  readonly waitsFor?: string;
};

export function emptySheet(
  nowMs: number,
  jobs: readonly JobLine[],
  tasks: readonly TaskLine[],
  runs: readonly RunLine[],
): Sheet {
  return {
    nowMs,
    jobs: new Map(jobs.map((job) => [job.id, job])),
    tasks: new Map(tasks.map((task) => [taskKey(task), task])),
    runs: new Map(runs.map((run) => [runId(run), run])),
    changedJobs: new Set(),
    changedTasks: new Set(),
    changedRuns: new Set(),
    newRuns: new Set(),
    events: [],
    transfers: [],
    refusals: [],
  };
}

export function taskKey(task: TaskRef): string {
  return `${task.job}.${task.index}`;
}

/** Places a queued task: the run, its hold and its event. */
export function placeTask(
  sheet: Sheet,
  task: TaskLine,
  placed: Pick<RunLine, "centre" | "pool" | "allocation" | "latestStartMs"> & { readonly decision: string },
  starts: "now" | "in-turn",
): void {
  const job = jobOf(sheet, task);
  const run: RunLine = {
    job: task.job,
    index: task.index,
    attempt: task.attempts + 1,
    ...placed,
    latestStartMs: Math.min(placed.latestStartMs, latestStartOf(job)),
    placedMs: sheet.nowMs,
    state: "placed",
    acceptedMs: null,
    startedMs: null,
    endedMs: null,
    end: null,
    usage: null,
    words: null,
    billed: false,
    unreachableSinceMs: null,
    cancelMs: null,
    cancel: null,
    withdrawWaits: null,
    superseded: false,
    waiting: null,
    nodes: null,
  };
  mustStep(sheet, task, { kind: "place", run: runId(run), centre: run.centre });
  task.attempts = run.attempt;
  job.runs += 1;
  if (!job.centres.includes(run.centre)) job.centres = [...job.centres, run.centre];
  sheet.runs.set(runId(run), run);
  sheet.newRuns.add(run);
  sheet.transfers.push(...holdTransfers(booked(job, run), sheet.nowMs));
  const detail = { pool: run.pool, allocation: run.allocation };
  const cause =
    starts === "now"
      ? `of the centres that can start it now the best: ${run.centre}`
      : `it joins the own queue of ${run.centre}, pool ${run.pool}, as the best place now`;
  record(sheet, run, "placed", "placed", sheet.nowMs, cause, detail);
}

/** By then a run of its whole time limit can start and end by the deadline. */
function latestStartOf({ deadlineMs, timeLimitS }: JobLine): number {
  return deadlineMs === null ? Number.POSITIVE_INFINITY : deadlineMs - timeLimitS * 1000;
}

export function acceptRun(sheet: Sheet, run: RunLine, atMs: number): void {
  if (run.state !== "placed") return;
  run.state = "starting";
  run.acceptedMs = atMs;
  sheet.changedRuns.add(run);
  const task = currentTask(sheet, run);
  if (task) tryStep(sheet, task, { kind: "accept" });
  record(sheet, run, "accepted", task ? "starting" : null, atMs, "the agent has it on its disk");
}

/** The engine has it in its own queue. Each report is kept; the history tells a reason only when its kind changes. */
export function waitRun(
  sheet: Sheet,
  run: RunLine,
  told: Pick<RunWait, "engineId" | "reason" | "reasonKind"> & {
    readonly atMs: number;
    readonly startsInMs: number | null;
  },
): void {
  if (run.state === "running" || run.state === "ended") return;
  acceptRun(sheet, run, told.atMs);
  const { engineId, reason, reasonKind, startsInMs } = told;
  const isNew = isNewReason(run.waiting, told);
  const startsMs = startsInMs === null ? null : sheet.nowMs + startsInMs;
  const estimate = startsMs === null ? undefined : { madeMs: sheet.nowMs, startsMs };
  const { firstTold = estimate, lastTold } = run.waiting ?? {};
  const isTold = isNew || (estimate !== undefined && isNewEstimate(lastTold, estimate));
  run.waiting = {
    engineId,
    reason,
    reasonKind,
    startsMs,
    sinceMs: run.waiting?.sinceMs ?? sheet.nowMs,
    reasonSinceMs: isNew || !run.waiting ? sheet.nowMs : run.waiting.reasonSinceMs,
    firstTold,
    lastTold: isTold ? estimate : lastTold,
  };
  sheet.changedRuns.add(run);
  if (!isTold) return;
  const starts = startsMs === null ? "" : `; it thinks it will start at ${new Date(startsMs).toISOString()}`;
  const cause = `the engine has it as ${engineId}: ${waitWords(told, "en")}${starts}`;
  record(sheet, run, "waiting", null, told.atMs, cause, { startsMs, held: isHeldByUser(reasonKind) });
}

/** What an agent says of a run that goes on: for its history, and of an end or a return that it was asked for, what that waits for. */
export function remarkRun(
  sheet: Sheet,
  run: RunLine,
  { atMs, words, cancelWaits }: Pick<Extract<RunObservation, { kind: "remark" }>, "atMs" | "words" | "cancelWaits">,
): void {
  if (run.state === "ended") return;
  record(sheet, run, "remark", null, atMs, words);
  if (cancelWaits === undefined) return;
  if (run.cancel) {
    const { waitsFor: _, ...cancel } = run.cancel;
    run.cancel = cancelWaits === null ? cancel : { ...cancel, waitsFor: cancelWaits };
  } else run.withdrawWaits = cancelWaits;
  sheet.changedRuns.add(run);
}

/** A start that is already known tells at most on which nodes; one that comes after the end is later evidence. */
export function startRun(
  sheet: Sheet,
  run: RunLine,
  { atMs, evidence, nodes }: Pick<Extract<RunObservation, { kind: "started" }>, "atMs" | "evidence" | "nodes">,
): void {
  const isElsewhere = nodes !== undefined && nodes !== run.nodes;
  if (run.state !== "ended") placeOn(sheet, run, nodes);
  if (run.state === "running") {
    // The scheduler hears of it by the feed alone.
    if (isElsewhere) record(sheet, run, "remark", null, sheet.nowMs, evidence, { nodes });
    return;
  }
  if (run.state === "ended") {
    if (run.startedMs !== atMs && run.usage?.startedMs !== atMs)
      laterEvidence(sheet, run, atMs, `started: ${evidence}`);
    return;
  }
  run.state = "running";
  run.startedMs = atMs;
  sheet.changedRuns.add(run);
  const task = currentTask(sheet, run);
  if (task && tryStep(sheet, task, { kind: "start", startedMs: atMs })) {
    const job = jobOf(sheet, task);
    job.startedMs = Math.min(job.startedMs ?? atMs, atMs);
  }
  const detail = nodes === undefined ? null : { nodes };
  record(sheet, run, "started", task ? "running" : null, atMs, evidence, detail);
}

function placeOn(sheet: Sheet, run: RunLine, nodes: string | undefined): void {
  if (nodes === undefined || nodes === run.nodes) return;
  run.nodes = nodes;
  sheet.changedRuns.add(run);
}

/**
 * Ends a run once: usage, the end of its holds, and what follows for its task. The same end again is nothing; another
 * one is later evidence and changes nothing. A duplicate ended nothing (R4): the first copy goes on under the same id.
 */
export function endRun(
  sheet: Sheet,
  run: RunLine,
  ended: {
    readonly atMs: number;
    readonly end: RunEnd;
    readonly usage: RunUsage | null;
    readonly words: string | null;
    readonly nodes?: string | undefined;
  },
): void {
  const { usage, words, atMs } = ended;
  const end = endAsAsked(run, ended.end);
  if (run.state === "ended" && run.usage === null && usage !== null && end.kind !== "duplicate") {
    // Declared lost, and found after all: shown, not billed.
    run.usage = usage;
    run.words = words;
    sheet.changedRuns.add(run);
    laterEvidence(sheet, run, atMs, `ended: ${endWords(end)}`);
    return;
  }
  if (run.state === "ended" || end.kind === "duplicate") {
    if (!run.end || !sameEnd(run.end, end)) laterEvidence(sheet, run, atMs, `ended: ${endWords(end)}`);
    return;
  }
  const task = currentTask(sheet, run);
  const job = jobOf(sheet, run);
  run.state = "ended";
  const startedMs = usage?.startedMs ?? null;
  run.startedMs ??= startedMs === null ? null : Math.min(atMs, Math.max(run.placedMs, startedMs));
  run.endedMs = atMs;
  run.end = end;
  run.usage = usage;
  run.words = words;
  run.unreachableSinceMs = null;
  // A run that its task went on without is shown and not billed (R2): it counts as the duplicate it is.
  const billedAs: RunEnd = run.superseded ? { kind: "duplicate" } : end;
  const used: Metered = usage ?? { wallMs: 0 };
  run.billed = isBilled(billedAs, used);
  placeOn(sheet, run, ended.nodes);
  sheet.transfers.push(...endTransfers(booked(job, run), billedAs, used, sheet.nowMs));
  sheet.changedRuns.add(run);
  if (task) endOrRequeue(sheet, task, run, end, atMs);
  else recordRunEnd(sheet, run, end, atMs);
}

/** Of a run whose task goes on. A centre that refused it is kept for the job, as it is told of. */
function recordRunEnd(sheet: Sheet, run: RunLine, end: RunEnd, atMs: number): void {
  const refused = end.kind === "refused" ? { words: end.reason } : {};
  record(sheet, run, "run-ended", null, atMs, endWords(end), { end: end.kind, ...refused });
  if (end.kind === "refused") sheet.refusals.push({ job: run.job, centre: run.centre, words: end.reason });
}

/** The engine knows that it was asked to end, and only this side for what. */
function endAsAsked({ cancel }: RunLine, end: RunEnd): RunEnd {
  if (!cancel) return end;
  // Told that it has to end, its program saved its work and left by itself, or fell over the signal: it was not done.
  if (cancel.claimant && (end.kind === "failed" || end.kind === "signalled"))
    return { kind: "preempted", evidence: `${cancel.reason ?? ""}; ${endWords(end)}` };
  if (end.kind !== "cancelled" || end.by === "centre" || end.by === "unknown") return end;
  if (cancel.claimant) return { kind: "preempted", evidence: cancel.reason ?? "" };
  // Cancelled by a person while it was making room: the centre may have known the first reason alone.
  return end.by === "network" ? { kind: "cancelled", by: cancel.by, reason: cancel.reason } : end;
}

function endOrRequeue(sheet: Sheet, task: TaskLine, run: RunLine, end: RunEnd, atMs: number): void {
  const job = jobOf(sheet, task);
  if (run.startedMs !== null) {
    task.startedMs ??= run.startedMs;
    job.startedMs = Math.min(job.startedMs ?? run.startedMs, run.startedMs);
  }
  const follows = afterRun(end, task.retriesLeft, job);
  switch (follows.kind) {
    case "end":
      endTask(sheet, task, follows.outcome, atMs);
      record(sheet, run, "ended", "ended", atMs, endWords(end), {
        outcome: follows.outcome.kind,
        end: end.kind,
        ...timesOf(run),
      });
      return;
    case "again": {
      if (run.cancel && !run.cancel.claimant) {
        // Asked to end while it ran: it does not come back.
        const outcome = cancelledAs(run.cancel);
        endTask(sheet, task, outcome, atMs);
        record(sheet, run, "ended", "ended", atMs, `${endWords(end)}; cancelled`, {
          outcome: outcome.kind,
          end: end.kind,
          ...timesOf(run),
        });
        return;
      }
      recordRunEnd(sheet, run, end, atMs);
      if (follows.costsRetry) task.retriesLeft -= 1;
      requeueTask(sheet, task, run, follows.costsRetry ? `a retry, ${task.retriesLeft} left` : endWords(end));
      return;
    }
    case "nothing":
      return;
    default:
      unreachable(follows);
  }
}

function cancelledAs({ by, reason }: Cancel): Outcome {
  return { kind: "cancelled", by, reason };
}

export function requeueTask(sheet: Sheet, task: TaskLine, run: RunLine, cause: string): void {
  mustStep(sheet, task, { kind: "requeue", atMs: sheet.nowMs });
  record(sheet, run, "queued", "queued", sheet.nowMs, cause, timesOf(run));
}

/** What the order goes by of a run that is over: when it had started, and what it lost where it was preempted. */
function timesOf({ startedMs, end, usage, superseded }: RunLine): Pick<EventDetail, "startedMs" | "lostMs"> {
  if (startedMs === null) return {};
  if (end?.kind !== "preempted" || usage === null || superseded) return { startedMs };
  return { startedMs, lostMs: usage.wallMs - billedMs(end, usage) };
}

/** R2, `restart-after`: the task goes on without a run whose centre cannot be reached; that run is to be ended there. */
export function supersedeRun(sheet: Sheet, run: RunLine, cause: string): void {
  const task = currentTask(sheet, run);
  if (!task || run.state === "ended") return;
  const cancelled = run.cancel;
  run.superseded = true;
  askToEnd(sheet, run, { by: "network", reason: cause });
  if (cancelled) {
    endTask(sheet, task, cancelledAs(cancelled), sheet.nowMs);
    record(sheet, run, "ended", "ended", sheet.nowMs, cause, { outcome: "cancelled" });
  } else requeueTask(sheet, task, run, cause);
}

/**
 * R2: an operator says, by name, that nothing will be heard of a run any more. It ends without usage, and its centre is
 * told to end it if it is ever found.
 */
export function declareRunLost(
  sheet: Sheet,
  run: RunLine,
  { person, reason }: { readonly person: PersonId; readonly reason: string },
): void {
  const cancel: Cancel = run.cancel ?? { by: "operator", reason: `declared lost: ${reason}` };
  record(sheet, run, "declared-lost", null, sheet.nowMs, `person:${person}: ${reason}`, { cancel });
  const end: RunEnd = { kind: "lost", by: "operator", evidence: reason };
  endRun(sheet, run, { atMs: sheet.nowMs, end, usage: null, words: null });
}

/**
 * Asks for the end of a run; its agent says when it has ended. Asking again is nothing, but for a cancel of what only
 * makes room: that does not come back.
 */
export function askToEnd(sheet: Sheet, run: RunLine, cancel: Cancel): void {
  if (run.state === "ended" || (run.cancel && (!run.cancel.claimant || cancel.claimant))) return;
  run.cancelMs ??= sheet.nowMs;
  run.cancel = cancel;
  sheet.changedRuns.add(run);
  const by = cancel.reason === null ? cancel.by : `${cancel.by}: ${cancel.reason}`;
  record(sheet, run, "cancel-requested", null, sheet.nowMs, by, { cancel, pool: run.pool });
}

/** The task whose newest run this is, unless the task has ended or gone on without it. */
export function currentTask(sheet: Sheet, run: RunLine): TaskLine | null {
  const task = sheet.tasks.get(taskKey(run));
  if (!task || run.superseded || task.attempts !== run.attempt) return null;
  return task.state === "queued" || task.state === "ended" ? null : task;
}

/** Counts queued tasks as ended whose rows a statement of its own has written. */
export function countEnded(sheet: Sheet, job: JobLine, count: number, outcome: Outcome, atMs: number): void {
  job.counts.queued -= count;
  job.counts.ended += count;
  noteEnd(sheet, job, outcome, atMs);
}

export function jobOf(sheet: Sheet, task: TaskRef): JobLine {
  const job = sheet.jobs.get(task.job);
  if (!job) throw new Error(`broken invariant: job ${task.job} is on the sheet of its tasks`);
  return job;
}

/** Most active first: what an array as a whole shows. */
export function jobState(job: JobLine): StateKind {
  for (const kind of ["running", "starting", "placed", "queued"] as const) if (job.counts[kind] > 0) return kind;
  return "ended";
}

export function endWords(end: RunEnd): string {
  switch (end.kind) {
    case "failed":
      return `failed with exit code ${end.exitCode}`;
    case "signalled":
      return `failed by signal ${end.signal}`;
    case "cancelled":
      if (end.by === "unknown") return "cancelled at the centre, its engine does not say by whom";
      return end.reason === null ? `cancelled by ${end.by}` : `cancelled by ${end.by}: ${end.reason}`;
    case "node-failed":
    case "platform-fault":
    case "refused":
      return `${end.kind}: ${end.reason}`;
    case "lost":
      return end.by === "operator" ? `declared lost: ${end.evidence}` : `lost: ${end.evidence}`;
    case "withdrawn":
      return `${end.kind}: ${end.evidence}`;
    case "requeued":
      return `requeued by ${end.by}`;
    case "preempted":
      return end.evidence ? `preempted: ${end.evidence}` : end.kind;
    case "succeeded":
    case "timed-out":
    case "out-of-memory":
    case "duplicate":
      return end.kind;
    default:
      return unreachable(end);
  }
}

function endTask(sheet: Sheet, task: TaskLine, outcome: Outcome, atMs: number): void {
  mustStep(sheet, task, { kind: "end", outcome, endedMs: atMs });
  noteEnd(sheet, jobOf(sheet, task), outcome, atMs);
}

function noteEnd(sheet: Sheet, job: JobLine, outcome: Outcome, atMs: number): void {
  if (outcome.kind !== "succeeded") job.outcome ??= outcome;
  if (job.counts.ended === job.taskCount) {
    job.outcome ??= { kind: "succeeded" };
    job.endedMs = atMs;
  }
  sheet.changedJobs.add(job);
}

function mustStep(sheet: Sheet, task: TaskLine, taskStep: TaskStep): void {
  if (!tryStep(sheet, task, taskStep))
    throw new Error(`broken invariant: ${taskKey(task)} is ${task.state} and cannot ${taskStep.kind}`);
}

function tryStep(sheet: Sheet, task: TaskLine, taskStep: TaskStep): boolean {
  const stepped = step(stateOf(task), taskStep);
  if (stepped.kind === "illegal") return false;
  const job = jobOf(sheet, task);
  job.counts[task.state] -= 1;
  job.counts[stepped.state.kind] += 1;
  setState(sheet, task, stepped.state);
  sheet.changedTasks.add(task);
  sheet.changedJobs.add(job);
  return true;
}

function stateOf(task: TaskLine): TaskState {
  if (task.state === "queued") return { kind: "queued", sinceMs: task.sinceMs };
  const { centre, outcome } = task;
  if (task.state === "ended") {
    if (!outcome) throw new Error(`broken invariant: ${taskKey(task)} has ended without an outcome`);
    return { kind: "ended", outcome, endedMs: task.endedMs ?? 0 };
  }
  if (centre === null) throw new Error(`broken invariant: ${taskKey(task)} is ${task.state} at no centre`);
  const bound = { run: runId({ ...task, attempt: task.attempts }), centre };
  return task.state === "running"
    ? { kind: "running", ...bound, startedMs: task.startedMs ?? 0 }
    : { kind: task.state, ...bound };
}

function setState(sheet: Sheet, task: TaskLine, state: TaskState): void {
  task.state = state.kind;
  task.sinceMs = sheet.nowMs;
  switch (state.kind) {
    case "queued":
      task.centre = null;
      task.startedMs = null;
      task.unreachableSinceMs = null;
      return;
    case "placed":
    case "starting":
      task.centre = state.centre;
      return;
    case "running":
      task.startedMs = state.startedMs;
      return;
    case "ended":
      task.outcome = state.outcome;
      task.endedMs = state.endedMs;
      task.unreachableSinceMs = null;
      return;
    default:
      unreachable(state);
  }
}

function laterEvidence(sheet: Sheet, run: RunLine, atMs: number, words: string): void {
  record(sheet, run, "later-evidence", null, atMs, words);
}

function record(
  sheet: Sheet,
  run: RunLine,
  kind: EventKind,
  state: StateKind | null,
  atMs: number,
  cause: string,
  detail: EventDetail | null = null,
): void {
  const { project } = jobOf(sheet, run);
  const { job, index, attempt, centre } = run;
  // A centre's clock may run ahead; nothing is told to have happened in the future.
  sheet.events.push({
    atMs: Math.min(atMs, sheet.nowMs),
    project,
    job,
    index,
    attempt,
    kind,
    state,
    centre,
    cause,
    detail,
  });
}

function booked(job: JobLine, run: RunLine): BookedRun {
  const { project, timeLimitS, graceS } = job;
  return { run, project, centre: run.centre, allocation: run.allocation, timeLimitS, graceS };
}

function sameEnd(a: RunEnd, b: RunEnd): boolean {
  return a.kind === b.kind && endWords(a) === endWords(b);
}
