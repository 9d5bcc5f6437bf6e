import type { RunId } from "#core/ids.ts";
import { carriesTag, type JobWord } from "./job-word.ts";
import type { ChunkFacts } from "./notebook.ts";
import type { WrapperRecord } from "./record.ts";
import type { Words } from "./slurm-text.ts";

/** One run in the engine's hands, as far as it is known here. */
export type Track = {
  readonly run: RunId;
  readonly index: number;
  readonly facts: ChunkFacts;
  /** `12` or `12_7`; of the other copy, should this one have found the run's folder and run nothing. */
  engineId: string;
  readonly arrayOrJob: string;
  phase: "waiting" | "running";
  startedMs: number;
  /** As told of its start. */
  nodes: string | null;
  told: { readonly reason: string | null; readonly startsAtMs: number | null; readonly atMs: number } | null;
  record: WrapperRecord | null;
  first: WrapperRecord | null;
  /** Slurm's numbers of the copies of this chunk that ran nothing. */
  duplicates: readonly number[];
  /** When the engine is to be asked about it; infinite: no cause. */
  lookAtMs: number;
  looks: number;
  endedSinceMs: number | null;
  /** The controller's last word of it, while accounting is waited for to say who cancelled it. */
  cancelled: JobWord | null;
  absentSinceMs: number | null;
  isRequeued: boolean;
  /** By the site, as was told last. */
  isSuspended: boolean;
  isFenced: boolean;
  /** Why it is not told lost, as told last. */
  doubt: string | null;
};

export function freshTrack(run: RunId, index: number, facts: ChunkFacts, engineId: string): Track {
  return {
    run,
    index,
    facts,
    engineId: facts.isArray ? `${engineId}_${index}` : engineId,
    arrayOrJob: engineId,
    phase: "waiting",
    startedMs: 0,
    nodes: null,
    told: null,
    record: null,
    first: null,
    duplicates: [],
    lookAtMs: Number.POSITIVE_INFINITY,
    looks: 0,
    endedSinceMs: null,
    cancelled: null,
    absentSinceMs: null,
    isRequeued: false,
    isSuspended: false,
    isFenced: false,
    doubt: null,
  };
}

/**
 * Finds the word about a task: its own, else the one about those of its array that still wait together. The tag counts,
 * not the number: a controller that lost its state gives numbers again.
 */
export function wordsByTask(words: readonly JobWord[]): (track: Track) => JobWord | null {
  const own = new Map<string, JobWord>();
  const together = new Map<string, JobWord>();
  for (const word of words) {
    if (word.arrayJob === null) own.set(String(word.jobId), word);
    else if (word.indices === null) together.set(String(word.arrayJob), word);
    else {
      for (const index of word.indices) own.set(`${word.arrayJob}_${index}`, word);
      if (word.indices.length === 1) own.set(String(word.jobId), word);
    }
  }
  return (track) => {
    const word = own.get(track.engineId) ?? together.get(track.arrayOrJob) ?? null;
    return word !== null && carriesTag(word, track.facts.chunk) ? word : null;
  };
}

/** Those of the job that carries the tag, each with the steps that follow it: accounting has all that ever had the number. */
export function rowsOfTag(rows: readonly Words[], tag: string): readonly Words[] {
  let isOurs = false;
  return rows.filter((row) => {
    if (!(row.get("JobID") ?? "").includes("."))
      isOurs = carriesTag({ name: row.get("JobName") ?? "", comment: null }, tag);
    return isOurs;
  });
}

/** By `12_7` and by Slurm's own number of the task, with the steps of each. */
export function rowsByJob(rows: readonly Words[]): ReadonlyMap<string, readonly Words[]> {
  const byJob = new Map<string, Words[]>();
  for (const row of rows) {
    const ids = new Set(["JobID", "JobIDRaw"].map((name) => (row.get(name) ?? "").split(".")[0] ?? ""));
    for (const id of ids) {
      const same = byJob.get(id) ?? [];
      byJob.set(id, same);
      same.push(row);
    }
  }
  return byJob;
}

/** One id a task, but of an array of which many are asked about at once, that of the array. */
export function questionsOf(
  tracks: readonly Track[],
): readonly { readonly id: string; readonly tracks: readonly Track[] }[] {
  const byJob = new Map<string, Track[]>();
  for (const track of tracks) {
    const same = byJob.get(track.arrayOrJob) ?? [];
    byJob.set(track.arrayOrJob, same);
    same.push(track);
  }
  return [...byJob].flatMap(([id, of]) =>
    of.length >= manyOfArray ? [{ id, tracks: of }] : of.map((track) => ({ id: track.engineId, tracks: [track] })),
  );
}

const manyOfArray = 10;
