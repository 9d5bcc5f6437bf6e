import type pg from "pg";
import type { IntakeStep } from "#core/centre/intake.ts";
import { type CentreId, type PersonId, type RunId, runId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import type { RunObservation } from "#core/run-order.ts";
import type { TaskTold } from "#core/scheduling/explanation.ts";
import type { Withdrawal } from "#core/scheduling/placing/moves.ts";
import type { Placement, PreemptedRun, QueuedEnd } from "#core/scheduling/world-plan.ts";
import { accountIds } from "./accounts.ts";
import { type AskedBack, askAllBack } from "./ask-back.ts";
import { type CancelRequest, cancelTasks } from "./cancel-tasks.ts";
import { advisoryLocks, type Database, isConnectionLost, type Log, planOnce, silent } from "./database.ts";
import { declareLost, type LostRequest } from "./declare-lost.ts";
import { endQueuedTasks } from "./end-queued-tasks.ts";
import { type GatherSettings, openGathering } from "./gather.ts";
import { grantKeeper, readGrants } from "./grants.ts";
import { openGroup, type Waiting } from "./group.ts";
import { loadSheet, type Wanted } from "./load-sheet.ts";
import { observeRuns, placeTasks } from "./observe-runs.ts";
import { preemptRuns } from "./preempt-runs.ts";
import { refusedByStore, unavailable, wordsOf } from "./refused.ts";
import { restartAfter } from "./restart-after.ts";
import { saveSheet } from "./save-sheet.ts";
import { openSession } from "./session.ts";
import { type CentreContact, setContact } from "./set-contact.ts";
import { type IntakeSet, revokeCredentials, setIntake } from "./set-intake.ts";
import type { Sheet } from "./sheet.ts";
import type { Submitted } from "./submission.ts";
import { takeBack, tellStart } from "./take-back.ts";
import type { Placed, Transaction } from "./transaction.ts";

/**
 * The one writer of everything that happens to tasks, runs and the books after submission. Transactions of all servers
 * follow one another under one advisory lock, taken before their transaction id: so the feed's order is the order in
 * which things happened, and what is read at the start of a transaction holds until its end. Small steps that have
 * gathered share a transaction; statements over many rows have their own.
 *
 * Each step may be asked again after a cut connection: it finds what it has already done.
 */
export type TransitionWriter = {
  /** Writes placements with their holds. Stale ones (not queued any more, another attempt) are left out. */
  readonly place: (placements: readonly Placement[], decidedMs: number, epoch: number) => Promise<Placed>;
  /** Ends tasks that can never start. */
  readonly endQueued: (ends: readonly QueuedEnd[], epoch: number) => Promise<Placed>;
  /** Asks for runs back that would be done earlier elsewhere. */
  readonly takeBack: (withdrawals: readonly Withdrawal[], epoch: number) => Promise<Placed>;
  /** Asks for what has not started back from centres, or from pools. */
  readonly askBack: (asked: readonly AskedBack[], epoch: number) => Promise<Placed>;
  /** Tells a queued task when it may start. */
  readonly tellStart: (told: TaskTold, epoch: number) => Promise<Placed>;
  /** Asks runs to end for others; those of a task are left out where it or one of them is stale. */
  readonly preempt: (preempted: readonly PreemptedRun[], epoch: number) => Promise<Placed>;
  readonly observe: (centre: CentreId, session: number, observations: readonly RunObservation[]) => Promise<Observed>;
  /** The route has checked that the person may. `answer` gets how many tasks this ends or asks to end. */
  readonly cancel: (request: CancelRequest) => Promise<Submitted>;
  /** An administrator's word for what no centre will tell any more; refused for runs whose centre can be reached. */
  readonly declareLost: (request: LostRequest) => Promise<Submitted>;
  /** Marks a centre and its runs unreachable since then, or heard of again (R2). */
  readonly contact: (centre: CentreId, contact: CentreContact) => Promise<void>;
  /** Puts back what `restart-after` allows; resolves to the number of tasks. */
  readonly restart: (epoch: number) => Promise<number>;
  /** Drains, suspends, resumes a centre or makes it leave; `part` is the network's own step, once nothing is left there. */
  readonly intake: (centre: CentreId, step: IntakeStep | "part", person: PersonId | null) => Promise<IntakeSet>;
  /** Takes all credentials of a centre; resolves to how many, null where there is no such centre. */
  readonly revoke: (centre: CentreId, person: PersonId) => Promise<number | null>;
  /** Takes the next fencing epoch: placements of older ones are refused from then on. */
  readonly takeEpoch: () => Promise<number>;
  readonly close: () => Promise<void>;
};

export type Observed =
  /** The runs whose end is now durable: their agent may forget them. */
  | { readonly kind: "recorded"; readonly committed: readonly RunId[] }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type TransitionSettings = {
  readonly log?: Log;
  /** How long a step waits for a PostgreSQL that is away. */
  readonly patienceMs?: number;
  /** The lease (R1): a run may start until this long after its placement. */
  readonly leaseMs?: number;
  /** How steps of many centres gather (0069). */
  readonly gather?: GatherSettings;
  /** After each commit. */
  readonly onCommitted?: (xid: bigint) => void;
};

export function openTransitionWriter(db: Database, settings: TransitionSettings = {}): TransitionWriter {
  const { log = silent, patienceMs = 10_000, leaseMs = 60_000, onCommitted = () => undefined } = settings;
  const accounts = accountIds(db);
  const session = openSession(db, "transition writer", async (client) => {
    // Nobody else can go on while a server holds the lock in a transaction and has died without a word.
    await client.query("set idle_in_transaction_session_timeout = '10s'");
    await planOnce(client);
  });
  const group = openGroup<Asked>(session, takeBatch, commit);
  const gathering = openGathering(group.add, settings.gather);

  async function commit(batch: readonly Asked[]): Promise<void> {
    const client = await group.reach(batch);
    if (!client) return;
    const open = batch.filter((asked) => !asked.settled);
    try {
      await transact(client, open);
      for (const asked of open) asked.settle();
    } catch (error) {
      if (isConnectionLost(error)) {
        session.discard();
        log.warn({ error: wordsOf(error), steps: open.length }, "the connection was cut during a transition");
        group.again(open);
        return;
      }
      await client.query("rollback").catch(() => undefined);
      if (open.length === 1 && open[0]) open[0].fail(error);
      else for (const asked of open) await commit([asked]);
    }
  }

  async function transact(client: pg.Client, batch: readonly Asked[]): Promise<void> {
    const nowMs = Date.now();
    const steps = batch.flatMap((asked) => (asked.work.kind === "step" ? [asked.work] : []));
    // In one round trip with all that is read: the lock comes before the transaction's id.
    const opened = client.query("begin");
    const locked = client.query<{ xid: string }>({
      name: "lock-transitions",
      text: "select case when pg_advisory_xact_lock($1)::text is not null then pg_current_xact_id()::text end as xid",
      values: [advisoryLocks.transitions],
    });
    const wanted = {
      tasks: steps.flatMap((step) => step.wanted.tasks),
      runs: steps.flatMap((step) => step.wanted.runs),
    };
    const [sheet, fences, ids] = await all([
      loadSheet(client, wanted, nowMs),
      readFences(client, steps),
      locked,
      opened,
    ]);
    const xid = BigInt(ids.rows[0]?.xid ?? 0);
    const transaction: Transaction = {
      client,
      xid,
      nowMs,
      load: (more) => loadSheet(client, more, nowMs),
      save: async (changed) => {
        await accounts.prepare(changed.transfers);
        await all(saveSheet(client, changed, accounts));
      },
    };
    for (const { work } of batch) {
      if (work.kind === "step") work.decide(sheet, fences, xid);
      else await work.act(transaction);
    }
    await accounts.prepare(sheet.transfers);
    const saved = saveSheet(client, sheet, accounts);
    const committed = client.query("commit");
    await all([...saved, committed]);
    if ((await committed).command !== "COMMIT") throw new Error("broken invariant: a failed statement went unnoticed");
    onCommitted(xid);
  }

  /** `refuse` makes an answer of what PostgreSQL or its absence says; without it that is thrown. */
  function ask<Answer>(wish: Wish<Answer>, refuse: ((error: unknown) => Answer) | null): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      let settled = false;
      let answer: { readonly value: Answer } | null = null;
      const fail = (error: unknown) => {
        settled = true;
        if (refuse) resolve(refuse(error));
        else reject(error instanceof Error ? error : new Error(String(error)));
      };
      const work: Work =
        wish.kind === "step"
          ? {
              ...wish,
              decide: (...given) => {
                answer = { value: wish.decide(...given) };
              },
            }
          : {
              ...wish,
              act: async (transaction) => {
                answer = { value: await wish.act(transaction) };
              },
            };
      const asked: Asked = {
        work,
        deadlineMs: Date.now() + patienceMs,
        get settled() {
          return settled;
        },
        settle: () => {
          settled = true;
          if (answer) resolve(answer.value);
          else reject(new Error("broken invariant: a committed step has its answer"));
        },
        fail,
        giveUp: (words) => fail(new Unavailable(words)),
      };
      if (work.kind === "step") gathering.add(asked, work.fence.kind === "centre" ? work.fence.centre : "");
      else {
        // In the order in which they were asked for; and somebody may wait for it.
        gathering.flush();
        group.add(asked);
      }
    });
  }

  return {
    place: (placements, decidedMs, epoch) =>
      ask(
        {
          kind: "step",
          wanted: { tasks: placements, runs: [] },
          fence: { kind: "leader", centres: [...new Set(placements.map(({ centre }) => centre))] },
          decide: (sheet, fences, xid) =>
            fences.epoch === epoch
              ? {
                  kind: "written",
                  ...placeTasks(sheet, takenIn(placements, fences), decidedMs, leaseMs, fences.mayHold),
                  xid,
                }
              : { kind: "fenced" },
        },
        null,
      ),
    preempt: (preempted, epoch) =>
      ask(
        {
          kind: "step",
          wanted: { tasks: preempted.map(({ claimant }) => claimant), runs: preempted.map(runId) },
          fence: { kind: "leader", centres: [] },
          decide: (sheet, fences, xid) =>
            fences.epoch === epoch ? { kind: "written", ...preemptRuns(sheet, preempted), xid } : { kind: "fenced" },
        },
        null,
      ),
    endQueued: (ends, epoch) => ask({ kind: "alone", act: (tx) => endQueuedTasks(tx, ends, epoch) }, null),
    takeBack: (withdrawals, epoch) => ask({ kind: "alone", act: (tx) => takeBack(tx, withdrawals, epoch) }, null),
    askBack: (asked, epoch) => ask({ kind: "alone", act: (tx) => askAllBack(tx, asked, epoch) }, null),
    tellStart: (told, epoch) => ask({ kind: "alone", act: (tx) => tellStart(tx, told, epoch) }, null),
    observe: (centre, agentSession, observations) =>
      ask<Observed>(
        {
          kind: "step",
          wanted: { tasks: [], runs: observations.map((observation) => observation.run) },
          fence: { kind: "centre", centre },
          decide: (sheet, fences) => {
            const newest = fences.sessions.get(centre) ?? 0;
            if (newest !== agentSession)
              return { kind: "refused", refusal: { kind: "fenced", epoch: agentSession, newest } };
            return { kind: "recorded", committed: observeRuns(sheet, centre, observations, log) };
          },
        },
        refusedOr,
      ),
    cancel: (request) => ask<Submitted>({ kind: "alone", act: (tx) => cancelTasks(tx, request) }, refusedOr),
    declareLost: (request) => ask<Submitted>({ kind: "alone", act: (tx) => declareLost(tx, request) }, refusedOr),
    contact: (centre, contact) => ask({ kind: "alone", act: (tx) => setContact(tx, centre, contact) }, null),
    restart: (epoch) => ask({ kind: "alone", act: (tx) => restartAfter(tx, epoch) }, null),
    intake: (centre, step, person) =>
      ask<IntakeSet>({ kind: "alone", act: (tx) => setIntake(tx, centre, step, person) }, refusedOr),
    revoke: (centre, person) => ask({ kind: "alone", act: (tx) => revokeCredentials(tx, centre, person) }, null),
    takeEpoch: () => ask({ kind: "alone", act: takeEpoch }, null),
    close: () => {
      gathering.flush();
      return group.close();
    },
  };
}

