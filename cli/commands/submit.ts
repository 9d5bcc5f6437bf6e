import { basename, join } from "node:path";
import { type Answer, NoAnswer, newIdempotencyKey } from "#api/client.ts";
import type { JobRequest } from "#api/job.ts";
import { limits } from "#api/limits.ts";
import { outcomeFromWire } from "#api/outcome-view.ts";
import { askedFacts, cardsText } from "#cli/asked-facts.ts";
import { badValue, type Call, neverSent } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { amountsText, costText, defaultsText, inNetworkTime, memoryText, outcomeText } from "#cli/formats.ts";
import { readInputFiles } from "#cli/input-files.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { plain } from "#cli/table.ts";
import { waitForEnd } from "#cli/wait.ts";
import { readDataOptions } from "#core/job/data-asked.ts";
import { endReasonWords } from "#core/job/end-reason.ts";
import { exitCodeOf } from "#core/job/exit-code.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { parseSbatch, type SbatchResult } from "#core/job/sbatch.ts";
import { parseTimeS } from "#core/job/slurm-values.ts";
import { refusalWords } from "#core/refusal.ts";

/**
 * JSON: the API's `Submitted`; with --dry-run its `DryRun`; with --wait `{"id", "name", "tasks", "outcome", "exitCode",
 * "index", "words", "submitted": Submitted}`, where `words` say why the task `index`, whose code counts, ended so (null
 * where there is nothing to say). The exit status of --wait is the job's (docs/guides/cli.md).
 */
export async function submit(call: Call): Promise<number> {
  const work = await workOf(call);
  refuseTyped(call);
  const sbatch = parseSbatch(work.script ?? null, call.passedOn);
  const request = await requestOf(call, work, sbatch);
  if (call.has("dry-run") || call.has("test-only")) return dryRun(call, request);
  const isQuiet = call.has("quiet") || sbatch.client.quiet;
  const submitted = await send(call, request);
  const waits = call.has("wait") || sbatch.client.wait;
  if (!call.json) await tell(call, submitted, { isQuiet, isParsable: call.has("parsable") || sbatch.client.parsable });
  else if (!waits) await call.printJson(submitted);
  if (!waits) return exitCodes.done;
  const { outcome, exitCode, index, words } = await waitForEnd(call, submitted.id, !isQuiet && !call.json);
  if (call.json) {
    const { id, name, tasks } = submitted;
    await call.printJson({ id, name, tasks, outcome, exitCode, index, words, submitted });
  } else if (!isQuiet) {
    call.note(call.say("endedAs", { id: submitted.id, outcome: outcomeText(outcome, call.say) }));
    if (index !== null && exitCode !== exitCodeOf(outcomeFromWire(outcome)))
      call.note(`  ${call.say("highestCode", { code: exitCode, task: `${submitted.id}_${index}` })}`);
    if (outcome.reason !== null)
      call.note(
        `  ${call.say("factReason")}${call.say("colon")}${inNetworkTime(endReasonWords(outcome.reason, call.language))}`,
      );
    if (words !== null && words !== outcome.reason) {
      call.note(`  ${submitted.tasks > 1 ? `${submitted.id}_${index}: ` : ""}${inNetworkTime(words)}`);
    }
  }
  return exitCode;
}

/** A value of sbatch's that cannot be is a slip of who typed it, as one of weir's own is; what stands in a script the server refuses. */
function refuseTyped({ passedOn, language }: Call): void {
  const wrong = parseSbatch(null, passedOn).refusals.find(({ kind }) => kind === "bad-option-value");
  if (wrong) throw new Stop(exitCodes.usage, refusalWords(wrong, language).detail);
}

type Typed = Pick<JobRequest, "script" | "command" | "arguments" | "name">;

/** `weir submit -- COMMAND` and `weir submit SCRIPT ARGUMENTS` differ by the dashes; without either, sbatch reads its script from standard input. */
async function workOf(call: Call): Promise<Typed> {
  const [first, ...behind] = call.operands;
  const isWrapped = call.passedOn.some((word) => word === "--wrap" || word.startsWith("--wrap="));
  if (isWrapped) {
    if (first !== undefined) throw new Stop(exitCodes.usage, call.say("wrapAndMore"));
    return {};
  }
  if (call.afterDashes) {
    if (first === undefined) throw new Stop(exitCodes.usage, call.say("nothingToSubmit"));
    return { command: [first, ...behind] };
  }
  if (first === undefined && call.terminal.inIsTerminal) throw new Stop(exitCodes.usage, call.say("nothingToSubmit"));
  const isInput = first === undefined || first === "-";
  const rest = await argumentsOf(call, first ?? "-", behind);
  const path = isInput ? "-" : join(call.terminal.folder, first);
  const bytes = isInput ? await call.terminal.readAll() : await readScript(call, first ?? "");
  if (isInput && bytes.length === 0) throw new Stop(exitCodes.usage, call.say("nothingToSubmit"));
  return {
    script: decoded(call, bytes, isInput ? "-" : (first ?? "")),
    ...(rest.length > 0 && { arguments: rest }),
    ...(!isInput && { name: basename(path) }),
  };
}

