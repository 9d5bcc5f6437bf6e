import { parseRegions } from "#core/centre/region.ts";
import { type CentreId, centreId } from "#core/ids.ts";
import { classAdmitted } from "#core/job/admit-class.ts";
import { parseArray } from "#core/job/array.ts";
import type { Asked, AskedDependency, Request } from "#core/job/asked.ts";
import { dataPhrases, dataPlacesOf, dataTooLate } from "#core/job/data-asked.ts";
import { isEverywhere } from "#core/job/demands.ts";
import type { JobClasses } from "#core/job/job-class.ts";
import { type Phrase, type PhraseKind, phrase } from "#core/job/phrase.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import { isSiteWord } from "#core/job/sbatch-options.ts";
import { type ShapeLimits, shapeOf } from "#core/job/shape.ts";
import { simulationParts, simulationWords } from "#core/job/simulated.ts";
import { readMoment } from "#core/job/slurm-moment.ts";
import {
  type ArraySpec,
  type CentreWishes,
  type Dependency,
  type JobSpec,
  type SiteWords,
  siteWordKinds,
  type Work,
} from "#core/job/spec.ts";
import { regionsExpected } from "#core/job/weir-options.ts";
import { networkTimeText, networkZone } from "#core/ledger/network-day.ts";
import { controlIn } from "#core/one-line.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * Makes the complete spec of a job from what was sent, with every default it filled in and every warning, or gives the
 * first reason against it. Fields of the request win over `sbatchOptions`, these win over the script's #SBATCH lines.
 * Whether jobs and the room for it exist is not asked here.
 */
export function admit(request: Request, context: AdmitContext): Admitted {
  const early = textRefusal(request) ?? workRefusal(request) ?? wordsRefusal(request);
  if (early) return refused(early);
  const sbatch = parseSbatch(request.script ?? null, request.sbatchOptions ?? []);
  const [first] = sbatch.refusals;
  if (first) return refused(first);
  const asked = overlaid(sbatch.asked, request);
  if ("kind" in asked) return refused(asked);
  const work = workOf(request, asked);
  if (work.kind === "refused") return work;
  const siteWords = siteWordsOf(asked);
  const few = nodesRefusal(asked, siteWords);
  if (few) return refused(few);
  const shaped = shapeOf(withNamedNodes(asked, siteWords), context.limits);
  if (shaped.kind === "refused") return shaped;
  const times = timesOf(asked, context.limits);
  if ("kind" in times) return refused(times);
  const deadline = deadlineOf(asked, request, times.timeLimitS, context.nowMs);
  if (typeof deadline === "object" && deadline !== null) return refused(deadline);
  const array = arrayOf(asked, context.limits);
  if ("kind" in array) return refused(array);
  const dependencies = dependenciesOf(asked, context);
  if ("kind" in dependencies) return refused(dependencies);
  const centres = wishesOf(asked, request, work.work);
  const places = dataPlacesOf(asked, request, context);
  if ("kind" in places) return refused(places);
  const project = asked.project ?? context.defaultProject;
  const refusal =
    projectRefusal(project, context) ??
    centreRefusal(centres, context) ??
    fieldRefusal(asked, request, context.limits) ??
    simulationRefusal(work.work, asked) ??
    scriptSizeRefusal(work.work, context.limits) ??
    filesRefusal(request.inputFiles ?? [], context.limits);
  if (refusal || project === null) return refused(refusal ?? { kind: "unknown-project", project: "", known: [] });
  const tenant = context.projects.find(({ name }) => name === project)?.tenant ?? "";
  const wanted = { shape: shaped.shape, timeLimitS: times.timeLimitS };
  const priorityClass = classAdmitted(asked, request, wanted, { project, tenant }, context.classes);
  if (typeof priorityClass === "object") return refused(priorityClass);

  const name = asked.name ?? nameOf(work.work, asked, context.limits.nameChars);
  const spec: JobSpec = {
    name,
    work: work.work,
    environment: asked.environment ?? {},
    workingDirectory: asked.workingDirectory === "." ? null : (asked.workingDirectory ?? null),
    shape: shaped.shape,
    ...times,
    deadlineMs: deadline,
    array: array.array,
    dependencies: dependencies.list,
    stdout: asked.stdout ?? null,
    stderr: asked.stderr ?? null,
    retries: request.retries ?? 0,
    requeue: asked.requeue ?? false,
    preemptible: request.preemptible ?? "no",
    warning: asked.warning ?? null,
    onUnreachable: request.onUnreachable ?? { kind: "wait" },
    priorityClass,
    software: request.software ?? [],
    container: request.container ?? null,
    fileSystems: request.fileSystems ?? [],
    licences: asked.licences ?? [],
    siteWords,
    residency: asked.residency ?? [],
    ...places,
    inputFiles: (request.inputFiles ?? []).map((file) => ({ ...file, executable: file.executable ?? false })),
    centres,
    labels: { ...(asked.comment !== undefined && { comment: asked.comment }), ...request.labels },
    project,
  };
  const late = dataTooLate(spec, context.centres);
  if (late) return refused(late);
  return {
    kind: "admitted",
    spec,
    defaults: filledIn(asked, spec),
    warnings: [...sbatch.warnings, ...pins(spec)],
    notes: [...deadlineWords(spec), ...dataPhrases(spec.data)],
    after: dependencies.after,
  };
}