/** What a writer that waited in vain throws; the loop that asked tries again. */
export class Unavailable extends Error {}

type Asked = Waiting & {
  readonly work: Work;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
};

type Work = Wish<void>;
type Wish<Answer> =
  | {
      readonly kind: "step";
      readonly wanted: Wanted;
      readonly fence: Fence;
      readonly decide: (sheet: Sheet, fences: Fences, xid: bigint) => Answer;
    }
  | { readonly kind: "alone"; readonly act: (transaction: Transaction) => Promise<Answer> };

type Fence =
  | { readonly kind: "leader"; readonly centres: readonly CentreId[] }
  | { readonly kind: "centre"; readonly centre: CentreId };
type Fences = {
  readonly epoch: number | null;
  readonly sessions: ReadonlyMap<string, number>;
  /** Centres that take nothing new, whatever a plan of a moment ago thought. */
  readonly closed: ReadonlySet<string>;
  /** Whether what is granted leaves enough for a hold, which it then takes. */
  readonly mayHold: ReturnType<typeof grantKeeper>;
};

function takenIn(placements: readonly Placement[], { closed }: Fences): readonly Placement[] {
  return closed.size === 0 ? placements : placements.filter(({ centre }) => !closed.has(centre));
}

/** Small steps together, in their order; a statement over many rows by itself. */
function takeBatch(queue: readonly Asked[]): readonly [batch: readonly Asked[], left: Asked[]] {
  const alone = queue.findIndex((asked) => asked.work.kind === "alone");
  const length = alone === -1 ? queue.length : Math.max(alone, 1);
  const most = Math.min(length, 500);
  return [queue.slice(0, most), queue.slice(most)];
}

