import type { Answer } from "#api/client.ts";
import type { SpecView, TaskDetail, WireOutcome } from "#api/job.ts";
import { askedFacts, fileText } from "#cli/asked-facts.ts";
import { type Call, taskOperand } from "#cli/call.ts";
import {
  amountsText,
  arrayOutcomeText,
  causeText,
  costText,
  defaultsText,
  elapsedText,
  inNetworkTime,
  memoryText,
  memoryWayText,
  outcomeText,
  secondsText,
  stateCell,
  stateText,
  timeCell,
  timeText,
  timeTitle,
} from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes } from "#cli/stop.ts";
import { endReasonWords } from "#core/job/end-reason.ts";
import { stepWords } from "#core/job/history-words.ts";
import { durationWords, energyText } from "#core/measures.ts";

/** JSON: the API's `JobDetail`, of a task its `TaskDetail`; with --history `"history": [Event…]` beside its keys. */
export async function show(call: Call): Promise<number> {
  const { job, index } = taskOperand(call, call.operands[0] ?? "");
  const history = call.has("history") ? await readHistory(call, job, index) : null;
  const detail =
    index === null ? await call.ask("job", { params: { job } }) : await call.ask("task", { params: { job, index } });
  if (call.json) {
    await call.printJson(history ? { ...detail, history } : detail);
    return exitCodes.done;
  }
  if ("spec" in detail) await printJob(call, detail);
  else await printTask(call, detail, `${job}_${index}`);
  const isPlain = "spec" in detail && detail.array === null;
  if (history) await printHistory(call, history, isPlain);
  return exitCodes.done;
}

type Events = Answer<"history">["events"];

async function readHistory(call: Call, job: number, index: number | null): Promise<Events> {
  return everyPage(
    (cursor) =>
      call.ask("history", { params: { job }, query: { limit: 1000, ...(index !== null && { index }), ...cursor } }),
    (page) => page.events,
  );
}

