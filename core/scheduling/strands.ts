import { type JobRecord, popJob, pushJob } from "#core/scheduling/job-record.ts";
import type { Ask, Queue, Row } from "#core/scheduling/queue.ts";
import { isAhead, isByDeadline, type Rank } from "#core/scheduling/ranking.ts";
import { kindOf, predictedSOf, type Submitter } from "#core/scheduling/submitters.ts";

/**
 * Jobs of a row that come from one submitter in one priority class, with the same deadline or none, so that time alone tells
 * them apart: older before younger, and only the first is ranked. The strands of a row are a binary heap by that rank.
 */
export type Strand = {
  readonly submitter: Submitter;
  readonly priority: string;
  /** By class and deadline; null: it has no deadline. */
  readonly dated: string | null;
  /** The first, by submission, at 0. */
  readonly jobs: JobRecord[];
  /** Of run times; -1: to be asked for. */
  kind: number;
  predictedS: number;
  /** The part of the score that waiting does not change. */
  standing: number;
  /** Of the first job, as told last. */
  rank: Rank;
  /** Its place in the heap of its row. */
  at: number;
};

/** The first of the row, ready or not. */
export function firstOf({ strands }: Row): JobRecord | null {
  return strands[0]?.jobs[0] ?? null;
}

export function strandOf(job: JobRecord): Strand | undefined {
  const { ask, submitter, priority } = job;
  const dated = datedOf(job);
  return dated === null ? submitter.strands.get(priority)?.get(ask) : submitter.dated.get(ask)?.get(dated);
}

function datedOf({ deadline, priority }: JobRecord): string | null {
  return deadline && `${priority} ${deadline.endsMs}`;
}

/** Where the job stands, or would stand. */
export function rankOfJob(queue: Queue, job: JobRecord): Rank {
  const strand = strandOf(job);
  if (strand?.jobs[0] === job) return strand.rank;
  return queue.ranking.of(job, (strand ?? newStrand(queue, job)).standing, queue.rankedMs);
}

/** Whether it goes ahead of its class by its deadline: nearly nobody has one, and it is asked of thousands. */
export function goesByDeadline(queue: Queue, job: JobRecord): boolean {
  return job.deadline !== null && isByDeadline(rankOfJob(queue, job));
}

/** Puts the job into its strand of the row. */
export function putInStrand(queue: Queue, row: Row, job: JobRecord): void {
  const known = strandOf(job);
  if (known) {
    pushJob(known.jobs, job);
    if (known.jobs[0] === job) tellStrand(queue, row, known);
    return;
  }
  const strand = newStrand(queue, job);
  strand.jobs.push(job);
  register(job.ask, strand);
  strand.rank = queue.ranking.of(job, strand.standing, queue.rankedMs);
  strand.at = row.strands.length;
  row.strands.push(strand);
  rise(row.strands, strand.at);
}

/** Takes the first of the row out. */
export function takeFirst(queue: Queue, row: Row): void {
  const [strand] = row.strands;
  if (!strand) return;
  popJob(strand.jobs);
  if (strand.jobs.length > 0) tellStrand(queue, row, strand);
  else removeFirstStrand(row, strand);
}

/** Takes the first strand out, with all its jobs, until it is put back. */
export function setAside({ strands }: Row): Strand | null {
  const [first] = strands;
  const last = strands.pop();
  if (!first || !last) return null;
  if (last !== first) {
    strands[0] = last;
    last.at = 0;
    sink(strands, 0);
  }
  return first;
}

export function putStrandBack({ strands }: Row, strand: Strand): void {
  strand.at = strands.length;
  strands.push(strand);
  rise(strands, strand.at);
}

/** The row is taken apart: all its jobs, but for those that ask for something else by now. */
export function takeAll(row: Row): readonly JobRecord[] {
  const jobs = row.strands.flatMap((strand) => strand.jobs).filter((job) => job.ask === row.ask);
  for (const strand of row.strands) unregister(row.ask, strand);
  row.strands.length = 0;
  return jobs;
}

/** Tells all strands of the row anew: what is expected of run times, and the ranks. */
export function rankStrands(queue: Queue, { ask, strands }: Row): void {
  for (const strand of strands) {
    foretell(queue, strand, ask);
    const [first] = strand.jobs;
    if (first) strand.rank = queue.ranking.of(first, strand.standing, queue.rankedMs);
  }
  for (let at = (strands.length >>> 1) - 1; at >= 0; at--) sink(strands, at);
}

function register(ask: Ask, strand: Strand): void {
  const { submitter, priority, dated } = strand;
  if (dated === null) submitter.strands.set(priority, (submitter.strands.get(priority) ?? new Map()).set(ask, strand));
  else submitter.dated.set(ask, (submitter.dated.get(ask) ?? new Map()).set(dated, strand));
}

function unregister(ask: Ask, { submitter, priority, dated }: Strand): void {
  if (dated === null) {
    submitter.strands.get(priority)?.delete(ask);
    return;
  }
  const others = submitter.dated.get(ask);
  others?.delete(dated);
  if (others?.size === 0) submitter.dated.delete(ask);
}

function newStrand(queue: Queue, job: JobRecord): Strand {
  const { ask, submitter, priority } = job;
  const rank = { tier: 0, score: 0 };
  const fresh = { jobs: [], kind: -1, predictedS: -1, standing: 0, rank, at: 0 };
  const strand: Strand = { submitter, priority, dated: datedOf(job), ...fresh };
  foretell(queue, strand, ask);
  return strand;
}

function foretell({ submitters, ranking }: Queue, strand: Strand, ask: Row["ask"]): void {
  if (strand.kind === -1) strand.kind = kindOf(submitters, strand.submitter, ask);
  const predictedS = predictedSOf(submitters, strand.kind, ask);
  if (predictedS === strand.predictedS) return;
  strand.predictedS = predictedS;
  strand.standing = ranking.standing(ask, predictedS);
}

function tellStrand(queue: Queue, { strands }: Row, strand: Strand): void {
  const [first] = strand.jobs;
  if (!first) return;
  strand.rank = queue.ranking.of(first, strand.standing, queue.rankedMs);
  sink(strands, rise(strands, strand.at));
}

function removeFirstStrand(row: Row, strand: Strand): void {
  unregister(row.ask, strand);
  const last = row.strands.pop();
  if (!last || last === strand) return;
  row.strands[0] = last;
  last.at = 0;
  sink(row.strands, 0);
}

function isBefore(one: Strand, other: Strand): boolean {
  const [first] = one.jobs;
  const [second] = other.jobs;
  return first !== undefined && second !== undefined && isAhead(one.rank, first, other.rank, second);
}

function rise(strands: Strand[], from: number): number {
  const strand = strands[from];
  let at = from;
  while (strand && at > 0) {
    const parent = strands[(at - 1) >>> 1];
    if (!parent || !isBefore(strand, parent)) break;
    strands[at] = parent;
    parent.at = at;
    at = (at - 1) >>> 1;
  }
  if (strand) {
    strands[at] = strand;
    strand.at = at;
  }
  return at;
}

function sink(strands: Strand[], from: number): void {
  const strand = strands[from];
  if (!strand) return;
  let at = from;
  for (;;) {
    const left = strands[2 * at + 1];
    const right = strands[2 * at + 2];
    const first = left && right && isBefore(right, left) ? right : left;
    if (!first || !isBefore(first, strand)) break;
    const next = first.at;
    strands[at] = first;
    first.at = at;
    at = next;
  }
  strands[at] = strand;
  strand.at = at;
}