/**
 * All that stands behind the script is the script's, as with sbatch. What looks like an option of ours is told; one that asks
 * for nothing to be submitted is refused, unless `--` directly behind the script, which is not passed on, says it is meant so.
 */
async function argumentsOf(call: Call, script: string, behind: string[]): Promise<string[]> {
  if (behind[0] === "--") return behind.slice(1);
  const { sbatchOptions } = await import("#core/job/sbatch-options.ts");
  const known = [...call.known, ...sbatchOptions];
  const long = new Set(known.map((option) => `--${option.long}`));
  const short = new Set(known.flatMap((option) => (option.short ? [`-${option.short}`] : [])));
  const options = behind
    .map((word) => (word.startsWith("--") ? word.replace(/=.*/s, "") : word.replace(/^(-[A-Za-z])\d+$/, "$1")))
    .filter((word) => long.has(word) || short.has(word));
  const tried = options.find((option) => option === "--dry-run" || option === "--test-only");
  if (tried !== undefined) throw new Stop(exitCodes.usage, call.say("dryRunBehindScript", { option: tried, script }));
  if (options.length > 0 && !call.has("quiet") && !call.has("parsable")) {
    const words = call.say("behindScript", { options: [...new Set(options)].join(call.say("comma")) });
    call.note(call.say("warning", { words }));
  }
  return behind;
}

async function readScript(call: Call, path: string): Promise<Uint8Array> {
  const { readFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  try {
    return await readFile(resolve(call.terminal.folder, path));
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.usage, call.say("cannotRead", { path: JSON.stringify(path), words }));
  }
}

function decoded(call: Call, bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Stop(exitCodes.usage, call.say("notUtf8", { path: JSON.stringify(path) }));
  }
}