export type { Request } from "#core/job/asked.ts";

export type AdmitContext = {
  /** Where the request names none; null for a person without a project. */
  readonly defaultProject: string | null;
  /** The projects the person may submit to, each with its tenant. */
  readonly projects: readonly { readonly name: string; readonly tenant: string }[];
  /** Of the policy in force. */
  readonly classes: JobClasses;
  /** Every centre of the network, in service or not. */
  readonly centres: readonly string[];
  readonly limits: AdmitLimits;
  /** Milliseconds since 1970: from when a moment such as `now+2hours` counts. */
  readonly nowMs: number;
  /** In a bulk submission: the place of the job with this key; see core/job/bulk.ts. */
  readonly positionOfKey?: (key: string) => number | null;
};

/** api/limits.ts, with `arrayTasks` as the server is set. */
export type AdmitLimits = ShapeLimits & {
  readonly scriptBytes: number;
  readonly inputFilesBytes: number;
  readonly arrayTasks: number;
  readonly environmentVariables: number;
  readonly environmentValueChars: number;
  readonly nameChars: number;
  readonly labels: number;
  readonly dependencies: number;
  readonly timeLimitS: number;
};

export type Admitted =
  | {
      readonly kind: "admitted";
      readonly spec: JobSpec;
      readonly defaults: readonly FilledIn[];
      readonly warnings: readonly Phrase[];
      /** How it was understood, which is no warning. */
      readonly notes: readonly Phrase[];
      /** Dependencies on jobs of the same bulk submission, which have no ids yet; empty for a single job. */
      readonly after: readonly AfterPosition[];
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** `position` is a place in the bulk submission, from 0; the `job` of the dependency is 0 and means nothing yet. */
export type AfterPosition = {
  readonly dependency: Exclude<Dependency, { readonly kind: "singleton" }>;
  readonly position: number;
};

/** A field that was left open, and what it became, as shown to people. */
export type FilledIn = { readonly field: string; readonly value: string | Phrase };

export const defaultTimeLimitS = 3600;
export const defaultGraceS = 30;
/** Of each run at a process centre, whose driver enforces it; an engine has limits of its own. */
export const mostProcesses = 4096;

function refused(refusal: Refusal): Extract<Admitted, { kind: "refused" }> {
  return { kind: "refused", refusal };
}

function invalid(path: string, words: PhraseKind, facts: Phrase["facts"] = {}): Refusal {
  return { kind: "invalid-request", issues: [{ path, words: phrase(words, facts) }] };
}

function badValue(option: string, value: string, expected: PhraseKind, facts: Phrase["facts"] = {}): Refusal {
  return { kind: "bad-option-value", option, line: null, value, expected: phrase(expected, facts) };
}

function notKnown(what: string, value: string, known: readonly string[]): Refusal {
  return { kind: "not-offered", option: null, line: null, what, value, known };
}

/** NUL and lone surrogates, in any text and any key: nothing downstream can carry them. */
function textRefusal(request: Request): Refusal | null {
  const { inputFiles, ...rest } = request;
  // Where it is to be named is made out only where there is something to name.
  if (isText(rest) && (inputFiles === undefined || inputFiles.every((file) => isText(file.path)))) return null;
  return firstNotText(rest, "") ?? firstNotText(inputFiles?.map((file) => file.path) ?? [], "inputFiles");
}

function isText(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isText);
  for (const [key, inner] of Object.entries(value)) if (!isText(inner) || !isText(key)) return false;
  return true;
}

