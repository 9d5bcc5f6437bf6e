import type pg from "pg";
import type { z } from "zod";
import type { candidate, run } from "#api/job.ts";
import { runEndView } from "#api/outcome-view.ts";
import { cancelWords, type RunWait, waitWords } from "#core/centre/waiting.ts";
import { jobId, type RunId, runId } from "#core/ids.ts";
import type { RunEnd, StateKind } from "#core/job/state.ts";
import { type WrittenFiles, workFolderOf, writtenFiles } from "#core/job/written-files.ts";
import type { Language } from "#core/language.ts";
import type { Allocation, RunUsage } from "#core/run-order.ts";
import { candidatesOf, type Decision, type EarlierDecision } from "#core/scheduling/decision.ts";
import { scoreWords } from "#core/scheduling/placing/score-terms.ts";
import { type Candidate, reasonWords, roomWords } from "#core/scheduling/reasons.ts";
import type { Cancel } from "#server/store/sheet.ts";
import { type Amounts, amountsView, costView, noAmounts } from "./amounts.ts";

export type RunView = z.output<typeof run>;

/** Every attempt of these tasks of a job, oldest first, each with what the books say of it. */
export async function readRuns(
  pool: pg.Pool,
  job: number,
  indices: readonly number[],
  language: Language,
): Promise<ReadonlyMap<number, readonly RunView[]>> {
  if (indices.length === 0) return new Map();
  const { rows } = await pool.query<RunRow>(
    `select run.*, task.position, job.spec ->> 'name' as job_name, job.spec ->> 'stdout' as job_stdout,
       job.spec ->> 'stderr' as job_stderr, job.spec ->> 'workingDirectory' as job_folder, coalesce(json_typeof(job.spec -> 'array') <> 'null', false) as is_array,
       centre.engine #>> '{offers,runsFolder}' as runs_folder, (
       select jsonb_object_agg(unit, amount::text) from (
         select unit, sum(amount) as amount from transfer
         where transfer.job_id = run.job_id and transfer.index = run.index and transfer.attempt = run.attempt
           and kind in ('single', 'post') group by unit) posted
       ) as amounts
     from run join task on task.job_id = run.job_id and task.index = run.index join job on job.id = run.job_id
       join centre on centre.id = run.centre_id
     where run.job_id = $1 and run.index = any($2) order by run.index, run.attempt`,
    [job, indices],
  );
  const byIndex = new Map<number, RunView[]>();
  for (const row of rows) {
    const views = byIndex.get(row.index) ?? [];
    views.push(runView(row, language));
    byIndex.set(row.index, views);
  }
  return byIndex;
}

type RunRow = {
  readonly job_id: number;
  readonly index: number;
  readonly attempt: number;
  readonly centre_id: string;
  readonly pool: string;
  readonly nodes: string | null;
  readonly waiting: RunWait | null;
  readonly cancel: Cancel | null;
  readonly cancel_ms: number | null;
  readonly withdraw_ms: number | null;
  readonly withdraw_waits: string | null;
  readonly state: StateKind;
  readonly allocation: Allocation;
  readonly tariff_version: string;
  readonly decision: Decision | EarlierDecision;
  readonly placed_ms: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
  readonly unreachable_since_ms: number | null;
  readonly end: RunEnd | null;
  readonly usage: RunUsage | null;
  readonly words: string | null;
  readonly billed: boolean;
  readonly amounts: Amounts | null;
  readonly position: number;
  readonly job_name: string;
  readonly job_stdout: string | null;
  readonly job_stderr: string | null;
  readonly job_folder: string | null;
  readonly is_array: boolean;
  readonly runs_folder: string | null;
};

function runView(row: RunRow, language: Language): RunView {
  const { allocation, usage } = row;
  const ended = row.state === "ended";
  const id = runId({ job: jobId(row.job_id), index: row.index, attempt: row.attempt });
  const files = filesOf(row, id);
  return {
    id,
    attempt: row.attempt,
    centre: row.centre_id,
    state: row.state,
    end: row.end && runEndView(row.end),
    placedMs: row.placed_ms,
    startedMs: row.started_ms,
    endedMs: row.ended_ms,
    unreachableSinceMs: row.unreachable_since_ms,
    pool: row.pool,
    nodes: row.nodes,
    waiting: waitingNow(row, language),
    cancelling: cancellingNow(row, language),
    cores: allocation.nodes * allocation.coresPerNode,
    memoryMib: allocation.nodes * allocation.memoryMibPerNode,
    accelerators: allocation.nodes * allocation.acceleratorsPerNode,
    usage: usage && {
      wallMs: usage.wallMs,
      cpuUserMs: usage.cpuUserMs,
      cpuSystemMs: usage.cpuSystemMs,
      peakMemoryMib: usage.peakMemoryMib,
      memoryWay: usage.memoryWay,
      droppedStdoutBytes: usage.droppedStdoutBytes,
      droppedStderrBytes: usage.droppedStderrBytes,
      energyJoules: usage.energyJoules,
    },
    words: row.words,
    stdoutFile: files.stdout,
    stderrFile: files.stderr,
    // Of one that ended before it started, nothing is in the books.
    billed: row.billed && row.amounts !== null,
    amounts: ended ? amountsView(row.amounts ?? noAmounts) : null,
    cost: ended ? costView(row.tariff_version, row.amounts ?? noAmounts) : null,
    candidates: candidatesOf(row.decision).map((one) => candidateView(one, language)),
  };
}

function filesOf(row: RunRow, run: RunId): WrittenFiles {
  const { job_id: job, index, position, job_stdout: stdout, job_stderr: stderr, job_folder: workingDirectory } = row;
  return writtenFiles({ stdout, stderr, workingDirectory }, workFolderOf(row.runs_folder, run), {
    job: job + position,
    array: row.is_array ? { job, index } : null,
    name: row.job_name,
  });
}

function waitingNow({ waiting, state }: RunRow, language: Language): RunView["waiting"] {
  if (!waiting || (state !== "placed" && state !== "starting")) return null;
  const { engineId, reason, reasonKind, startsMs, sinceMs } = waiting;
  return { engineId, reason, reasonKind, words: waitWords(waiting, language), startsMs, sinceMs, start: null };
}

/** That it was asked to end, or else back, which it is only until it starts. */
function cancellingNow(row: RunRow, language: Language): RunView["cancelling"] {
  const { cancel, cancel_ms: cancelMs, withdraw_ms: backMs, withdraw_waits: waits, state } = row;
  if (state === "ended") return null;
  const waitsFor = cancel?.waitsFor ?? null;
  if (cancel && cancelMs !== null) return { sinceMs: cancelMs, waitsFor, words: cancelWords(waitsFor, language) };
  if (backMs === null || (state !== "placed" && state !== "starting")) return null;
  return { sinceMs: backMs, waitsFor: null, words: cancelWords(waits, language, "back") };
}

/** A rule and its facts in the words of the reader. `isHeld`: it waits whatever the centres say, and starts at none of them. */
export function candidateView(
  one: Candidate,
  language: Language,
  { isHeld }: { readonly isHeld: boolean } = { isHeld: false },
): z.output<typeof candidate> {
  const { centre, rule, holds, facts } = one;
  const score = isHeld ? null : (one.score ?? null);
  const words = isHeld && rule === null ? roomWords(facts, language) : reasonWords(rule, facts, language);
  if (score === null) return { centre, rule, words, holds, facts, score };
  const costs = scoreWords(score, language);
  return { centre, rule, words: language === "zh" ? `${words}；${costs}` : `${words}; ${costs}`, holds, facts, score };
}
