import { randomUUID } from "node:crypto";
import type pg from "pg";
import { taskCount } from "#core/job/spec.ts";
import { type Database, isConnectionLost, type Log, planOnce, silent } from "./database.ts";
import { findDependencies } from "./find-dependencies.ts";
import { findKeys, type UsedKey } from "./find-keys.ts";
import { openGroup, type Waiting } from "./group.ts";
import { refusedByStore, unavailable, wordsOf } from "./refused.ts";
import { openSession } from "./session.ts";
import type { Submission, Submitted } from "./submission.ts";
import { type NumberedBatch, numbered, type SubmitParameters, submitJobs, submitParameters } from "./submit-jobs.ts";

/**
 * Commits submissions in groups: while one batch is on its way to the disk the next one gathers; when idle a submission
 * is committed at once. Each answer is given only when its batch is durable.
 *
 * - The same key and body gets the first answer, within a batch and between servers; another body a refusal.
 * - What PostgreSQL refuses is split until the one at fault is alone, and only that one is refused.
 * - Where the connection was cut with a batch in flight, its outcome is looked up before anything is said.
 */
export type SubmitWriter = {
  readonly submit: (submission: Submission) => Promise<Submitted>;
  /** Commits what has gathered, then ends. */
  readonly close: () => Promise<void>;
};

export type SubmitSettings = {
  readonly log?: Log;
  /** How long a submission waits for a PostgreSQL that is away before it is refused with store-unavailable. */
  readonly patienceMs?: number;
  /** A batch is being sent. Its rows may be seen by others before this server hears that it was kept: `told` resolves after `onCommitted`, or when it failed. */
  readonly onSending?: (told: Promise<void>) => void;
  /** After each commit, synchronously: what was kept by it. */
  readonly onCommitted?: (batch: NumberedBatch) => void;
};

