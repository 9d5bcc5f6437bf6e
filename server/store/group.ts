import type pg from "pg";
import { wordsOf } from "./refused.ts";
import { beforeReconnect, type Session } from "./session.ts";

/**
 * Group commit: what is added while one batch is on its way to the disk gathers and is the next batch; when idle a
 * batch is committed at once. Batches follow one another on one connection.
 */
export type Group<Entry extends Waiting> = {
  readonly add: (entry: Entry) => void;
  /** Back to the front of the queue. */
  readonly again: (entries: readonly Entry[]) => void;
  /** The statement of the batch is on its way. */
  readonly sent: () => void;
  /**
   * Gives the answers to a batch that was committed once the next one is on its way, or at once where none is ready: to write
   * them takes as long as PostgreSQL needs for many of the next.
   */
  readonly tell: (answers: () => void) => void;
  /** A connection as soon as there is one; null when all of the batch have lost their patience. */
  readonly reach: (batch: readonly Entry[]) => Promise<pg.Client | null>;
  /** Resolves when all that was added is answered. */
  readonly close: () => Promise<void>;
};

export type Waiting = {
  readonly deadlineMs: number;
  readonly settled: boolean;
  /** PostgreSQL stayed away for longer than the deadline, or the server is stopping. */
  readonly giveUp: (words: string) => void;
};

/** For a writer of many: batches are gathered and made ready while another is committed. */
export type Ahead<Entry> = {
  /** Whether what has gathered is a whole batch. */
  readonly isWhole: (queue: readonly Entry[]) => boolean;
  readonly prepare: (batch: readonly Entry[]) => void;
};

/** So many bear the cost of a commit lightly; it is not worth waiting for more. */
const amply = 32;
/** Nobody's answer comes later by more than this for the sake of others. */
const longestGatherMs = 4;

/**
 * How many are to be there before the next batch is committed, of those who are answered and come again and those who wait.
 * `roundMs`: in which all of them come round once; `quickestMs`: what a commit takes at least.
 *
 * Where a commit is dear, most of them share one. Where two fit well into a round, as many as make a third of all are
 * committed while the server takes in the others: neither it nor PostgreSQL nor those who submit wait for one another.
 */
export function toGather(inAll: number, roundMs: number, quickestMs: number): number {
  return Math.min(amply, inAll * (2 * quickestMs < roundMs ? 1 / 3 : 0.9));
}

export function openGroup<Entry extends Waiting>(
  session: Session,
  take: (queue: readonly Entry[]) => readonly [batch: readonly Entry[], left: Entry[]],
  commit: (batch: readonly Entry[]) => Promise<void>,
  ahead: Ahead<Entry> | null = null,
): Group<Entry> {
  let queue: Entry[] = [];
  let next: readonly Entry[] | null = null;
  let working: Promise<void> | null = null;
  let underWay = false;
  let closed = false;
  let roused: () => void = () => undefined;
  let committedMs = 0;
  /** Of the commits of late. */
  let quickestMs = Number.POSITIVE_INFINITY;

  async function work(): Promise<void> {
    // One turn of the event loop lets all requests that arrived together gather.
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = nextBatch(); batch !== null; batch = nextBatch()) {
      const startedMs = performance.now();
      try {
        await commit(batch);
      } catch (error) {
        // Our own mistake: those who wait are told, and the writer goes on with the next batch.
        for (const entry of batch) if (!entry.settled) entry.giveUp(wordsOf(error));
      } finally {
        underWay = false;
      }
      const sinceMs = performance.now() - committedMs;
      committedMs += sinceMs;
      const tookMs = committedMs - startedMs;
      quickestMs = Math.min(tookMs, quickestMs * 1.01);
      if (ahead && batch.length > 1) await gather(batch.length, tookMs, sinceMs / batch.length);
    }
    working = null;
  }

  /**
   * Who submits without end waits for an answer and comes again, so those just answered and those who wait would go on
   * taking turns in ever smaller parts, each with a commit of its own. So many are waited for as make it worth while, no
   * longer than the last commit took. `eachMs`: in which one after another came round.
   */
  async function gather(answered: number, tookMs: number, eachMs: number): Promise<void> {
    const inAll = answered + queue.length;
    const most = toGather(inAll, eachMs * inAll, quickestMs);
    const isEnough = () => closed || next !== null || queue.length >= most || (ahead?.isWhole(queue) ?? true);
    if (isEnough()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(longestGatherMs, tookMs));
      roused = () => {
        if (!isEnough()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    roused = () => undefined;
  }

  function nextBatch(): readonly Entry[] | null {
    if (next === null && queue.length === 0) return null;
    if (next === null) [next, queue] = take(queue);
    const batch = next;
    next = null;
    return batch;
  }

  /** While PostgreSQL is busy with one batch the next one is made ready, where no more would fit into it anyway. */
  function getReady(): void {
    if (!ahead || !underWay || next !== null || !ahead.isWhole(queue)) return;
    [next, queue] = take(queue);
    ahead.prepare(next);
  }

  async function reach(batch: readonly Entry[]): Promise<pg.Client | null> {
    for (;;) {
      try {
        return await session.client();
      } catch (error) {
        for (const entry of [...batch, ...queue])
          if (!entry.settled && (closed || entry.deadlineMs <= Date.now()))
            entry.giveUp(`PostgreSQL does not answer (${wordsOf(error)})`);
        queue = queue.filter((entry) => !entry.settled);
        if (batch.every((entry) => entry.settled)) return null;
        await beforeReconnect();
      }
    }
  }

  return {
    add: (entry) => {
      if (closed) {
        entry.giveUp("The server is stopping");
        return;
      }
      queue.push(entry);
      working ??= work();
      getReady();
      roused();
    },
    again: (entries) => {
      queue.unshift(...entries);
      if (queue.length > 0) working ??= work();
    },
    reach,
    sent: () => {
      underWay = true;
      getReady();
    },
    // All until the next statement is sent happens before this.
    tell: (answers) => void setImmediate(answers),
    close: async () => {
      closed = true;
      roused();
      await working;
      // They come in the order in which they were asked for.
      await new Promise((resolve) => setImmediate(resolve));
      await session.close();
    },
  };
}
