import { type JobId, jobId, type ProjectId, projectId } from "#core/ids.ts";
import { demandsOf } from "#core/job/demands.ts";
import type { JobSpec } from "#core/job/spec.ts";
import type { WantedAccount } from "#core/scheduling/queue.ts";
import type { World } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { Plan } from "#core/scheduling/world-plan.ts";
import { unreachable } from "#core/unreachable.ts";
import { boundsEvent } from "#server/store/bounds.ts";
import { coreLimitsEvent } from "#server/store/core-limits.ts";
import { type Database, type Log, silent } from "#server/store/database.ts";
import type { FeedEvent, Position } from "#server/store/event.ts";
import type { Feed } from "#server/store/feed.ts";
import { grantsEvent } from "#server/store/grants.ts";
import { homesEvent } from "#server/store/homes.ts";
import { keepOrderMemory } from "#server/store/order-memory.ts";
import { policyEvent } from "#server/store/policy.ts";
import { readCentreStates } from "#server/store/read-centre-states.ts";
import { readJobEvents } from "#server/store/read-world.ts";
import type { Submission } from "#server/store/submission.ts";
import type { NumberedBatch } from "#server/store/submit-jobs.ts";
import type { Placed } from "#server/store/transaction.ts";
import { type TransitionWriter, Unavailable } from "#server/store/transitions.ts";
import { wantAccounts } from "#server/store/wanted-accounts.ts";
import type { Leader } from "./lead.ts";
import { placingEvents } from "./placing-events.ts";

/**
 * Keeps the world current from the feed alone, and, on the server that leads, places what can start: decide, write,
 * wait until the feed has brought what was written, decide again. It works when something happened and sleeps when not.
 */
export type Scheduler = {
  /** Each server has it, for `why`, dry runs and refusals at submit; only the leader acts on it. */
  readonly world: World;
  /**
   * Resolves once the world has all that was committed before the call: who has set a rule and been answered finds it in
   * force. Where an older open transaction holds the feed back, that is waited for no longer than `patienceMs`.
   */
  readonly caughtUp: () => Promise<void>;
  /** New jobs of this server are on their way to the store; resolves once they have been noted, or were not kept. */
  readonly noteSubmitting: (told: PromiseLike<void>) => void;
  /** New jobs of this server, so that they need not be read back from the store. */
  readonly noteSubmitted: (batch: NumberedBatch) => void;
  readonly close: () => Promise<void>;
};

export type SchedulerSettings = {
  readonly db: Database;
  readonly feed: Feed;
  readonly transitions: TransitionWriter;
  readonly leader: Leader;
  /** Filled by `readWorld` under the snapshot that the feed starts from. */
  readonly world: World;
  readonly log?: Log;
  /** Placements in one plan. */
  readonly most?: number;
  readonly tellEveryMs?: number;
  readonly patienceMs?: number;
};

