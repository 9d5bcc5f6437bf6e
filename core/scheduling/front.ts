import type { JobRecord } from "#core/scheduling/job-record.ts";
import { type Ask, type Group, type Queue, type Row, readyFirst, settle } from "#core/scheduling/queue.ts";
import { isAhead, isByDeadline, isStarving, type Rank } from "#core/scheduling/ranking.ts";
import { rankOfJob } from "#core/scheduling/strands.ts";

/**
 * Walks the queue in its order and changes nothing of it, but for dropping what is no longer ready: the heap of each group
 * is walked from its top, so what is not reached costs nothing.
 */
export type Front = {
  readonly queue: Queue;
  /** A binary heap. */
  readonly steps: Step[];
  /** Of the rows met, those whose first was dropped: they take their places when the walk is over. */
  readonly moved: Row[];
  /** How a step is ranked in place of its row's rank; null: by that. */
  rankBy: ((ask: Ask) => number) | null;
};

/** `at`: the row's place in its group's heap, those below it are still to come; -1: they have been met. */
export type Step = { readonly row: Row; readonly at: number; readonly rank: Rank; readonly first: JobRecord };

export function frontOf(queue: Queue): Front {
  const front: Front = { queue, steps: [], moved: [], rankBy: null };
  for (const { rows } of queue.groups.values()) meet(front, rows, 0);
  return front;
}

/** The next of the queue; null: there is none. Of a group that `isClosed` no more is met. */
export function nextOf(front: Front, isClosed: (group: Group) => boolean): Step | null {
  for (let step = pop(front.steps); step; step = pop(front.steps)) {
    const { row } = step;
    if (isClosed(row.ask.group)) continue;
    const first = readyFirst(front.queue, row);
    if (first === step.first) return step;
    front.moved.push(row);
    // It ranks behind what its row did, and maybe behind those below.
    if (first) meetAgain(front, row, first);
    meetBelow(front, step);
  }
  return null;
}

/** A row by itself, where those around it in the heap are not met. */
export function meetAlone(front: Front, row: Row): void {
  if (row.ask.row === row) push(front.steps, { row, at: -1, rank: row.rank, first: row.first });
}

/** Those that stand below it in the heap of its group. */
export function meetBelow(front: Front, { row, at }: Step): void {
  if (at === -1) return;
  meet(front, row.ask.group.rows, 2 * at + 1);
  meet(front, row.ask.group.rows, 2 * at + 2);
}

/** The first of the row is done with: the one behind it stands in its own place. */
export function meetAgain(front: Front, row: Row, first: JobRecord): void {
  push(front.steps, { row, at: -1, rank: rankOf(front, first), first });
}

/** From here on what is left comes in another order. */
export function orderBy(front: Front, isClosed: (group: Group) => boolean, rankBy: (ask: Ask) => number): void {
  const rows = new Map<Row, JobRecord>();
  for (let step = nextOf(front, isClosed); step; step = nextOf(front, isClosed)) {
    rows.set(step.row, step.first);
    meetBelow(front, step);
  }
  front.rankBy = rankBy;
  for (const [row, first] of rows) meetAgain(front, row, first);
}

/** Whether a job, which may stand anywhere in its row or not be ready to stand there, comes before a step. */
export function standsBefore(front: Front, job: JobRecord, step: Step): boolean {
  return isAhead(rankOf(front, job), job, step.rank, step.first);
}

export function leave({ queue, moved }: Front): void {
  for (const row of moved) settle(queue, row);
}

function rankOf({ queue, rankBy }: Front, job: JobRecord): Rank {
  const { ask } = job;
  const rank = ask.row?.first === job ? ask.row.rank : rankOfJob(queue, job);
  // Whoever is near its longest wait, or goes ahead by its deadline, does so in any order.
  if (rankBy === null || isStarving(rank)) return rank;
  return isByDeadline(rank) ? { ...rank, tier: 0.5 } : { tier: 1, score: rankBy(ask) };
}

function meet(front: Front, rows: readonly Row[], at: number): void {
  const row = rows[at];
  if (row) push(front.steps, { row, at, rank: row.rank, first: row.first });
}

function isBefore(one: Step, other: Step): boolean {
  return isAhead(one.rank, one.first, other.rank, other.first);
}

function push(steps: Step[], step: Step): void {
  let at = steps.length;
  steps.push(step);
  while (at > 0) {
    const parent = steps[(at - 1) >>> 1];
    if (!parent || !isBefore(step, parent)) break;
    steps[at] = parent;
    at = (at - 1) >>> 1;
  }
  steps[at] = step;
}

function pop(steps: Step[]): Step | null {
  const [top] = steps;
  const last = steps.pop();
  if (!top || !last) return null;
  if (steps.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = steps[2 * at + 1];
    const right = steps[2 * at + 2];
    const isRight = left && right && isBefore(right, left);
    const first = isRight ? right : left;
    if (!first || !isBefore(first, last)) break;
    steps[at] = first;
    at = 2 * at + (isRight ? 2 : 1);
  }
  steps[at] = last;
  return top;
}