async function readFences(client: pg.Client, steps: readonly { readonly fence: Fence }[]): Promise<Fences> {
  const asksEpoch = steps.some(({ fence }) => fence.kind === "leader");
  const centres = [
    ...new Set(steps.flatMap(({ fence }) => (fence.kind === "centre" ? [fence.centre] : fence.centres))),
  ];
  const [{ rows }, granted] = await all([
    asksEpoch || centres.length > 0
      ? client.query<FenceRow>({ name: "read-fences", text: fencesText, values: [centres] })
      : Promise.resolve({ rows: [] }),
    asksEpoch ? readGrants(client) : Promise.resolve([]),
  ]);
  const known = rows.flatMap((row) => (row.id === null ? [] : [row]));
  return {
    epoch: rows[0]?.epoch ?? null,
    sessions: new Map(known.map((row) => [row.id, row.session])),
    closed: new Set(known.flatMap((row) => (row.open ? [] : [row.id]))),
    mayHold: grantKeeper(granted),
  };
}

/** One row at least, for the epoch. */
const fencesText = `
select (select value from counter where name = 'leader') as epoch, c.id, c.session, c.intake = 'open' as open
from (select 1) as one left join centre c on c.id = any($1::text[])`;

type FenceRow = { readonly epoch: number | null } & (
  | { readonly id: string; readonly session: number; readonly open: boolean }
  | { readonly id: null }
);

async function takeEpoch({ client }: Transaction): Promise<number> {
  const { rows } = await client.query<{ value: number }>(
    "update counter set value = value + 1 where name = 'leader' returning value",
  );
  if (!rows[0]) throw new Error("broken invariant: the counter of leaders is there");
  return rows[0].value;
}

function refusedOr(error: unknown): { readonly kind: "refused"; readonly refusal: Refusal } {
  return error instanceof Unavailable ? unavailable(error.message) : refusedByStore(error);
}

/** As Promise.all, but waits for all: a query of a pipeline that is left behind would fail the next transaction's. */
async function all<const Promises extends readonly Promise<unknown>[]>(
  promises: Promises,
): Promise<{ -readonly [P in keyof Promises]: Awaited<Promises[P]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