export function openScheduler(settings: SchedulerSettings): Scheduler {
  const { db, feed, transitions, leader, world, log = silent, most = 256, tellEveryMs = 5_000 } = settings;
  const { patienceMs = 10_000 } = settings;
  const submitted = new Map<JobId, WorldEvent>();
  let submitting: PromiseLike<void> = Promise.resolve();
  /** Batches of the feed, applied one after another; some need facts from the store. */
  let applied: Promise<void> = Promise.resolve();
  let closed = false;
  let changed = true;
  /** The newest event that the world has taken in, and how many runs have ended since its memory was kept. */
  let taken: Position | null = null;
  let over = 0;
  let keptMs = Date.now();
  /** Plans in a row of which the store took nothing. */
  let barren = 0;
  let asked: readonly WantedAccount[] = [];
  let rouse: () => void = () => undefined;
  let alarm: NodeJS.Timeout | undefined;
  const unsubscribe = feed.subscribe((events) => {
    applied = applied
      .then(() => applyAll(events))
      .then(() => keepMemory())
      .then(wake);
  });
  const unlead = leader.onChange(wake);
  const teller = setInterval(() => void tellStart(), tellEveryMs);
  teller.unref();
  const done = decideForEver();

  function wake(): void {
    changed = true;
    rouse();
  }

  /** Hours that begin are nothing that happens, so no event tells of them. */
  function wakeAt(atMs: number | null): void {
    clearTimeout(alarm);
    if (atMs !== null) alarm = setTimeout(wake, Math.min(atMs - Date.now(), 86_400_000));
  }

  async function applyAll(events: readonly FeedEvent[]): Promise<void> {
    // The feed may be ahead of the answer to the very statement that wrote them.
    if (unknownAmong(events).length > 0) await submitting;
    const unknown = unknownAmong(events);
    if (unknown.length > 0)
      await read("jobs", async () => {
        for (const event of await readJobEvents(db, unknown)) world.apply(event);
      });
    for (const event of events) {
      for (const told of placingEvents(event)) world.apply(told);
      const told = worldEvent(event);
      if (told) world.apply(told);
    }
    const centres = [
      ...new Set(events.flatMap(({ kind, centre }) => (kind === "centre-changed" && centre ? [centre] : []))),
    ];
    if (centres.length > 0)
      await read("centres", async () => {
        for (const centre of await readCentreStates(db.pool, centres)) world.apply({ kind: "centre-changed", centre });
      });
    taken = events.at(-1) ?? taken;
    for (const { kind, attempt } of events) if (attempt !== null && (kind === "ended" || kind === "queued")) over += 1;
    if (events.some(({ kind }) => kind === "policy-changed"))
      await read("policy", async () => world.apply(await policyEvent(db.pool)));
    const rehomed = events.findLast(({ kind }) => kind === "homes-changed");
    if (rehomed) await read("homes", async () => world.apply(await homesEvent(db.pool, rehomed.atMs)));
    if (events.some(({ kind }) => kind === "core-limits-changed"))
      await read("core limits", async () => world.apply(await coreLimitsEvent(db.pool)));
    if (movesGrants(events)) await read("grants", async () => world.apply(await grantsEvent(db.pool)));
    if (events.some(({ kind }) => kind === "bounds-changed"))
      await read("where work may go", async () => world.apply(await boundsEvent(db.pool)));
    // Jobs that had ended before this server knew them, and that others wait for.
    const missing = world.missing();
    if (missing.length > 0)
      await read("past jobs", async () => {
        for (const event of await readJobEvents(db, missing)) world.apply(event);
      });
  }

  function unknownAmong(events: readonly FeedEvent[]): readonly JobId[] {
    return events.flatMap(({ kind, job }) =>
      kind === "submitted" && job !== null && !submitted.has(jobId(job)) ? [jobId(job)] : [],
    );
  }

  /** Whether the ledger has moved, or may have, where anything is granted. */
  function movesGrants(events: readonly FeedEvent[]): boolean {
    if (events.some(({ kind }) => kind === "grants-changed")) return true;
    return (
      world.hasGrants() && events.some(({ kind }) => kind === "placed" || kind === "ended" || kind === "run-ended")
    );
  }

  /** Between two batches of the feed, so that what is kept is what the world was at that place of it. */
  async function keepMemory(isLast = false): Promise<void> {
    const isDue = isLast ? over > 0 : over >= mostOver || (over > 0 && Date.now() - keptMs >= keepEveryMs);
    if (!isDue || taken === null || leader.epoch() === null) return;
    over = 0;
    keptMs = Date.now();
    try {
      await keepOrderMemory(db, taken, world.remembered(keptMs));
    } catch (error) {
      log.warn({ error: String(error) }, "what the order goes by is kept with the next change");
    }
  }

  /** The order of the feed must hold, so a read that fails is tried until it succeeds. */
  async function read(what: string, attempt: () => Promise<void>): Promise<void> {
    while (!closed) {
      try {
        await attempt();
        return;
      } catch (error) {
        log.warn({ what, error: String(error) }, "the world waits for the store");
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  function worldEvent(event: FeedEvent): WorldEvent | null {
    const { kind, job, index, attempt, project, centre, detail, atMs } = event;
    if (job === null) return null;
    const id = jobId(job);
    switch (kind) {
      case "submitted": {
        const known = submitted.get(id) ?? null;
        submitted.delete(id);
        return known;
      }
      case "placed":
        if (index === null || attempt === null || !centre || !detail?.pool || !detail.allocation) return null;
        return {
          kind: "task-placed",
          job: id,
          index,
          attempt,
          centre,
          pool: detail.pool,
          allocation: detail.allocation,
          phase: "sent",
          atMs,
        };
      case "waiting":
      case "started":
      case "remark": {
        if (index === null || attempt === null || (kind === "remark" && !detail?.nodes)) return null;
        const phase = kind === "waiting" ? "waiting" : "running";
        const { startsMs = null, held = false, nodes } = detail ?? {};
        return { kind: "run-moved", job: id, index, attempt, phase, atMs, startsMs, held, ...(nodes && { nodes }) };
      }
      case "queued":
        return index === null
          ? null
          : { kind: "task-queued", job: id, index, attempts: attempt ?? 0, atMs, ...timesOf(detail) };
      case "ended": {
        const indices = detail?.indices ?? (index === null ? [] : [{ first: index, last: index, step: 1 }]);
        return {
          kind: "tasks-ended",
          job: id,
          indices,
          succeeded: detail?.outcome === "succeeded",
          atMs,
          ...timesOf(detail),
        };
      }
      case "cancel-requested": {
        const { cancel, pool } = detail ?? {};
        if (!cancel?.claimant || index === null || attempt === null || project === null || !centre || !pool)
          return null;
        const run = { job: id, index, attempt, project: projectId(project), centre, pool };
        return { kind: "run-makes-way", ...run, claimant: cancel.claimant, atMs };
      }
      case "accepted":
      case "estimated":
      case "run-ended":
      case "withdraw-requested":
      case "unreachable":
      case "reachable":
      case "lease-passed":
      case "declared-lost":
      case "later-evidence":
      case "centre-changed":
      case "policy-changed":
      case "homes-changed":
      case "core-limits-changed":
      case "grants-changed":
      case "bounds-changed":
        return null;
      default:
        return unreachable(kind);
    }
  }

  async function decideForEver(): Promise<void> {
    let [tookMs, doneMs] = [0, 0];
    while (!closed) {
      if (!changed) await new Promise<void>((resolve) => (rouse = resolve));
      const leftMs = pauseLeftMs(tookMs, performance.now() - doneMs);
      if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
      changed = false;
      await applied;
      const epoch = leader.epoch();
      if (epoch === null || closed) continue;
      try {
        await askForAccounts();
        const beganMs = performance.now();
        const plan = world.decide(Date.now(), most);
        tookMs = performance.now() - beganMs;
        wakeAt(plan.againMs);
        await act(plan, epoch);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.warn({ error: error.message }, "a plan could not be written; it is decided anew");
        changed = true;
      }
      doneMs = performance.now();
    }
  }

  /** Of the tasks that wait, one now and then is told when it may start; how far off that was is learnt when it starts. */
  async function tellStart(): Promise<void> {
    const epoch = leader.epoch();
    if (epoch === null || closed || world.counts().queued === 0) return;
    const told = world.estimateDue(Date.now());
    if (told === null) return;
    await transitions
      .tellStart(told, epoch)
      .catch((error: unknown) => log.warn({ error: String(error) }, "an estimate is told later"));
  }

  /** Written once for each list; what it leads to comes back by the feed. */
  async function askForAccounts(): Promise<void> {
    const wanted = world.accountsWanted();
    if (wanted === asked || wanted.length === 0) return;
    try {
      if (await wantAccounts(db.pool, wanted, Date.now())) feed.wake();
      asked = wanted;
    } catch (error) {
      log.warn({ error: String(error) }, "accounts are asked for again with the next change");
    }
  }

  /** A placement that the store refuses keeps back no other: then each is written alone. */
  async function place(placements: Plan["place"], decidedMs: number, epoch: number): Promise<Placed> {
    try {
      return await transitions.place(placements, decidedMs, epoch);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      const [only] = placements;
      log.warn({ error: String(error), placement: placements.length === 1 ? only : null }, "a plan was refused");
      let all: Placed = { kind: "written", written: 0, stale: placements.length, xid: 0n };
      for (const placement of placements.length > 1 ? placements : []) {
        const one = await place([placement], decidedMs, epoch);
        if (one.kind === "fenced") return one;
        const written: number = all.written + one.written;
        all = {
          kind: "written",
          written,
          stale: placements.length - written,
          xid: one.xid > all.xid ? one.xid : all.xid,
        };
      }
      return all;
    }
  }

  async function act(plan: Plan, epoch: number): Promise<void> {
    const { preempt = [] } = plan;
    if (plan.place.length + plan.end.length + plan.takeBack.length + preempt.length === 0) return;
    const written = await Promise.all([
      plan.end.length > 0 ? transitions.endQueued(plan.end, epoch) : null,
      plan.place.length > 0 ? place(plan.place, plan.decidedMs, epoch) : null,
      plan.takeBack.length > 0 ? transitions.takeBack(plan.takeBack, epoch) : null,
      preempt.length > 0 ? transitions.preempt(preempt, epoch) : null,
    ]);
    let fruit = 0;
    for (const answer of written) {
      if (answer?.kind === "fenced") return leader.fenced();
      if (!answer) continue;
      fruit += answer.written;
      // Deciding again before the feed has told of these would place the same again.
      await feed.reached(answer.xid);
    }
    barren = fruit > 0 ? 0 : barren + 1;
    changed = true;
    if (barren === 0) return;
    // All of it was stale: news is on its way. Should none come, world and store disagree, which is a mistake of ours.
    if (barren === 10)
      log.warn({ plan: plan.place[0] ?? plan.end[0] ?? preempt[0] }, "a plan is refused as stale again and again");
    await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, 5 * 2 ** barren)));
  }

  async function caughtUp(): Promise<void> {
    let impatient: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      impatient = setTimeout(resolve, patienceMs, "late");
    });
    try {
      // A PostgreSQL that is gone just now brings it as late as one that is slow.
      const all = feed.caughtUp().then(
        () => applied,
        () => late,
      );
      if ((await Promise.race([all, late])) === "late")
        log.warn({ lagMs: feed.lagMs() }, "what was set is kept, and the world hears of it later");
    } finally {
      clearTimeout(impatient);
    }
  }

  return {
    world,
    caughtUp,
    noteSubmitting: (told) => {
      submitting = told;
    },
    noteSubmitted: ({ entries, atMs }) => {
      // The feed may be far behind: of these the store is asked instead. Who has been noted stays until the feed brings it.
      if (submitted.size > 100_000) return;
      for (const { submission, specs, ids } of entries)
        for (const [place, id] of ids.entries()) {
          const job = submission.jobs[place];
          const spec = specs[place];
          if (job && spec) submitted.set(id, jobQueued(id, spec, atMs, job.project, submission));
        }
    },
    close: async () => {
      closed = true;
      clearInterval(teller);
      unsubscribe();
      unlead();
      wakeAt(null);
      wake();
      await done;
      await applied;
      await keepMemory(true);
    },
  };
}

