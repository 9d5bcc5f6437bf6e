import type { JobRecord } from "#core/scheduling/job-record.ts";
import type { Ask, Queue, Row } from "#core/scheduling/queue.ts";
import { isAhead, type Rank } from "#core/scheduling/ranking.ts";
import type { Strand } from "#core/scheduling/strands.ts";

export type Ranked = { readonly job: JobRecord; readonly rank: Rank };

/**
 * The jobs of the queue in its order, ready or not, without touching it: what is not asked for costs nothing. Of a row that is
 * left out no job is met, and of a strand whose first is, no other: they are of the same submitter and ask for the same. Once so
 * many were left out it ends. Who asks for something else by now stands in another row, and where it stood it is passed over.
 */
export function* jobsInOrder(queue: Queue, isOut: LeftOut): Generator<Ranked> {
  let out = 0;
  const heap: Entry[] = [];
  const meetRow = (rows: readonly Row[], at: number) => {
    const row = rows[at];
    if (row) push(heap, { kind: "row", rank: row.rank, job: row.first, row, rows, at });
  };
  const meetStrand = (row: Row, at: number) => {
    const strand = row.strands[at];
    const job = strand?.jobs[0];
    if (strand && job) push(heap, { kind: "strand", rank: strand.rank, job, row, strand, at });
  };
  const meetJob = (row: Row, strand: Strand, at: number) => {
    const job = strand.jobs[at];
    if (!job) return;
    const rank = queue.ranking.of(job, strand.standing, queue.rankedMs);
    push(heap, { kind: "job", rank, job, row, strand, at });
  };
  for (const { rows } of queue.groups.values()) meetRow(rows, 0);
  for (let next = pop(heap); next && out <= isOut.most; next = pop(heap)) {
    const { at } = next;
    if (next.kind === "row") {
      if (isOut.ask(next.row.ask)) out += 1;
      else meetStrand(next.row, 0);
      meetRow(next.rows, 2 * at + 1);
      meetRow(next.rows, 2 * at + 2);
      continue;
    }
    const { row, strand } = next;
    const isHere = next.job.ask === row.ask;
    if (next.kind === "strand") {
      meetStrand(row, 2 * at + 1);
      meetStrand(row, 2 * at + 2);
      if (isHere && isOut.job(next.job)) {
        out += 1;
        continue;
      }
    }
    const place = next.kind === "job" ? at : 0;
    meetJob(row, strand, 2 * place + 1);
    meetJob(row, strand, 2 * place + 2);
    if (isHere) yield next;
  }
}

export type LeftOut = {
  readonly ask: (ask: Ask) => boolean;
  readonly job: (job: JobRecord) => boolean;
  /** Rows and strands. */
  readonly most: number;
};

/** Each stands for those below it: of the rows of a group, of the strands of a row, of the jobs of a strand. */
type Entry = Ranked & { readonly at: number } & (
    | { readonly kind: "row"; readonly row: Row; readonly rows: readonly Row[] }
    | { readonly kind: "strand"; readonly row: Row; readonly strand: Strand }
    | { readonly kind: "job"; readonly row: Row; readonly strand: Strand }
  );

function isBefore(one: Entry, other: Entry): boolean {
  return isAhead(one.rank, one.job, other.rank, other.job);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = heap[(at - 1) >>> 1];
    if (!parent || !isBefore(entry, parent)) break;
    heap[at] = parent;
    at = (at - 1) >>> 1;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | null {
  const [top] = heap;
  const last = heap.pop();
  if (!top || !last) return null;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const isRight = left && right && isBefore(right, left);
    const first = isRight ? right : left;
    if (!first || !isBefore(first, last)) break;
    heap[at] = first;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = last;
  return top;
}