async function printJob(call: Call, job: Answer<"job">): Promise<void> {
  const { say } = call;
  const { spec } = job;
  const optional = (key: Parameters<typeof say>[0], value: string): [string, string][] =>
    value ? [[say(key), value]] : [];
  await call.printFacts([
    [say("columnId"), `${job.id}`],
    [say("columnName"), job.name],
    [say("columnProject"), job.project],
    [say("columnPerson"), job.person],
    [say("columnState"), job.array === null ? stateWords(job, call) : arrayWords(job, call)],
    ...optional("columnReason", job.waits?.words ?? ""),
    ...(job.array === null ? [] : [[say("columnTasks"), countsText(job, call)] as const]),
    ...optional("columnCentre", job.centres.join(say("comma"))),
    ...optional("factUnreachable", job.unreachableSinceMs === null ? "" : timeText(job.unreachableSinceMs)),
    [say("columnSubmitted"), timeText(job.submittedMs)],
    ...optional("columnStarted", job.startedMs === null ? "" : timeText(job.startedMs)),
    ...optional("columnEnded", job.endedMs === null ? "" : timeText(job.endedMs)),
    ...optional("factStartToEnd", elapsedText(job, Date.now(), call.language)),
    [say("factWork"), workText(spec)],
    ...askedFacts(spec, call),
    ...optional(
      "factLabels",
      Object.entries(spec.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(say("comma")),
    ),
    ...(job.usage.wallMs === "0"
      ? []
      : [[say("factRunTime"), durationWords(Number(job.usage.wallMs), call.language)] as const]),
    [say("factUsage"), amountsText(job.usage, say)],
    [say("columnCost"), costText(job.cost, say)],
    ...optional("defaultsHead", job.defaults.length === 0 ? "" : defaultsText(job.defaults, say, call.language)),
    ...optional("factWarnings", inNetworkTime(job.warnings.join("\n"))),
  ]);
  const isArray = job.array !== null;
  for (const task of job.firstTasks) {
    if (!isArray) await printRuns(call, task, job.outcome);
  }
  if (isArray) await printTasks(call, job);
}

async function printTask(call: Call, task: TaskDetail, name: string): Promise<void> {
  const { say } = call;
  await call.printFacts([
    [say("columnTask"), name],
    ["SLURM_JOB_ID", `${task.taskJob}`],
    [say("columnState"), stateWords(task, call)],
    ...(task.startedMs === null
      ? []
      : [[say("factStartToEnd"), elapsedText(task, Date.now(), call.language)] as const]),
  ]);
  await printRuns(call, task, task.outcome);
}

/** `told`: how all of it ended, of which the reason was said. */
async function printRuns(call: Call, task: TaskDetail, told: WireOutcome | null): Promise<void> {
  const { say } = call;
  for (const run of task.runs) {
    const { usage } = run;
    const reason = run.end?.reason ?? null;
    await call.print("\n");
    await call.printFacts([
      [say("columnAttempt"), say("beside", { words: run.attempt, more: run.id })],
      [say("columnCentre"), run.centre],
      ...(run.nodes === null ? [] : [[say("factOnNodes"), run.nodes] as const]),
      [say("columnState"), run.end ? outcomeText(run.end, say) : stateText(run.state, say)],
      ...(reason === null || reason === told?.reason ? [] : [[say("factReason"), reasonText(reason, call)] as const]),
      ...(run.waiting === null
        ? []
        : ([
            [say("factQueue"), `${run.waiting.engineId}: ${inNetworkTime(run.waiting.words)}`],
            ...(run.waiting.start === null
              ? []
              : [[say("factStartsAt"), inNetworkTime(run.waiting.start.words)] as const]),
          ] as const)),
      ...(run.cancelling === null
        ? []
        : [
            [
              say("factCancelling"),
              `${timeText(run.cancelling.sinceMs)} ${inNetworkTime(run.cancelling.words)}`,
            ] as const,
          ]),
      ...(run.stdoutFile === null ? [] : [[say("factStdout"), fileText(run.stdoutFile, say)] as const]),
      ...(run.stderrFile === null || run.stderrFile === run.stdoutFile
        ? []
        : [[say("factStderr"), fileText(run.stderrFile, say)] as const]),
      ...(run.words === null || run.words === reason
        ? []
        : [[say("columnWords"), causeText(run.words, say, call.language)] as const]),
      ...(run.startedMs === null ? [] : [[say("columnStarted"), timeText(run.startedMs)] as const]),
      ...(run.endedMs === null ? [] : [[say("columnEnded"), timeText(run.endedMs)] as const]),
      ...(usage === null || run.startedMs === null
        ? []
        : ([
            [say("factRunTime"), durationWords(usage.wallMs, call.language)],
            [
              say("factCpu"),
              [usage.cpuUserMs, usage.cpuSystemMs].map((ms) => secondsText(ms / 1000, 2, call.language)).join(" + "),
            ],
            [say("factPeak"), memoryText(usage.peakMemoryMib)],
            ...(usage.energyJoules == null
              ? []
              : [[say("factEnergy"), say("energyByNodes", { energy: energyText(usage.energyJoules) })] as const]),
            [say("factMemoryWay"), memoryWayText(usage.memoryWay, say)],
            ...(usage.droppedStdoutBytes + usage.droppedStderrBytes === 0
              ? []
              : [[say("factDropped"), `${usage.droppedStdoutBytes + usage.droppedStderrBytes} B`] as const]),
          ] as const)),
      ...(run.amounts === null
        ? []
        : [
            [
              say("factUsage"),
              say("beside", { words: amountsText(run.amounts, say), more: say(run.billed ? "billedYes" : "billedNo") }),
            ] as const,
          ]),
    ]);
  }
}

async function printTasks(call: Call, job: Answer<"job">): Promise<void> {
  const { say } = call;
  await call.print("\n");
  await call.printTable(
    [
      { title: say("columnTask"), align: "right" },
      { title: say("columnState") },
      { title: say("columnAttempt"), align: "right" },
      { title: say("columnCentre"), flexible: true },
      { title: say("columnStartToEnd"), align: "right" },
    ],
    job.firstTasks.map((task) => [
      `${job.id}_${task.index}`,
      stateCell(task, say),
      `${task.attempts}`,
      task.runs.at(-1)?.centre ?? "",
      elapsedText(task, Date.now(), call.language),
    ]),
  );
  const count = job.tasks - job.firstTasks.length;
  if (count > 0) call.note(say("moreTasks", { count, id: job.id }));
}

/** `isPlain`: of a job that is one task, which has no number of its own. */
async function printHistory(call: Call, events: Events, isPlain: boolean): Promise<void> {
  const { say } = call;
  await call.print("\n");
  await call.printTable(
    [
      { title: timeTitle("columnTime", say) },
      { title: say("columnTask"), align: "right" },
      { title: say("columnStep") },
      { title: say("columnCentre") },
      { title: say("columnWords") },
    ],
    events.map(({ atMs, job, index, kind, centre, cause }) => [
      timeCell(atMs),
      index === null || isPlain ? `${job}` : `${job}_${index}`,
      stepWords(kind, call.language),
      centre ?? "",
      causeText(cause, say, call.language),
    ]),
  );
}

function stateWords(
  { state, outcome }: { readonly state: string; readonly outcome: WireOutcome | null },
  { say, language }: Call,
): string {
  if (!outcome) return stateText(state, say);
  const words = outcomeText(outcome, say);
  return outcome.reason === null ? words : `${words}${say("colon")}${reasonText(outcome.reason, { language })}`;
}

function reasonText(reason: string, { language }: Pick<Call, "language">): string {
  return inNetworkTime(endReasonWords(reason, language));
}

function arrayWords({ state, outcome, outcomes }: Answer<"job">, { say }: Call): string {
  if (!outcome) return stateText(state, say);
  const codes = outcomes.find(({ kind }) => kind === outcome.kind)?.exitCodes ?? null;
  return arrayOutcomeText(outcome.kind, codes, say);
}

/** `100 (1-100): 3 running, 97 ended: 95 succeeded, 2 failed`; the ways it ended only where they are not all one. */
function countsText({ counts, outcomes, tasks, array }: Answer<"job">, { say }: Call): string {
  const states = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${stateText(state, say)}`);
  const ended = outcomes.map((one) => `${one.count} ${arrayOutcomeText(one.kind, one.exitCodes, say)}`);
  const all = outcomes.every(({ kind }) => kind === "succeeded") ? [] : [ended.join(say("comma"))];
  const count = say("beside", { words: tasks, more: array ?? "" });
  return `${count}${say("colon")}${[states.join(say("comma")), ...all].join(say("colon"))}`;
}

function workText(spec: SpecView): string {
  if (spec.command) return spec.command.map(quoted).join(" ");
  const lines = (spec.script ?? "").split("\n");
  const shown = lines.slice(0, 20).join("\n").trimEnd();
  return lines.length > 20 ? `${shown}\n…` : shown;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
