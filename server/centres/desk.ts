import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { AskedTest, readAnswer, SyncAnswer, SyncRequest } from "#api/agent.ts";
import type { LogChunk } from "#api/job.ts";
import { runEndFromWire } from "#api/outcome-view.ts";
import { usualRetentionDays } from "#core/centre/terms.ts";
import { type CentreId, parseRunId, type RunId, type RunRef, runId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { RunObservation } from "#core/run-order.ts";
import { readAskedTest } from "#server/store/connection-tests.ts";
import { type Database, type Log, silent } from "#server/store/database.ts";
import type { FeedEvent } from "#server/store/event.ts";
import type { Feed } from "#server/store/feed.ts";
import { retentionDaysText } from "#server/store/read/centre-intake.ts";
import { readRunCentre, readRunOrders } from "#server/store/read-run-orders.ts";
import type { LiveRun } from "#server/store/read-world.ts";
import { unavailable, wordsOf } from "#server/store/refused.ts";
import { noteSeen, reportEngine, type TakenSession, takeSession } from "#server/store/report-engine.ts";
import type { Cancel } from "#server/store/sheet.ts";
import type { TransitionWriter } from "#server/store/transitions.ts";
import { type ProjectQuota, readQuotas, readWanted, settleAccounts } from "#server/store/wanted-accounts.ts";

/**
 * Where the agents are served: what each centre should run, kept in memory from the feed, and handed out by `sync`.
 * All truth is in the store; another instance of this server has its own numbers, so it hands out the whole list first.
 */
export type Desk = {
  /** The next session of the centre's agent; older ones are fenced (R7). Throws where the store cannot be reached. */
  readonly session: (centre: CentreId) => Promise<TakenSession>;
  /** `closed` aborts when the agent has gone. */
  readonly sync: (centre: CentreId, request: SyncRequest, closed: AbortSignal) => Promise<Synced>;
  readonly answers: (centre: CentreId, answers: readonly ReadAnswer[]) => Promise<void>;
  /** A piece of a log, from the agent that has it; at most 1 MiB. */
  readonly requestRead: (
    run: RunRef,
    stream: "stdout" | "stderr",
    offset: number,
    maxBytes: number,
    timeoutMs: number,
  ) => Promise<LogPiece>;
  /** Answers all that wait, and takes no more. */
  readonly close: () => Promise<void>;
};

export type Synced =
  | { readonly kind: "answer"; readonly body: SyncAnswer }
  | { readonly kind: "refused"; readonly refusal: Refusal };
export type LogPiece =
  | { readonly kind: "chunk"; readonly chunk: LogChunk }
  | { readonly kind: "refused"; readonly refusal: Refusal };
type ReadAnswer = z.output<typeof readAnswer>;

export type DeskSettings = {
  readonly db: Database;
  readonly feed: Feed;
  readonly transitions: TransitionWriter;
  /** What has not ended, under the snapshot that the feed starts from. */
  readonly runs: readonly LiveRun[];
  readonly log?: Log;
};

type CentreNow = {
  readonly session: number;
  readonly unreachable: boolean;
  /** An administrator asked for a rotation, and an older credential is still good. */
  readonly rotate: boolean;
  /** It has none left that is good, because they were taken from it. */
  readonly revoked: "revoked" | "left" | null;
  /** By its terms, for once it has left. */
  readonly retentionDays: number;
};

/** What one centre should have. Each change takes the next generation. */
type Counter = {
  generation: number;
  readonly runs: Map<RunId, Wanted>;
  /** Woken by a change, a read or a newer session. */
  readonly waiting: Set<() => void>;
  readonly reads: {
    readonly id: string;
    readonly run: RunId;
    readonly stream: "stdout" | "stderr";
    readonly offset: number;
    readonly maxBytes: number;
  }[];
  /** The connection test that its agent is to run, as far as is known here; and to whom it has been said. */
  test: AskedTest | null;
  testIsKnown: boolean;
  testToldTo: string;
  /** Who needs an account there, as far as is known here; and what of it was said to whom. */
  accounts: readonly AskedPair[];
  quotas: readonly ProjectQuota[];
  accountsAreKnown: boolean;
  accountsToldTo: string;
  /** What the store last said of it while nothing was the matter, and when; null: something has changed since. */
  now: { readonly said: CentreNow; readonly atMs: number } | null;
  /** How often something of it has changed. */
  changes: number;
  /** Long polls that are open now. */
  polls: number;
  seenMs: number;
  seenWrittenMs: number;
};
type Wanted = {
  /** Whether the agent may not have it on its disk yet, as far as the store knows. */
  toStart: boolean;
  cancel: Cancel | null;
  /** To be taken back if it has not started. */
  withdraw: boolean;
  /** Declared lost: it has ended for everybody but a centre that still has it. */
  readonly unheard: boolean;
  readonly startGeneration: number;
  generation: number;
};

export function openDesk(settings: DeskSettings): Desk {
  const { db, feed, transitions, log = silent } = settings;
  const instance = randomUUID();
  const counters = new Map<CentreId, Counter>();
  const reading = new Map<
    string,
    { readonly centre: CentreId; readonly settle: (answer: ReadAnswer | null) => void }
  >();
  let reads = 0;
  let closed = false;

  for (const { run, centre, state, cancel, withdraw } of settings.runs) {
    const toStart = state === "placed" || state === "starting";
    want(centre, run, { toStart, cancel, withdraw, unheard: state === "ended" });
  }
  const unsubscribe = feed.subscribe((events) => {
    for (const event of events) follow(event);
  });
  const seenTimer = setInterval(() => void writeSeen(), seenEveryMs);
  seenTimer.unref();

  function counterOf(centre: CentreId): Counter {
    const known = counters.get(centre);
    if (known) return known;
    const counter = {
      generation: 1,
      runs: new Map(),
      waiting: new Set<() => void>(),
      reads: [],
      test: null,
      testIsKnown: false,
      testToldTo: "",
      accounts: [],
      quotas: [],
      accountsAreKnown: false,
      accountsToldTo: "",
      now: null,
      changes: 0,
      polls: 0,
      seenMs: 0,
      seenWrittenMs: 0,
    };
    counters.set(centre, counter);
    return counter;
  }

  function want(centre: CentreId, run: RunId, wanted: Omit<Wanted, "startGeneration" | "generation">): void {
    const counter = counterOf(centre);
    counter.generation += 1;
    counter.runs.set(run, { ...wanted, startGeneration: counter.generation, generation: counter.generation });
    wakeAll(counter);
  }

  function follow({ kind, centre, job, index, attempt, detail }: FeedEvent): void {
    if (kind === "grants-changed" || kind === "core-limits-changed")
      for (const counter of counters.values()) {
        counter.accountsAreKnown = false;
        wakeAll(counter);
      }
    if (!centre) return;
    if (kind === "centre-changed") {
      const counter = counterOf(centre);
      counter.testIsKnown = false;
      counter.accountsAreKnown = false;
      noteChange(counter);
      wakeAll(counter);
    }
    if (job === null || index === null || attempt === null) return;
    const parsed = parseRunId(`${job}.${index}.${attempt}`);
    if (!parsed) return;
    const run = runId(parsed);
    const counter = counterOf(centre);
    const wanted = counter.runs.get(run);
    if (kind === "placed") want(centre, run, { toStart: true, cancel: null, withdraw: false, unheard: false });
    else if (kind === "started" && wanted) wanted.toStart = false;
    else if (kind === "cancel-requested" && wanted && detail?.cancel) {
      counter.generation += 1;
      wanted.cancel = detail.cancel;
      wanted.generation = counter.generation;
      wakeAll(counter);
    } else if (kind === "withdraw-requested" && wanted) {
      counter.generation += 1;
      wanted.withdraw = true;
      wanted.generation = counter.generation;
      wakeAll(counter);
    } else if (kind === "declared-lost" && detail?.cancel) {
      want(centre, run, { toStart: false, cancel: detail.cancel, withdraw: false, unheard: true });
    } else if (kind === "ended" || kind === "run-ended") {
      if (!wanted?.unheard) counter.runs.delete(run);
    } else if (kind === "later-evidence" && wanted?.unheard) counter.runs.delete(run);
  }

  async function sync(centre: CentreId, request: SyncRequest, gone: AbortSignal): Promise<Synced> {
    const counter = counterOf(centre);
    counter.seenMs = Date.now();
    try {
      const state = await centreNow(centre, counter);
      if (state.session !== request.session) return fenced(request.session, state.session);
      if (state.unreachable && !request.goodbye) {
        // The time first: whoever looks for silent centres between the two would find it silent again.
        await noteSeen(db, [centre], counter.seenMs);
        await transitions.contact(centre, { kind: "reachable" });
        noteChange(counter);
      }
      const teller = { centre, session: request.session };
      if (request.engine && (await reportEngine(db, teller, request.agentVersion, request.engine, Date.now())))
        feed.wake();
      await writeSeenOf(centre, counter);
      if (request.accounts && (await settleAccounts(db.pool, teller, request.accounts, Date.now()))) feed.wake();
      const told = await observe(centre, request);
      if (told.kind === "refused") return told;
      if (request.goodbye)
        await transitions.contact(centre, { kind: "goodbye", sinceMs: Date.now(), session: request.session });
      return await answer(centre, counter, request, told.committed, state, gone);
    } catch (error) {
      log.warn({ centre, error: wordsOf(error) }, "a sync could not be served");
      return unavailable(`PostgreSQL failed (${wordsOf(error)})`);
    }
  }

  async function observe(
    centre: CentreId,
    request: SyncRequest,
  ): Promise<{ readonly kind: "told"; readonly committed: readonly RunId[] } | Extract<Synced, { kind: "refused" }>> {
    const observations = request.observations.flatMap(observationOf);
    if (observations.length === 0) return { kind: "told", committed: [] };
    const observed = await transitions.observe(centre, request.session, observations);
    return observed.kind === "recorded" ? { kind: "told", committed: observed.committed } : observed;
  }

  /** At once when there is anything to say, else when something changes or the time is up. */
  async function answer(
    centre: CentreId,
    counter: Counter,
    request: SyncRequest,
    committed: readonly RunId[],
    state: CentreNow,
    gone: AbortSignal,
  ): Promise<Synced> {
    const whole = request.server !== instance || request.generation === 0;
    const since = whole ? 0 : request.generation;
    const untilMs = Date.now() + request.waitMs;
    let { rotate, retentionDays } = state;
    await lookForTest(centre, counter);
    await lookForAccounts(centre, counter);
    counter.polls += request.waitMs > 0 ? 1 : 0;
    try {
      while (
        !hasUntoldTest(counter, request.session) &&
        !hasUntoldAccounts(counter, request.session) &&
        !whole &&
        !rotate &&
        committed.length === 0 &&
        counter.reads.length === 0 &&
        !hasNews(counter, since)
      ) {
        const leftMs = untilMs - Date.now();
        if (leftMs <= 0 || closed || gone.aborted) break;
        await change(counter, leftMs, gone);
        counter.seenMs = gone.aborted ? counter.seenMs : Date.now();
        const now = await centreNow(centre, counter);
        if (now.session !== request.session) return fenced(request.session, now.session);
        // Its credential was good when the call came in, and may have been taken since.
        if (now.revoked)
          return { kind: "refused", refusal: { kind: "credential-revoked", centre, because: now.revoked } };
        ({ rotate, retentionDays } = now);
        await lookForTest(centre, counter);
        await lookForAccounts(centre, counter);
      }
    } finally {
      counter.polls -= request.waitMs > 0 ? 1 : 0;
    }
    // A report leaves the news to the long poll that is open beside it.
    const quiet = !whole && request.waitMs === 0 && counter.polls > 0;
    const news = quiet ? nothingNew(since) : await readNews(counter, request.session, whole, since);
    const test = quiet || gone.aborted ? null : counter.test;
    if (test) counter.testToldTo = toldTo(test, request.session);
    const accounts = !quiet && !gone.aborted && hasUntoldAccounts(counter, request.session) ? counter.accounts : null;
    if (accounts) counter.accountsToldTo = accountsKey(counter, request.session);
    const body = {
      server: instance,
      ...news,
      whole,
      committed: [...committed],
      retentionDays,
      reads: quiet || gone.aborted ? [] : counter.reads.splice(0),
      ...(test && { test }),
      ...(accounts && { accounts: [...accounts], quotas: [...counter.quotas] }),
      ...(rotate && { rotate: true as const }),
    };
    return { kind: "answer", body };
  }

  async function lookForTest(centre: CentreId, counter: Counter): Promise<void> {
    if (counter.testIsKnown) return;
    counter.testIsKnown = true;
    counter.test = await readAskedTest(db.pool, centre);
  }

  async function lookForAccounts(centre: CentreId, counter: Counter): Promise<void> {
    if (counter.accountsAreKnown) return;
    counter.accountsAreKnown = true;
    try {
      const wanted = await readWanted(db.pool, centre);
      counter.quotas = wanted.length === 0 ? [] : await readQuotas(db.pool, centre);
      counter.accounts = wanted.map(({ person, personName, project, projectName }) => ({
        person: { id: person, name: personName },
        project: { id: project, name: projectName },
      }));
    } catch (error) {
      counter.accountsAreKnown = false;
      throw error;
    }
  }

  async function readNews(counter: Counter, session: number, whole: boolean, since: number): Promise<News> {
    // The numbers first: what changes while the orders are read comes with the next answer.
    const generation = counter.generation;
    const start: RunId[] = [];
    // Of the same moment: a run placed while the orders are read is in neither. What has not started is among the orders.
    const expected = whole ? [...counter.runs].flatMap(([run, { toStart }]) => (toStart ? [] : [run])) : [];
    const cancel: SyncAnswer["cancel"] = [];
    const withdraw: RunId[] = [];
    for (const [run, wanted] of counter.runs) {
      if (wanted.generation <= since || wanted.generation > generation) continue;
      if (wanted.cancel) {
        const { by, reason, claimant } = wanted.cancel;
        cancel.push({ run, by, reason, ...(claimant && { warn: true }) });
      }
      if (wanted.toStart && wanted.withdraw) withdraw.push(run);
      const isWanted = !wanted.cancel && !wanted.withdraw;
      // An order that is to be cancelled goes only where the agent may have begun to act on it.
      if (wanted.toStart && (isWanted || whole) && wanted.startGeneration > since) start.push(run);
    }
    const orders = start.length === 0 ? [] : await readRunOrders(db, start, session, Date.now());
    return { generation, start: orders, cancel, withdraw, expected };
  }

  async function requestRead(
    run: RunRef,
    stream: "stdout" | "stderr",
    offset: number,
    maxBytes: number,
    timeoutMs: number,
  ): Promise<LogPiece> {
    const name = runId(run);
    const at = await readRunCentre(db, run, Date.now());
    if (!at) return { kind: "refused", refusal: { kind: "not-found", what: "run", id: name } };
    if (at.left) return { kind: "refused", refusal: { kind: "no-log", because: "centre-left", centre: at.centre } };
    if (at.unreachable) return away("centre-away", at.centre);
    const counter = counterOf(at.centre);
    const id = `${instance} ${++reads}`;
    const answered = await new Promise<ReadAnswer | null>((resolve) => {
      const timer = setTimeout(() => settle(null), timeoutMs);
      const settle = (given: ReadAnswer | null) => {
        clearTimeout(timer);
        reading.delete(id);
        const place = counter.reads.findIndex((read) => read.id === id);
        if (place !== -1) counter.reads.splice(place, 1);
        resolve(given);
      };
      reading.set(id, { centre: at.centre, settle });
      counter.reads.push({ id, run: name, stream, offset, maxBytes });
      wakeAll(counter);
    });
    if (!answered) return away("agent-silent", at.centre);
    if (answered.kind === "none") {
      log.info({ run: name, words: answered.words }, "the centre has no log");
      return { kind: "refused", refusal: { kind: "no-log", because: "not-kept" } };
    }
    const { base64, sizeBytes, final } = answered;
    const nextOffset = answered.offset + Buffer.byteLength(base64, "base64");
    return {
      kind: "chunk",
      chunk: { run: name, stream, offset: answered.offset, nextOffset, sizeBytes, base64, final },
    };
  }

  /**
   * Session and contact as the store has them. Kept while all is as usual and nothing is heard of a change: another server's
   * comes by the feed within a second, and what comes by time alone within `keptMs`. What matters is asked of the store
   * anyway: reports are taken, and orders handed out, only for the session that is the newest there.
   */
  async function centreNow(centre: CentreId, counter: Counter): Promise<CentreNow> {
    const nowMs = Date.now();
    if (counter.now && nowMs - counter.now.atMs < keptMs) return counter.now.said;
    const { changes } = counter;
    const { rows } = await db.planned.query<CentreNow>({
      name: "centre-now",
      text: `
        select session, unreachable_since_ms is not null as unreachable,
          rotate_ms is not null and exists (
            select from centre_credential k where k.centre_id = c.id and k.kind = 'credential' and k.spent_ms is null
              and k.expires_ms > $2 and k.created_ms < rotate_ms) as rotate,
          case when exists (select from centre_credential k where k.centre_id = c.id and k.revoked_ms is not null)
              and not exists (select from centre_credential k where k.centre_id = c.id and k.kind = 'credential'
                and k.spent_ms is null and k.expires_ms > $2)
            then case intake when 'left' then 'left' else 'revoked' end end as revoked,
          ${retentionDaysText} as "retentionDays"
        from centre c where id = $1`,
      values: [centre, nowMs],
    });
    const said = rows[0] ?? nobody;
    const isUsual = said.session > 0 && !said.unreachable && !said.rotate && !said.revoked;
    counter.now = isUsual && changes === counter.changes ? { said, atMs: nowMs } : null;
    return said;
  }

  async function writeSeenOf(centre: CentreId, counter: Counter): Promise<void> {
    if (counter.seenMs - counter.seenWrittenMs < seenEveryMs) return;
    counter.seenWrittenMs = counter.seenMs;
    await noteSeen(db, [centre], counter.seenMs);
  }

  /** An agent whose long poll is open is there. */
  async function writeSeen(): Promise<void> {
    const nowMs = Date.now();
    const present = [...counters].filter(
      ([, counter]) => counter.polls > 0 && nowMs - counter.seenWrittenMs >= seenEveryMs,
    );
    if (present.length === 0) return;
    for (const [, counter] of present) counter.seenWrittenMs = nowMs;
    await noteSeen(
      db,
      present.map(([centre]) => centre),
      nowMs,
    ).catch((error: unknown) => log.warn({ error: wordsOf(error) }, "last-seen times are written again later"));
  }

  return {
    session: async (centre) => {
      const taken = await takeSession(db, centre, Date.now());
      if (taken === null) throw new Error(`broken invariant: the centre ${centre} of an agent is registered`);
      noteChange(counterOf(centre));
      feed.wake();
      return taken;
    },
    sync,
    answers: async (centre, answers) => {
      for (const given of answers) {
        const asked = reading.get(given.id);
        if (asked?.centre === centre) asked.settle(given);
      }
    },
    requestRead,
    close: async () => {
      closed = true;
      unsubscribe();
      clearInterval(seenTimer);
      for (const counter of counters.values()) wakeAll(counter);
      for (const { settle } of [...reading.values()]) settle(null);
    },
  };
}

const nobody: CentreNow = {
  ...{ session: 0, unreachable: false, rotate: false, revoked: null, retentionDays: usualRetentionDays },
};
const seenEveryMs = 5_000;
/** Credentials age out by time alone, after months. */
const keptMs = 60_000;

type News = Pick<SyncAnswer, "generation" | "start" | "cancel" | "withdraw" | "expected">;

function nothingNew(generation: number): News {
  return { generation, start: [], cancel: [], withdraw: [], expected: [] };
}

function hasNews(counter: Counter, since: number): boolean {
  if (counter.generation <= since) return false;
  for (const wanted of counter.runs.values()) if (wanted.generation > since) return true;
  return false;
}

/** A test is worth an answer of its own once for each session; it goes along with every other one as well. */
function hasUntoldTest({ test, testToldTo }: Counter, session: number): boolean {
  return test !== null && testToldTo !== toldTo(test, session);
}

type AskedPair = NonNullable<SyncAnswer["accounts"]>[number];

/** The same list is said once for each session. */
function hasUntoldAccounts(counter: Counter, session: number): boolean {
  return counter.accounts.length > 0 && counter.accountsToldTo !== accountsKey(counter, session);
}

function accountsKey({ accounts, quotas }: Counter, session: number): string {
  const pairs = accounts.map(({ person, project }) => `${person.id}.${project.id}`).join(" ");
  return `${session} ${pairs} ${JSON.stringify(quotas)}`;
}

function toldTo(test: AskedTest, session: number): string {
  return `${session} ${test.id}`;
}

function noteChange(counter: Counter): void {
  counter.changes += 1;
  counter.now = null;
}

function wakeAll(counter: Counter): void {
  for (const wake of [...counter.waiting]) wake();
}

function change(counter: Counter, mostMs: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      counter.waiting.delete(done);
      gone.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, mostMs);
    counter.waiting.add(done);
    gone.addEventListener("abort", done);
  });
}

function observationOf(wire: SyncRequest["observations"][number]): readonly RunObservation[] {
  const parsed = parseRunId(wire.run);
  if (!parsed) return [];
  const run = runId(parsed);
  return [wire.kind === "ended" ? { ...wire, run, end: runEndFromWire(wire.end) } : { ...wire, run }];
}

function fenced(session: number, newest: number): Synced {
  return { kind: "refused", refusal: { kind: "fenced", epoch: session, newest } };
}

function away(because: "centre-away" | "agent-silent", centre: CentreId): LogPiece {
  return { kind: "refused", refusal: { kind: "log-unavailable", because, centre } };
}