function firstNotText(value: unknown, field: string): Refusal | null {
  if (typeof value === "string") {
    if (value.includes("\0")) return { kind: "not-text", field, found: "NUL" };
    return value.isWellFormed() ? null : { kind: "not-text", field, found: "lone surrogate" };
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const refusal = firstNotText(inner, field ? `${field}.${key}` : key) ?? firstNotText(key, `a name in ${field}`);
    if (refusal) return refusal;
  }
  return null;
}

function workRefusal({ script, command, arguments: words }: Request): Refusal | null {
  if (script !== undefined && command !== undefined) return invalid("command", "script-or-command");
  if (command !== undefined && words !== undefined) {
    return invalid("arguments", "arguments-of-a-script");
  }
  if (command?.[0] === "") return invalid("command", "program-unnamed");
  if (script === undefined) return null;
  if (!/^#![ \t]*\S/.test(script)) return { kind: "script-without-interpreter" };
  if (!script.includes("\r\n")) return null;
  return { kind: "script-with-dos-lines" };
}

/** Words that go to a centre: into its tables, and the names of modules into a line of its shell. */
function wordsRefusal({ software, siteWords }: Request): Refusal | null {
  const module = software?.find((name) => !/^[A-Za-z0-9][\w.+-]*(?:\/[\w.+-]+)*$/.test(name));
  if (module !== undefined) return badValue("software", module, "module-name");
  for (const [kind, words] of Object.entries(siteWords ?? {})) {
    const wrong = words?.find((word) => !isSiteWord(word));
    if (wrong !== undefined) return badValue(`--${kind}`, wrong, "site-words");
  }
  return null;
}

/** The request's own fields laid over what the script and the options said; each takes with it what it contradicts. */
function overlaid(sbatch: Asked, request: Request): Asked | Refusal {
  if (request.memoryMibPerNode !== undefined && request.memoryMibPerCore !== undefined) {
    return invalid("memoryMibPerCore", "one-memory");
  }
  const { acceleratorsPerNode, acceleratorsInAll, acceleratorsPerTask, coresPerAccelerator, ...rest } = sbatch;
  const { accelerators, memoryMibPerNode, memoryMibPerCore } = request;
  const missing = sbatch.exportedNames?.find((name) => request.environment?.[name] === undefined);
  if (missing !== undefined && sbatch.environment?.[missing] === undefined) {
    return badValue("--export", missing, "variable-value", { name: missing });
  }
  const regions = request.residency && parseRegions(request.residency);
  if (regions?.kind === "unknown") {
    const expected = regionsExpected(regions.nearest);
    return { kind: "bad-option-value", option: "residency", line: null, value: regions.said, expected };
  }
  return {
    ...rest,
    ...(accelerators
      ? {
          acceleratorsPerNode: {
            vendor: accelerators.vendor ?? null,
            model: accelerators.model ?? null,
            count: accelerators.perNode,
            ...(accelerators.shareMilli !== undefined && { shareMilli: accelerators.shareMilli }),
          },
        }
      : {
          ...(acceleratorsPerNode && { acceleratorsPerNode }),
          ...(acceleratorsInAll && { acceleratorsInAll }),
          ...(acceleratorsPerTask && { acceleratorsPerTask }),
        }),
    ...(request.coresPerTask !== undefined
      ? { coresPerTask: request.coresPerTask }
      : coresPerAccelerator !== undefined && { coresPerAccelerator }),
    ...(memoryMibPerNode !== undefined && { memory: { kind: "per-node", mib: memoryMibPerNode } }),
    ...(memoryMibPerCore !== undefined && { memory: { kind: "per-core", mib: memoryMibPerCore } }),
    environment: { ...sbatch.environment, ...request.environment },
    ...(request.name !== undefined && { name: request.name }),
    ...(request.workingDirectory !== undefined && { workingDirectory: request.workingDirectory }),
    ...(request.requeue !== undefined && { requeue: request.requeue }),
    ...(request.nodes !== undefined && { nodes: request.nodes }),
    ...(request.tasks !== undefined && { tasks: request.tasks }),
    ...(request.wholeNodes !== undefined && { wholeNodes: request.wholeNodes }),
    ...(request.nodeGroups !== undefined && { nodeGroups: request.nodeGroups }),
    ...(request.contiguous !== undefined && { contiguous: request.contiguous }),
    ...(request.timeLimitS !== undefined && { timeLimitS: request.timeLimitS }),
    ...(request.graceS !== undefined && { graceS: request.graceS }),
    ...(request.warning !== undefined && { warning: request.warning }),
    ...(request.array !== undefined && { array: request.array }),
    ...(request.dependencies !== undefined && { dependencies: request.dependencies }),
    ...(request.stdout !== undefined && { stdout: request.stdout }),
    ...(request.stderr !== undefined && { stderr: request.stderr }),
    ...(request.project !== undefined && { project: request.project }),
    ...(request.licences !== undefined && { licences: request.licences }),
    ...(regions && { residency: regions.regions }),
    ...(request.domestic !== undefined && { domestic: request.domestic }),
    ...(request.siteWords &&
      Object.fromEntries(Object.entries(request.siteWords).filter(([, words]) => words !== undefined))),
  };
}

function siteWordsOf(asked: Asked): SiteWords {
  if (siteWordKinds.every((kind) => asked[kind] === undefined)) return {};
  return Object.fromEntries(
    siteWordKinds.flatMap((kind) => {
      const words = asked[kind] ?? [];
      return words.length > 0 ? [[kind, [...new Set(words)]]] : [];
    }),
  );
}

/** As sbatch: who names nodes and no number asks for as many. */
function withNamedNodes(asked: Asked, { nodelist }: SiteWords): Asked {
  return nodelist && asked.nodes === undefined ? { ...asked, nodes: nodelist.length } : asked;
}

function nodesRefusal({ nodes }: Asked, { nodelist }: SiteWords): Refusal | null {
  const count = nodelist?.length ?? 0;
  if (nodes === undefined || nodes >= count) return null;
  return badValue("--nodes", `${nodes}`, "as-many-nodes-as-listed", { count });
}

type WorkOf = { readonly kind: "work"; readonly work: Work } | Extract<Admitted, { kind: "refused" }>;

function workOf(request: Request, asked: Asked): WorkOf {
  const { script, command } = request;
  if (asked.wrap !== undefined) {
    if (script !== undefined || command !== undefined) return refused(invalid("wrap", "wrap-is-the-script"));
    const text = `#!/bin/sh\n# This script was created by --wrap.\n\n${asked.wrap}\n`;
    return { kind: "work", work: { kind: "script", text, arguments: request.arguments ?? [] } };
  }
  if (script !== undefined) {
    return { kind: "work", work: { kind: "script", text: script, arguments: request.arguments ?? [] } };
  }
  const [program, ...words] = command ?? [];
  if (program === undefined) return refused(invalid("script", "nothing-to-run"));
  return { kind: "work", work: { kind: "command", argv: [program, ...words] } };
}

function timesOf(asked: Asked, limits: AdmitLimits): Pick<JobSpec, "timeLimitS" | "graceS"> | Refusal {
  const wholeS = asked.timeLimitS ?? defaultTimeLimitS;
  if (wholeS > limits.timeLimitS) {
    return { kind: "too-large", what: "the time limit", actual: wholeS, limit: limits.timeLimitS, unit: "s" };
  }
  const { warning, termBeforeEndS: beforeS } = asked;
  if (warning && warning.beforeS >= wholeS) {
    const said = `B:${warning.signal}@${warning.beforeS}`;
    return badValue("--signal", said, "signal-before-limit", { limitS: wholeS });
  }
  if (beforeS === undefined || asked.graceS !== undefined) {
    return { timeLimitS: wholeS, graceS: asked.graceS ?? defaultGraceS };
  }
  if (beforeS < wholeS) return { timeLimitS: wholeS - beforeS, graceS: beforeS };
  return badValue("--signal", `TERM@${beforeS}`, "signal-before-limit", { limitS: wholeS });
}

/** Refused where a run that started this instant could not end by then. */
function deadlineOf(
  { deadline: said }: Asked,
  { deadlineMs }: Request,
  timeLimitS: number,
  nowMs: number,
): number | null | Refusal {
  if (said === undefined && deadlineMs === undefined) return null;
  const atMs = deadlineMs ?? (said ? readMoment(said.text, nowMs) : null);
  const { option = "deadlineMs", line = null, text = `${deadlineMs}` } = deadlineMs === undefined ? (said ?? {}) : {};
  const wrong = (expected: Phrase): Refusal => ({
    kind: "bad-option-value",
    option,
    line,
    value: text.slice(0, 200),
    expected,
  });
  if (atMs === null) return wrong(phrase("a-moment", { zone: networkZone }));
  const earliestMs = nowMs + timeLimitS * 1000;
  if (atMs >= earliestMs) return atMs;
  if (atMs <= nowMs)
    return wrong(
      phrase("moment-to-come", { now: networkTimeText(nowMs), earliest: networkTimeText(earliestMs + 999) }),
    );
  return wrong(phrase("moment-to-end-by", { earliest: networkTimeText(earliestMs + 999) }));
}

/** What was understood: a time of day alone says neither day nor zone. */
function deadlineWords({ deadlineMs, timeLimitS }: JobSpec): Phrase[] {
  if (deadlineMs === null) return [];
  const latest = networkTimeText(deadlineMs - timeLimitS * 1000);
  return [phrase("ends-by", { deadline: networkTimeText(deadlineMs), latest })];
}

function arrayOf(asked: Asked, limits: AdmitLimits): { readonly array: ArraySpec | null } | Refusal {
  if (asked.array === undefined) return { array: null };
  const parsed = parseArray(asked.array, limits.arrayTasks);
  return parsed.kind === "refused" ? parsed.refusal : { array: parsed.array };
}

function dependenciesOf(
  asked: Asked,
  { limits, positionOfKey }: AdmitContext,
): { readonly list: readonly Dependency[]; readonly after: readonly AfterPosition[] } | Refusal {
  const given: readonly AskedDependency[] = asked.dependencies ?? [];
  if (given.length > limits.dependencies) {
    const actual = given.length;
    return { kind: "too-large", what: "the list of dependencies", actual, limit: limits.dependencies, unit: "jobs" };
  }
  const list: Dependency[] = [];
  const after: AfterPosition[] = [];
  for (const dependency of given) {
    if (dependency.kind === "singleton") {
      list.push(dependency);
      continue;
    }
    const position = typeof dependency.job === "string" ? (positionOfKey?.(dependency.job) ?? null) : null;
    const job = typeof dependency.job === "number" ? dependency.job : asId(dependency.job);
    if (position === null && job === null) return { kind: "unknown-dependency", job: `${dependency.job}` };
    if (dependency.kind === "aftercorr" && asked.array === undefined) return { kind: "array-mismatch", job: job ?? 0 };
    const on = (id: number): AfterPosition["dependency"] =>
      dependency.kind === "aftercorr"
        ? { kind: "aftercorr", job: id }
        : { kind: dependency.kind, job: id, index: dependency.index ?? null };
    if (position !== null) after.push({ dependency: on(0), position });
    else list.push(on(job ?? 0));
  }
  return { list, after };
}

function asId(text: string): number | null {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(id) ? id : null;
}

function projectRefusal(project: string | null, { projects }: AdmitContext): Refusal | null {
  const known = projects.map(({ name }) => name);
  if (project !== null && known.includes(project)) return null;
  return { kind: "unknown-project", project: project ?? "", known };
}

/** W1: a wish for or against a centre that is not there is a slip of the pen, and would change where the job runs. */
function centreRefusal({ only, except, prefer }: CentreWishes, { centres }: AdmitContext): Refusal | null {
  const unknown = [...only, ...except, ...prefer].find((centre) => !centres.includes(centre));
  return unknown === undefined ? null : notKnown("centre", unknown, centres);
}

/** Limits that the schema cannot see, because the value may come from the script. */
function fieldRefusal(asked: Asked, request: Request, limits: AdmitLimits): Refusal | null {
  const { name, comment, stdout, stderr, workingDirectory } = asked;
  if (name?.trim() === "") return invalid("name", "empty");
  const control = name === undefined ? null : controlIn(name);
  if (control !== null) return invalid("name", "one-line", { found: control });
  if (stdout === "") return invalid("stdout", "empty");
  if (stderr === "") return invalid("stderr", "empty");
  if (workingDirectory !== undefined && !/^(?:\/|\.$)/.test(workingDirectory)) {
    return badValue("workingDirectory", workingDirectory, "a-folder");
  }
  if (workingDirectory === undefined || workingDirectory === ".") {
    for (const [field, path] of [
      ["stdout", stdout],
      ["stderr", stderr],
    ] as const)
      if (path !== undefined && leavesItsFolder(path)) return invalid(field, "leaves-run-folder", { path });
  }
  const variables = asked.environment === undefined ? 0 : Object.keys(asked.environment).length;
  if (variables > limits.environmentVariables) {
    const limit = limits.environmentVariables;
    return { kind: "too-large", what: "the environment", actual: variables, limit, unit: "variables" };
  }
  const labels = request.labels === undefined ? 0 : Object.keys(request.labels).length;
  const inAll = labels + (comment !== undefined && request.labels?.comment === undefined ? 1 : 0);
  if (inAll > limits.labels) {
    return { kind: "too-large", what: "the list of labels", actual: inAll, limit: limits.labels, unit: "labels" };
  }
  if (asked.onlyOnOneNode !== undefined && (asked.nodes ?? 1) > 1) {
    return { kind: "option-refused", ...asked.onlyOnOneNode, because: phrase("one-node-only") };
  }
  return (
    tooLong("the name", name, limits.nameChars) ??
    tooLong("the comment", comment, 255) ??
    tooLong("stdout", stdout, 4096) ??
    tooLong("stderr", stderr, 4096) ??
    tooLong("workingDirectory", workingDirectory, 4096) ??
    tooLongVariable(asked.environment ?? {}, limits.environmentValueChars)
  );
}

/** Of a relative path: whether some of its `..` lead above where it starts. */
function leavesItsFolder(path: string): boolean {
  if (path.startsWith("/") || !path.includes("..")) return false;
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function tooLong(what: string, text: string | undefined, limit: number): Refusal | null {
  if (text === undefined || text.length <= limit) return null;
  return { kind: "too-large", what, actual: text.length, limit, unit: "characters" };
}

function tooLongVariable(environment: Readonly<Record<string, string>>, limit: number): Refusal | null {
  for (const [name, value] of Object.entries(environment)) {
    if (value.length > limit) return tooLong(`environment.${name.slice(0, 100)}`, value, limit);
  }
  return null;
}

function scriptSizeRefusal(work: Work, { scriptBytes: limit }: AdmitLimits): Refusal | null {
  if (work.kind !== "script" || work.text.length * 3 <= limit) return null;
  const actual = utf8Bytes(work.text);
  return actual > limit ? { kind: "too-large", what: "the script", actual, limit, unit: "bytes" } : null;
}

/** Of well-formed text. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // A surrogate pair is two units and four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Plain relative paths, each once, none inside another; all contents within the limit. */
function filesRefusal(
  files: readonly { readonly path: string; readonly contentBase64: string }[],
  { inputFilesBytes: limit }: AdmitLimits,
): Refusal | null {
  const seen = new Set<string>();
  let actual = 0;
  for (const { path, contentBase64 } of files) {
    const parts = path.split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) return { kind: "path-escape", path };
    if (parts.some((part) => part.length > 255 || utf8Bytes(part) > 255)) {
      return { kind: "too-large", what: "a file name", actual: path.length, limit: 255, unit: "bytes" };
    }
    if (seen.has(path)) return invalid("inputFiles", "file-twice", { path });
    seen.add(path);
    actual += Math.floor((contentBase64.replace(/=+$/, "").length * 3) / 4);
  }
  for (const path of seen) {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      if (seen.has(folder)) return invalid("inputFiles", "file-and-folder", { path: folder });
    }
  }
  return actual > limit ? { kind: "too-large", what: "input files in all", actual, limit, unit: "bytes" } : null;
}