async function requestOf(call: Call, { name, ...work }: Typed, sbatch: SbatchResult): Promise<JobRequest> {
  const environment = environmentOf(call, sbatch);
  const labels = Object.fromEntries(call.all("label").map((text) => pair(call, "--label", text)));
  const inputFiles = await readInputFiles(call, call.all("file"));
  const wishes = [
    ["only", call.all("centre")],
    ["except", call.all("not-centre")],
    ["prefer", call.all("prefer-centre")],
  ] as const;
  const centres = Object.fromEntries(
    wishes.filter(([, names]) => names.length > 0).map(([key, names]) => [key, [...names]]),
  );
  const [project, container, retries, graceS] = [
    call.one("project"),
    call.one("image"),
    call.number("retries", 0, limits.retries),
    call.number("grace", 0, 3600),
  ];
  const priorityClass = call.one("priority-class");
  const preemptible = (["restarts", "checkpoints"] as const).find((one) => one === call.one("preemptible"));
  const onUnreachable = onUnreachableOf(call);
  const shareMilli = call.number("accelerator-share", 1, 999);
  const data = dataSaid(call);
  const residency = call.all("residency").flatMap((text) => text.split(","));
  return {
    ...work,
    ...(shareMilli !== null && { accelerators: shareOf(sbatch, shareMilli) }),
    // A name in the script or the options wins over that of the script's file.
    ...(name !== undefined && sbatch.asked.name === undefined && { name }),
    ...(Object.keys(environment).length > 0 && { environment }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(inputFiles.length > 0 && { inputFiles }),
    ...(Object.keys(centres).length > 0 && { centres }),
    ...(project !== null && { project }),
    ...(container !== null && { container }),
    ...(residency.length > 0 && { residency }),
    ...(data && { data }),
    ...(call.has("domestic") && { domestic: true }),
    ...(call.all("software").length > 0 && { software: [...call.all("software")] }),
    ...(call.all("file-system").length > 0 && { fileSystems: [...call.all("file-system")] }),
    ...(retries !== null && { retries }),
    ...(graceS !== null && { graceS }),
    ...(priorityClass !== null && { priorityClass }),
    ...(preemptible && { preemptible }),
    ...(onUnreachable && { onUnreachable }),
    ...(call.passedOn.length > 0 && { sbatchOptions: [...call.passedOn] }),
  };
}

/** What --data-at and --data-elsewhere say; null: neither is there. */
export function dataSaid(call: Call): NonNullable<JobRequest["data"]> | null {
  const option = (name: string) => (text: string) => ({ option: `--${name}`, line: null, text });
  const at = call.all("data-at").map(option("data-at"));
  const elsewhere = call.one("data-elsewhere");
  if (at.length === 0 && elsewhere === null) return null;
  const read = readDataOptions(at, elsewhere === null ? undefined : option("data-elsewhere")(elsewhere), Date.now());
  if (read.kind === "wrong")
    throw badValue(call.say, read.option.option, read.value, phraseWords(read.expected, call.language));
  const places = read.data.at ?? [];
  return {
    ...(places.length > 0 && { at: places.map((place) => ({ ...place })) }),
    ...(read.data.elsewhere && { elsewhere: { ...read.data.elsewhere } }),
  };
}

/** Of the accelerator that script and options ask for; of any, where they ask for none. */
function shareOf({ asked }: SbatchResult, shareMilli: number): NonNullable<JobRequest["accelerators"]> {
  const { acceleratorsPerNode, acceleratorsInAll, acceleratorsPerTask } = asked;
  const {
    vendor = null,
    model = null,
    count = 1,
  } = acceleratorsPerNode ?? acceleratorsPerTask ?? acceleratorsInAll ?? {};
  return { vendor, model, perNode: Math.max(1, count), shareMilli };
}

/** --env, and the variables that --export names without a value. */
function environmentOf(call: Call, sbatch: SbatchResult): Record<string, string> {
  const shell = call.terminal.environment;
  const variables = new Map<string, string>();
  for (const text of call.all("env")) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw badValue(call.say, "--env", text, call.say("expectedVariable"));
    const value = at < 0 ? shell[name] : text.slice(at + 1);
    if (value === undefined) throw new Stop(exitCodes.usage, call.say("notSet", { name }));
    variables.set(name, value);
  }
  for (const name of sbatch.asked.exportedNames ?? []) {
    if (variables.has(name) || sbatch.asked.environment?.[name] !== undefined) continue;
    const value = shell[name];
    if (value === undefined) throw new Stop(exitCodes.usage, call.say("exportNotSet", { name }));
    variables.set(name, value);
  }
  return Object.fromEntries(variables);
}

function pair(call: Call, option: string, text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw badValue(call.say, option, text, call.say("expectedPair"));
  return [text.slice(0, at), text.slice(at + 1)];
}

function onUnreachableOf(call: Call): JobRequest["onUnreachable"] | null {
  const text = call.one("on-unreachable");
  if (text === null) return null;
  if (text === "wait") return { kind: "wait" };
  const match = /^restart-after:(.+)$/.exec(text);
  const delayS = match ? delayOf(match[1] ?? "") : null;
  if (delayS !== null) return { kind: "restart-after", delayS };
  throw badValue(call.say, "--on-unreachable", text, call.say("expectedPolicy"));
}

/** 90s, 30m, 2h, 1d, or one of sbatch's formats. */
function delayOf(text: string): number | null {
  const match = /^(\d{1,7})([smhd])$/.exec(text);
  if (!match) return parseTimeS(text);
  const unitS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
  return Number(match[1]) * (unitS[match[2] ?? ""] ?? 0);
}

/** Again with the same key where the answer was cut off, so that the job is there once. About half a minute in all. */
async function send(call: Call, request: JobRequest): Promise<Answer<"submit">> {
  const idempotencyKey = newIdempotencyKey();
  const delaysMs = [200, 500, 1000, 2000, 4000, 8000, 16_000];
  for (let attempt = 0; ; attempt += 1) {
    try {
      const reply = await call.client().call("submit", { body: request }, { idempotencyKey });
      if (reply.kind === "answer") return reply.value;
      if (reply.problem.status !== 503 || attempt >= delaysMs.length) return call.answered(reply);
    } catch (error) {
      if (!(error instanceof NoAnswer) || attempt >= delaysMs.length) throw error;
      if (attempt === 0 && (error.foreign || neverSent(error))) throw error;
    }
    if (attempt === 0) call.note(`weir: ${call.say("submitAgain")}`);
    await new Promise((resolve) => setTimeout(resolve, delaysMs[attempt]));
  }
}