export function openSubmitWriter(db: Database, settings: SubmitSettings = {}): SubmitWriter {
  const { log = silent, patienceMs = 10_000, onSending = () => undefined, onCommitted = () => undefined } = settings;
  const instance = randomUUID();
  const session = openSession(db, "submit writer", planOnce);
  const group = openGroup<Submitting>(session, takeBatch, commit, { isWhole, prepare });
  /** The last job id given, as far as this server knows; null: to be read. */
  let counter: number | null = null;
  let batches = 0;
  /** The weight of all that came so far. */
  let weighed = 0;
  /** The last job id once the batch that is under way is committed. */
  let counterThen: number | null = null;
  let ready: Ready | null = null;

  function makeReady(batch: readonly Submitting[], counterBefore: number): Ready {
    const nonce = `${instance} ${++batches}`;
    const submissions = batch.map((waiting) => waiting.submission);
    const numberedBatch = numbered(submissions, counterBefore, nonce, Date.now());
    return { batch, numbered: numberedBatch, parameters: submitParameters(numberedBatch) };
  }

  function prepare(batch: readonly Submitting[]): void {
    if (counterThen === null) return;
    try {
      ready = makeReady(batch, counterThen);
    } catch {
      // A mistake in this batch must not reach the one that is under way: it comes up again at its own turn.
      ready = null;
    }
  }

  /** As it was made ready, unless some of it was refused since or the ids are others than expected. */
  function readyFor(batch: readonly Submitting[], counterBefore: number): Ready {
    const made = ready;
    ready = null;
    if (made?.batch === batch && made.numbered.counterBefore === counterBefore) return made;
    return makeReady(batch, counterBefore);
  }

  async function commit(batch: readonly Submitting[]): Promise<void> {
    const client = await group.reach(batch);
    if (!client) return;
    const attempt: { numbered: NumberedBatch | null } = { numbered: null };
    try {
      const known = await refuseUnknownDependencies(client, batch);
      if (known.length > 0) {
        const inserted = insert(client, known, attempt);
        onSending(inserted.catch(() => undefined));
        await inserted;
      }
    } catch (error) {
      const open = batch.filter((waiting) => !waiting.settled);
      if (isConnectionLost(error)) {
        session.discard();
        counter = null;
        log.warn({ error: wordsOf(error), submissions: open.length }, "the connection was cut during a commit");
        if (attempt.numbered) await settleUncertain(attempt.numbered, open);
        else group.again(open);
        return;
      }
      // Where it had locked the counter; outside a transaction this is nothing.
      await client.query("rollback").catch(() => undefined);
      counter = null;
      if (open.length === 1 && open[0]) {
        open[0].settle(refusedByStore(error));
      } else if (open.length > 1) {
        const middle = Math.ceil(open.length / 2);
        await commit(open.slice(0, middle));
        await commit(open.slice(middle));
      }
    }
  }

  async function insert(
    client: pg.Client,
    batch: readonly Submitting[],
    attempt: { numbered: NumberedBatch | null },
  ): Promise<void> {
    let left = batch;
    for (let lock = false; left.length > 0; ) {
      // Where several servers submit at once, who guessed wrong locks the counter and cannot be wrong again.
      if (lock) await client.query("begin");
      counter = lock ? await lockCounter(client) : (counter ?? (await readCounter(client)));
      const { numbered: numberedBatch, parameters } = readyFor(left, counter);
      attempt.numbered = numberedBatch;
      const sent = submitJobs(client, parameters);
      counterThen = numberedBatch.counterAfter;
      group.sent();
      const done = await sent;
      if (lock) await client.query(done ? "commit" : "rollback");
      if (done) {
        counter = numberedBatch.counterAfter;
        const kept = left;
        group.tell(() => {
          for (const [place, waiting] of kept.entries()) waiting.settle(committed(numberedBatch, place));
        });
        tellKept(numberedBatch);
        return;
      }
      const before = left.length;
      left = await answerRepeated(client, left);
      lock ||= left.length === before;
      counter = null;
    }
  }

  /** Whoever is told makes a mistake: what is kept is kept, and must not be tried again. */
  function tellKept(batch: NumberedBatch): void {
    try {
      onCommitted(batch);
    } catch (error) {
      log.warn({ error: wordsOf(error) }, "what was kept could not be told of");
    }
  }

  /** Those whose key was used before, by the same body or another, get its answer; the others are left. */
  async function answerRepeated(client: pg.Client, batch: readonly Submitting[]): Promise<readonly Submitting[]> {
    const answers = await findKeys(client, batch.map(asKey));
    for (const [place, waiting] of batch.entries()) {
      const found = answers[place];
      if (found) waiting.settle(found);
    }
    return batch.filter((waiting) => !waiting.settled);
  }

  /**
   * The connection was cut with this batch in flight. Locking the counter waits for a backend that still works on it;
   * the nonce then says whether it committed. Where another server has numbered since, only the keys can tell, and a
   * submission without a key is told that its outcome is not known.
   */
  async function settleUncertain(attempted: NumberedBatch, batch: readonly Submitting[]): Promise<void> {
    for (;;) {
      const client = await group.reach(batch);
      if (!client) return;
      const open = batch.filter((waiting) => !waiting.settled);
      try {
        const nonce = await lastNonce(client);
        const answers = await findKeys(client, open.map(asKey));
        for (const [place, waiting] of open.entries()) {
          const found = answers[place];
          const entry = attempted.entries.findIndex(({ submission }) => submission === waiting.submission);
          if (found) waiting.settle(found);
          else if (nonce === attempted.nonce && !waiting.submission.idempotency)
            waiting.settle(committed(attempted, entry));
          else if (waiting.submission.idempotency || nonce === null || nonce.startsWith(instance))
            group.again([waiting]);
          else waiting.settle(unavailable("The connection was cut and it is not known whether this was kept"));
        }
        return;
      } catch (error) {
        if (!isConnectionLost(error)) throw error;
        session.discard();
      }
    }
  }

  async function refuseUnknownDependencies(
    client: pg.Client,
    batch: readonly Submitting[],
  ): Promise<readonly Submitting[]> {
    const asking = batch.filter(({ submission }) => submission.jobs.some((job) => job.spec.dependencies.length > 0));
    if (asking.length === 0) return batch;
    const refusals = await findDependencies(
      client,
      asking.map(({ submission }) => submission),
    );
    for (const [place, waiting] of asking.entries()) {
      const refusal = refusals[place];
      if (refusal) waiting.settle({ kind: "refused", refusal });
    }
    return batch.filter((waiting) => !waiting.settled);
  }

  return {
    submit: (submission) =>
      new Promise((resolve) => {
        const waiting = submitting(submission, Date.now() + patienceMs, weighed, resolve);
        weighed = waiting.upTo;
        group.add(waiting);
      }),
    close: group.close,
  };
}