/** Wherever it goes: what is said there is meant for a simulated centre, where it would end the job. */
function simulationRefusal(work: Work, { environment = {} }: Asked): Refusal | null {
  const wrong = simulationParts(work, environment).find((part) => part.kind === "unknown");
  if (!wrong) return null;
  const inScript = simulationParts(work, {}).some((part) => part.kind === "unknown");
  return invalid(inScript ? "script" : "environment.WEIR_SIM", "simulation-word", { said: JSON.stringify(wrong.text) });
}

function wishesOf(asked: Asked, { centres }: Request, work: Work): CentreWishes {
  const ids = (names: readonly string[] | undefined): readonly CentreId[] =>
    names === undefined || names.length === 0 ? [] : [...new Set(names)].map(centreId);
  return {
    only: ids(centres?.only ?? asked.onlyCentres),
    except: ids(centres?.except),
    prefer: ids(centres?.prefer),
    ...(simulationWords(work, asked.environment ?? {}) !== null && { simulated: true }),
  };
}

function nameOf(work: Work, asked: Asked, limitChars: number): string {
  if (work.kind === "script") return asked.wrap === undefined ? "sbatch" : "wrap";
  const base = work.argv[0].split("/").findLast((part) => part !== "") ?? "command";
  const cut = base.slice(0, limitChars).replace(/[\uD800-\uDBFF]$/, "");
  return controlIn(cut) === null ? cut : "command";
}

