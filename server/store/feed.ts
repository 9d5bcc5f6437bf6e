import type { CentreId } from "#core/ids.ts";
import type { StateKind } from "#core/job/state.ts";
import { type Database, isConnectionLost, type Log, planOnce, silent } from "./database.ts";
import { type EventDetail, type EventKind, type FeedEvent, isAfter, type Position } from "./event.ts";
import { openSession } from "./session.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Follows the table `event` in the order of (xid, seq), and serves an event only once no older transaction is open
 * (`xid < pg_snapshot_xmin(pg_current_snapshot())`): what becomes visible later can then only come later in the order,
 * so nothing is ever skipped. The writers of this server wake it; those of other servers are seen at the next poll.
 *
 * The price: a transaction left open anywhere in this PostgreSQL that has an xid holds everybody back. `lag` and a
 * warning after 5 s say so, with the transaction at fault.
 */
export type Feed = {
  /** Events after `position`, in order, in batches; called again when there are more. Returns how to stop. */
  readonly subscribe: (listener: FeedListener) => () => void;
  /** The newest position served: what comes to listeners after this call lies behind it. */
  readonly position: () => Position;
  /** Resolves when all events of that transaction, and of all before it, have been given to the listeners. */
  readonly reached: (xid: bigint) => Promise<void>;
  /** The same of all that was committed before the call, by whomever. */
  readonly caughtUp: () => Promise<void>;
  /** Something was committed by this server. */
  readonly wake: () => void;
  /** The same of what comes by the hundred a second: looked for no sooner than `paceMs` after it was looked for last. */
  readonly wakeSoon: () => void;
  /** Stored events after a position, up to what the feed has served, of its row and `most` others: for Last-Event-ID. */
  readonly read: (after: Position, most: number) => Promise<readonly FeedEvent[]>;
  /** For how long events have been waiting for an older open transaction; 0 when none do. */
  readonly lagMs: () => number;
  readonly close: () => Promise<void>;
};

export type FeedListener = (events: readonly FeedEvent[]) => void;

export type FeedSettings = {
  readonly log?: Log;
  /** How often other servers' events are looked for. */
  readonly pollMs?: number;
  /** A look costs the same for one event as for the events of many commits. */
  readonly paceMs?: number;
  /** Start behind what this snapshot has seen, so that a world read under it misses nothing and sees nothing twice. */
  readonly from: Snapshot;
};

export function openFeed(db: Database, settings: FeedSettings): Feed {
  const { log = silent, pollMs = 1_000, paceMs = 10, from } = settings;
  const session = openSession(db, "feed", planOnce);
  const listeners = new Set<FeedListener>();
  const waiting = new Map<() => void, bigint>();
  let position: Position = { xid: from.xmin, seq: 0 };
  /** All that is older has been served. */
  let horizon = from.xmin;
  let behindSinceMs: number | null = null;
  let warned = false;
  let awake = true;
  let closed = false;
  let rouse: () => void = () => undefined;
  let pacedMs = Number.NEGATIVE_INFINITY;
  let alarm: NodeJS.Timeout | null = null;
  const done = follow();

  async function follow(): Promise<void> {
    while (!closed) {
      if (!awake) await sleep();
      awake = false;
      try {
        await poll();
      } catch (error) {
        if (!isConnectionLost(error)) throw error;
        session.discard();
        awake = false;
        await new Promise((resolve) => setTimeout(resolve, 100));
        awake = true;
      }
    }
  }

  /** Until woken; while held back for a moment only, so that the end of a foreign transaction is seen soon. */
  function sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, behindSinceMs === null && waiting.size === 0 ? pollMs : 5);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function poll(): Promise<void> {
    const client = await session.client();
    const { rows } = await client.query<Row>({
      name: "follow-feed",
      text,
      values: [String(position.xid), position.seq],
    });
    const first = rows[0];
    if (!first) throw new Error("broken invariant: the horizon is always answered");
    const found = rows.filter((row) => row.xid !== null);
    const last = found.at(-1);
    if (last) position = placeOf(last);
    const fresh = found.filter((row) => !from.sees(placeOf(row).xid)).flatMap(feedEvents);
    if (fresh.length > 0) for (const listener of listeners) listener(fresh);
    if (found.length === mostAtOnce) {
      awake = true;
      return;
    }
    horizon = BigInt(first.horizon);
    for (const [resolve, xid] of waiting) {
      if (xid >= horizon) continue;
      waiting.delete(resolve);
      resolve();
    }
    await noteLag(first.held_back);
  }

  async function noteLag(heldBack: boolean): Promise<void> {
    if (!heldBack) {
      if (warned) log.info({ lagMs: lagMs() }, "the feed goes on");
      behindSinceMs = null;
      warned = false;
      return;
    }
    behindSinceMs ??= Date.now();
    if (warned || lagMs() < 5_000) return;
    warned = true;
    const { rows } = await db.pool.query<Record<string, unknown>>(oldestText);
    log.warn({ lagMs: lagMs(), oldest: rows[0] ?? null }, "an open transaction holds the feed back");
  }

  function lagMs(): number {
    return behindSinceMs === null ? 0 : Date.now() - behindSinceMs;
  }

  function wakeSoon(): void {
    if (alarm !== null) return;
    const leftMs = pacedMs + paceMs - performance.now();
    if (leftMs <= 0) wakePaced();
    else alarm = setTimeout(wakePaced, leftMs);
  }

  function wakePaced(): void {
    pacedMs = performance.now();
    wake();
  }

  function wake(): void {
    if (alarm !== null) clearTimeout(alarm);
    alarm = null;
    awake = true;
    rouse();
  }

  function reached(xid: bigint): Promise<void> {
    return new Promise((resolve) => {
      if (closed || xid < horizon) resolve();
      else {
        waiting.set(resolve, xid);
        wake();
      }
    });
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    position: () => position,
    reached,
    caughtUp: async () => {
      const { rows } = await db.pool.query<{ next: string }>(nextText);
      await reached(BigInt(rows[0]?.next ?? 0) - 1n);
    },
    wake,
    wakeSoon,
    read: async (after, most) => {
      const upTo = position;
      // The row that an event was part of may have more to tell, and is none of the `most` where it has not.
      const same = after.part === undefined ? 0 : 1;
      const { rows } = await db.pool.query<Row>({
        name: "read-feed",
        text: readText,
        values: [String(after.xid), after.seq - same, String(upTo.xid), upTo.seq, most + same],
      });
      return rows.flatMap(feedEvents).filter((event) => isAfter(event, after) && !isAfter(event, upTo));
    },
    lagMs,
    close: async () => {
      closed = true;
      wake();
      await done;
      await session.close();
      for (const resolve of waiting.keys()) resolve();
    },
  };
}