/** A batch whose statement can be sent at once. */
type Ready = {
  readonly batch: readonly Submitting[];
  readonly numbered: NumberedBatch;
  readonly parameters: SubmitParameters;
};

type Submitting = Waiting & {
  readonly submission: Submission;
  readonly weight: number;
  /** The weight of all that came before it, and its own. */
  readonly upTo: number;
  readonly settle: (answer: Submitted) => void;
};

function submitting(
  submission: Submission,
  deadlineMs: number,
  before: number,
  resolve: (answer: Submitted) => void,
): Submitting {
  let settled = false;
  const weight = weightOf(submission);
  return {
    submission,
    deadlineMs,
    weight,
    upTo: before + weight,
    settle: (answer) => {
      settled = true;
      resolve(answer);
    },
    giveUp: (words) => {
      settled = true;
      resolve(unavailable(words));
    },
    get settled() {
      return settled;
    },
  };
}

/** A batch is bounded by what it costs PostgreSQL, so that neighbours of a bulk submission do not wait long. */
const mostWeight = 2_000;
function isWhole(queue: readonly Submitting[]): boolean {
  const [first] = queue;
  const last = queue.at(-1);
  // Asked again at each that comes, so it is not summed up again. Those between them that were taken out count too.
  return first !== undefined && last !== undefined && last.upTo - first.upTo + first.weight >= mostWeight / 2;
}
function weightOf({ jobs }: Submission): number {
  let weight = 0;
  for (const { spec, arrayText } of jobs) {
    weight += 1 + (spec.work.kind === "script" ? spec.work.text.length / 20_000 : 0) + spec.inputFiles.length;
    if (arrayText !== null) weight += taskCount(spec.array) / 10;
  }
  return weight;
}

/**
 * In order of arrival; a second use of a key waits for the next batch, where it finds the first one's answer. So does one of
 * another tenant, which hardly ever happens and finds none.
 */
function takeBatch(queue: readonly Submitting[]): readonly [batch: Submitting[], left: Submitting[]] {
  const batch: Submitting[] = [];
  const left: Submitting[] = [];
  const keys = new Set<string>();
  let weight = 0;
  for (const waiting of queue) {
    const key = waiting.submission.idempotency?.key ?? null;
    if ((batch.length > 0 && weight + waiting.weight > mostWeight) || (key !== null && keys.has(key))) {
      left.push(waiting);
      continue;
    }
    if (key !== null) keys.add(key);
    weight += waiting.weight;
    batch.push(waiting);
  }
  return [batch, left];
}

async function readCounter(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ value: number }>("select value from counter where name = 'job'");
  if (!rows[0]) throw new Error("broken invariant: the counter of jobs is there");
  return rows[0].value;
}

async function lockCounter(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ value: number }>("select value from counter where name = 'job' for update");
  if (!rows[0]) throw new Error("broken invariant: the counter of jobs is there");
  return rows[0].value;
}

async function lastNonce(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ nonce: string | null }>(
    "select nonce from counter where name = 'job' for update",
  );
  return rows[0]?.nonce ?? null;
}

function asKey(waiting: Submitting): UsedKey {
  return { tenant: waiting.submission.tenant, idempotency: waiting.submission.idempotency };
}

function committed(batch: NumberedBatch, place: number): Submitted {
  const entry = batch.entries[place];
  if (!entry) throw new Error("broken invariant: a batch keeps its order");
  return { kind: "committed", status: entry.submission.status, body: entry.body, replayed: false };
}