/**
 * Until the next decision, so that deciding takes about a tenth of the time and what has happened meanwhile is decided at
 * once; nothing where a decision is quick, or the last one was carried out longer ago.
 */
export function pauseLeftMs(tookMs: number, sinceMs: number): number {
  return tookMs < 1 ? 0 : Math.max(0, Math.min(mostPauseMs, 9 * tookMs) - sinceMs);
}

const mostPauseMs = 50;

function timesOf(
  detail: FeedEvent["detail"],
): Pick<Extract<WorldEvent, { kind: "task-queued" }>, "startedMs" | "lostMs"> {
  return { startedMs: detail?.startedMs, ...(detail?.lostMs !== undefined && { lostMs: detail.lostMs }) };
}

/** What a restart would have to read again, at most, and for how long it may grow. */
const mostOver = 50_000;
const keepEveryMs = 60_000;

function jobQueued(
  job: JobId,
  spec: JobSpec,
  submittedMs: number,
  project: ProjectId,
  { tenant, person }: Pick<Submission, "tenant" | "person">,
): WorldEvent {
  const { name, shape, timeLimitS, graceS, priorityClass, preemptible, warning, array, dependencies, centres } = spec;
  const { deadlineMs } = spec;
  return {
    kind: "job-queued",
    job,
    submittedMs,
    tenant,
    project,
    person,
    name,
    shape,
    timeLimitS,
    graceS,
    priority: priorityClass,
    preemptible,
    ...(warning && { warnS: warning.beforeS }),
    ...(deadlineMs !== null && { deadlineMs }),
    array,
    dependencies,
    wishes: centres,
    demands: demandsOf(spec),
    past: null,
  };
}