async function tell(
  call: Call,
  submitted: Answer<"submit">,
  { isQuiet, isParsable }: { readonly isQuiet: boolean; readonly isParsable: boolean },
): Promise<void> {
  const { id, name, tasks, warnings, notes, defaults } = submitted;
  if (isParsable) await call.print(`${id}\n`);
  else await call.print(`${plain(call.say(tasks > 1 ? "submittedArray" : "submitted", { id, name, tasks }))}\n`);
  for (const words of warnings) call.note(call.say("warning", { words: inNetworkTime(words) }));
  if (isQuiet || isParsable) return;
  for (const words of notes) call.note(inNetworkTime(words));
  noteDefaults(call, defaults);
}

/** Only those that may end or hinder the job; `weir show` and --json have them all. */
function noteDefaults({ note, say, language }: Call, defaults: Answer<"submit">["defaults"]): void {
  const binding = defaults.filter(({ field }) => ["timeLimitS", "memory", "project", "processes"].includes(field));
  if (binding.length > 0) note(`${say("defaultsHead")}${say("colon")}${defaultsText(binding, say, language)}`);
}

async function dryRun(call: Call, request: JobRequest): Promise<number> {
  const { say } = call;
  const answer = await call.ask("dryRun", { body: request });
  if (call.json) {
    await call.printJson(answer);
    return exitCodes.done;
  }
  const { spec, quote, start, candidates, wouldGet } = answer;
  for (const words of answer.warnings) call.note(say("warning", { words: inNetworkTime(words) }));
  for (const words of answer.notes) call.note(inNetworkTime(words));
  noteDefaults(call, answer.defaults);
  await call.printFacts([
    [say("columnTasks"), `${answer.tasks}`],
    ...askedFacts(spec, call),
    [say("columnCentre"), whereText(answer, call)],
    ...givenFacts(wouldGet, call),
    ...(start === null ? [] : [[say("factStartsAt"), inNetworkTime(start.words)] as const]),
    ...(answer.inTime === null ? [] : [[say("factInTime"), inNetworkTime(answer.inTime)] as const]),
    ...quoteFacts(quote, call),
  ]);
  await call.printTable(
    [{ title: say("columnCentre") }, { title: say("columnRule") }, { title: say("columnWords"), flexible: true }],
    candidates.map(({ centre, rule, words }) => [
      centre,
      rule ?? say(wouldGet === null ? "hasRoom" : "fits"),
      inNetworkTime(words),
    ]),
  );
  if (candidates.some(({ score }) => score !== null)) call.note(say("scoreLegend"));
  return exitCodes.done;
}

function whereText({ spec, wouldGet, waits }: Answer<"dryRun">, { say }: Call): string {
  if (wouldGet === null)
    return waits === null ? say("wouldWait") : `${say("wouldWait")}${say("colon")}${inNetworkTime(waits)}`;
  const { centre, startsNow } = wouldGet;
  if (spec.dependencies.length > 0) return say("wouldGoAfter", { centre });
  return say(startsNow ? "wouldGo" : "wouldQueue", { centre });
}

function givenFacts(given: Answer<"dryRun">["wouldGet"], { say }: Call): readonly (readonly [string, string])[] {
  if (given === null) return [];
  const { nodes, coresPerNode: cores, memoryMibPerNode, accelerators, pool, holds, cost } = given;
  const cards = cardsText(accelerators, say);
  return [
    [say("factGiven"), say("given", { nodes, cores, memory: memoryText(memoryMibPerNode), cards, pool })],
    [say("factHeld"), `${amountsText(holds, say, "up")}${say("comma")}${costText(cost, say)}`],
  ];
}

/** What all of it may come to, and what that is made of. */
function quoteFacts(quote: Answer<"dryRun">["quote"], { say }: Call): readonly (readonly [string, string])[] {
  const { tasks, attempts, perTask, total, cost, comesAgain } = quote;
  const each = say("beside", { words: amountsText(perTask, say, "up"), more: say("quoteTimes", { tasks, attempts }) });
  return [
    [say("quoteHead"), `${amountsText(total, say, "up")}${say("comma")}${costText(cost, say)}`],
    ...(tasks * attempts === 1 ? [] : [[say("quoteEach"), each] as const]),
    ...(comesAgain ? [[say("quoteBesides"), say("quoteAgain")] as const] : []),
  ];
}