function filledIn(asked: Asked, { name, shape, timeLimitS, graceS, project }: JobSpec): FilledIn[] {
  const tasksSaid =
    asked.tasks ??
    asked.tasksPerNode ??
    asked.tasksPerAccelerator ??
    (asked.acceleratorsInAll && asked.acceleratorsPerTask);
  const filled: FilledIn[] = [];
  if (asked.name === undefined) filled.push({ field: "name", value: name });
  if (asked.project === undefined) filled.push({ field: "project", value: project });
  if (asked.nodes === undefined) filled.push({ field: "nodes", value: `${shape.nodes}` });
  if (tasksSaid === undefined) filled.push({ field: "tasks", value: `${shape.tasks}` });
  if (asked.coresPerTask === undefined && asked.coresPerAccelerator === undefined)
    filled.push({ field: "coresPerTask", value: `${shape.coresPerTask}` });
  if (shape.memory.kind === "default") filled.push({ field: "memory", value: phrase("memory-of-the-centre") });
  if (asked.timeLimitS === undefined) filled.push({ field: "timeLimitS", value: `${timeLimitS}` });
  if (asked.graceS === undefined && asked.termBeforeEndS === undefined)
    filled.push({ field: "graceS", value: `${graceS}` });
  filled.push({ field: "processes", value: `${mostProcesses}` });
  return filled;
}

/**
 * W1: an absolute path is true only where a centre has it, a node's name where it stands, and the answer says so; what every
 * machine has pins nothing, and of it what is each run's own is told.
 */
function pins(spec: JobSpec): Phrase[] {
  const { workingDirectory, stdout, stderr, siteWords } = spec;
  if (!workingDirectory && !stdout && !stderr && !siteWords.nodelist) return [];
  const paths = Object.entries({ "--chdir": workingDirectory, "--output": stdout, "--error": stderr }).flatMap(
    ([field, path]) => {
      if (!path?.startsWith("/")) return [];
      if (!isEverywhere(path)) return [phrase("path-pins", { field, path })];
      const [own] = /^\/(?:tmp|var\/tmp|dev\/shm)(?![^/])/.exec(path) ?? [];
      return own === undefined ? [] : [phrase("path-pins-own", { field, path, own })];
    },
  );
  if (!siteWords.nodelist) return paths;
  return [...paths, phrase("nodes-pin", { nodes: siteWords.nodelist.slice(0, 20).join(",") })];
}