const mostAtOnce = 1_000;
const columns =
  "e.xid, e.seq, e.at_ms, e.project_id, e.job_id, e.index, e.attempt, e.kind, e.state, e.centre_id, e.cause, e.detail";

/** One row at least: the horizon. `held_back`: there are events that an older transaction keeps back. */
const text = `
select h.horizon, h.held_back, ${columns}
from (select pg_snapshot_xmin(pg_current_snapshot()) as horizon,
  coalesce((select xid from event order by xid desc, seq desc limit 1) >= pg_snapshot_xmin(pg_current_snapshot()), false)
    as held_back) as h
left join lateral (
  select * from event where (xid, seq) > ($1::xid8, $2::bigint) and xid < h.horizon order by xid, seq limit ${mostAtOnce}
) as e on true
order by e.xid, e.seq`;

const readText = `
select ${columns}, null as horizon, false as held_back
from event e where (xid, seq) > ($1::xid8, $2::bigint) and (xid, seq) <= ($3::xid8, $4::bigint) order by xid, seq limit $5`;

/** Behind every transaction that has ended. */
const nextText = "select pg_snapshot_xmax(pg_current_snapshot())::text as next";

const oldestText = `
select pid, usename, datname, application_name, state, (extract(epoch from now() - xact_start) * 1000)::bigint as open_for_ms
from pg_stat_activity where backend_xid is not null order by xact_start limit 1`;

type Row = {
  readonly horizon: string;
  readonly held_back: boolean;
  readonly xid: string | null;
  readonly seq: number;
  readonly at_ms: number;
  readonly project_id: number | null;
  readonly job_id: number | null;
  readonly index: number | null;
  readonly attempt: number | null;
  readonly kind: EventKind;
  readonly state: StateKind | null;
  readonly centre_id: CentreId | null;
  readonly cause: string;
  readonly detail: EventDetail | null;
};

function placeOf(row: Row): Position {
  return { xid: BigInt(row.xid ?? 0), seq: row.seq };
}

function feedEvents(row: Row): FeedEvent[] {
  const place = placeOf(row);
  const jobs = row.detail?.jobs;
  if (!jobs) return [feedEvent(row, place, row.job_id, row.detail)];
  return jobs.map((job, part) => feedEvent(row, { ...place, part }, job, null));
}

function feedEvent(row: Row, place: Position, job: number | null, detail: EventDetail | null): FeedEvent {
  return {
    ...place,
    atMs: row.at_ms,
    project: row.project_id,
    job,
    index: row.index,
    attempt: row.attempt,
    kind: row.kind,
    state: row.state,
    centre: row.centre_id,
    cause: row.cause,
    detail,
  };
}
