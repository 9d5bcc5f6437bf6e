// `npm test`: finds and runs every suite of the repository.
//
//   npm test                      all of them
//   npm test -- core server/st    those whose path contains one of the words
//   npm test -- --unit            the quick ones, which need nothing but Node (part of `npm run check`)
//   npm test -- --long test/x     the long form of suites that have one, which see WEIR_TEST_LONG=1 (`npm run test:long`)
//
// `*.test.ts` lies beside the code it tests; `*.e2e.test.ts` are end-to-end tests and `*.replay.test.ts` replay whole logs or
// thousands of workloads: both may take longer, and are not among the quick ones. What failed while other files ran beside
// it is run once more, alone; where it passes then, it is named at the end as a test to mend.
// Status 0 where something ran and nothing failed. The last line is `N passed, N failed` or `N passed, N failed, N skipped`.

import { type ChildProcess, spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { installPackages, mayNotInstall } from "./debian.ts";
import { lookAgain, notInstalled, type RequirementName, requirements, rootForSlurm } from "./requirement.ts";
import { slowest } from "./slowest-tests.ts";
import type { Result } from "./test-events.ts";

const root = resolve(import.meta.dirname, "..");

/** Their tests are pure: they share one process, which costs a tenth of one process each. */
const pureFolders = ["core", "api", "simulator"];
const unitFolders = [...pureFolders, "cli", "tools"];
/** Processes at once for each core: most tests wait more than they work, for engines, deadlines, a page. */
const atOnceEach = { unit: 1, all: 4 };
/** More of them want more memory than most machines have. */
const mostAtOnce = 8;

/** What has not ended by then is ended. */
const limitsS = { endToEnd: 1200, long: 1800, other: 900 };

/** Of more files than these the machine is not the cause. */
const mostAgain = 4;
/** Suites that break things at random: what they find once is found. */
const judgedOnce = /(^test\/(chaos|faults)|crash|property)\.(e2e\.)?test\.ts$/;

/** How long a process may stay after its last test, for its `after` hooks and for commands that await a dead engine. */
const quietS = 90;

/** What Node compiled of the sources, for all the processes that load the same ones: half a second of each otherwise. */
const compiled = resolve(root, "node_modules/.cache/compiled");

type Batch = { readonly files: readonly string[]; readonly limitS: number };
type Outcome = {
  readonly file: string;
  readonly results: readonly Result[];
  readonly output: string;
  /** Of its process; of files that share one, of their tests. */
  readonly tookMs: number;
  /** Names of the tests that failed when it ran beside others, where it has passed alone since. */
  readonly onlyAlone?: readonly string[];
};

/** The test processes under way; they end with this one. */
const children = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const child of children) endGroup(child);
    process.kill(process.pid, signal);
  });
}

const words = process.argv.slice(2);
const unitOnly = words.includes("--unit");
const isLong = words.includes("--long");
const files = findFiles(words.filter((word) => !word.startsWith("--")));
installWhatIsMissing(files);
const most = Math.min(mostAtOnce, availableParallelism() * (unitOnly ? atOnceEach.unit : atOnceEach.all));
const batches = planBatches(files);
process.exitCode = summarise(await failedAgain(batches, await runAll(batches, most)));

function findFiles(filters: readonly string[]): readonly string[] {
  return globSync("**/*.test.ts", { cwd: root, exclude: ["**/node_modules/**", "dist/**", ".git/**"] })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .filter((file) => !unitOnly || isQuick(file))
    .sort();
}

/** In the order in which they begin: the longest first, that none is still under way when the others are done. */
function planBatches(all: readonly string[]): readonly Batch[] {
  const pure = all.filter(isPure);
  const long = slowest.filter((file) => all.includes(file));
  const others = all.filter((file) => !isPure(file) && !long.includes(file));
  const limitS = (file: string): number => limitsS[isEndToEnd(file) ? (isLong ? "long" : "endToEnd") : "other"];
  const alone = (file: string): Batch => ({ files: [file], limitS: limitS(file) });
  return [
    ...long.map(alone),
    ...(pure.length > 0 ? [{ files: pure, limitS: limitsS.other }] : []),
    ...others.filter(isEndToEnd).map(alone),
    ...others.filter((file) => !isEndToEnd(file)).map(alone),
  ];
}

async function runAll(batches: readonly Batch[], most: number): Promise<readonly Outcome[]> {
  const done: Outcome[] = [];
  const waiting = [...batches];
  const work = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      for (const outcome of await runBatch(batch)) {
        printFile(outcome);
        done.push(outcome);
      }
    }
  };
  await Promise.all(Array.from({ length: most }, work));
  return done;
}

/** Runs what failed beside other files once more, alone. What failed again, or may not be run again, stays failed. */
async function failedAgain(batches: readonly Batch[], first: readonly Outcome[]): Promise<readonly Outcome[]> {
  const again = first.flatMap(({ file, results }) => {
    const alone = isPure(file) || judgedOnce.test(file) ? undefined : batches.find(({ files }) => files[0] === file);
    const failed = results.filter(isFailed).map(({ name }) => name);
    return alone === undefined || failed.length === 0 ? [] : [{ alone, failed }];
  });
  if (batches.length === 1 || again.length === 0 || again.length > mostAgain) return first;
  console.log("\nonce more, alone, what failed beside others:");
  const settled = new Map<string, Outcome>();
  for (const { alone, failed } of again) {
    for (const outcome of await runBatch(alone)) {
      printFile(outcome);
      settled.set(outcome.file, outcome.results.some(isFailed) ? outcome : { ...outcome, onlyAlone: failed });
    }
  }
  return first.map((outcome) => settled.get(outcome.file) ?? outcome);
}

function isFailed(result: Result): result is Extract<Result, { kind: "failed" }> {
  return result.kind === "failed";
}

/** A process that crashes takes its neighbours' results along, so those are run again, each alone. */
async function runBatch(batch: Batch): Promise<readonly Outcome[]> {
  const beganMs = performance.now();
  const ended = await runProcess(batch);
  if (ended.crash !== undefined && batch.files.length > 1) {
    const alone: Outcome[] = [];
    for (const file of batch.files) alone.push(...(await runBatch({ ...batch, files: [file] })));
    return alone;
  }
  const processMs = performance.now() - beganMs;
  return batch.files.map((file) => {
    // A file without a test is reported as one passed test of the file's own name.
    const results = ended.results.filter(
      (result) =>
        "file" in result &&
        result.file === resolve(root, file) &&
        !(result.kind === "passed" && resolve(root, result.name) === result.file),
    );
    const tookMs = batch.files.length === 1 ? processMs : sumOf(results);
    const nothing = results.length === 0 ? "no test ran in this file" : undefined;
    const wrong = ended.crash ?? nothing;
    if (wrong === undefined) return { file, results, output: ended.output, tookMs };
    const failure = { kind: "failed", file, name: "(the file itself)", line: 1, durationMs: 0, error: wrong } as const;
    return { file, results: [...results, failure], output: ended.output, tookMs };
  });
}

type Ended = { readonly results: readonly Result[]; readonly output: string; readonly crash: string | undefined };

async function runProcess(batch: Batch): Promise<Ended> {
  const reporter = resolve(import.meta.dirname, "test-events.ts");
  const child = spawn(
    process.execPath,
    [
      "--test",
      "--test-isolation=none",
      `--test-reporter=${reporter}`,
      ...batch.files.map((file) => resolve(root, file)),
    ],
    // A group of its own, so that its end can be made sure of.
    {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: { NODE_COMPILE_CACHE: compiled, ...process.env, ...(isLong && { WEIR_TEST_LONG: "1" }) },
    },
  );
  children.add(child);
  const results: Result[] = [];
  let late: string | undefined;
  const kill = (why: string): void => {
    late = why;
    endGroup(child);
  };
  const limit = setTimeout(() => kill(`still running after ${batch.limitS} s: ended`), batch.limitS * 1000);
  let grace: NodeJS.Timeout | undefined;
  const channel = child.stdio[3];
  if (channel === null || channel === undefined || !("readable" in channel)) throw new Error("no channel for results");
  const reading = createInterface({ input: channel });
  reading.on("line", (line) => {
    const result: Result = JSON.parse(line);
    results.push(result);
    if (result.kind === "busy") clearTimeout(grace);
    if (result.kind !== "quiet") return;
    grace = setTimeout(() => kill("its tests are over, but something it left open keeps it running"), quietS * 1000);
  });
  const output = collect(child);
  const closed = new Promise<void>((settle) => child.on("close", () => settle()));
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((settle, reject) => {
    child.on("error", reject);
    child.on("exit", (code, name) => settle([code, name]));
  });
  clearTimeout(limit);
  clearTimeout(grace);
  // Something a test left behind may hold the pipes open: what came within a second of the end is all we take.
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, 1_000);
  await Promise.race([closed, patience.promise]);
  clearTimeout(timer);
  endGroup(child);
  for (const stream of child.stdio) stream?.destroy();
  children.delete(child);
  const finished = results.some((result) => result.kind === "finished");
  const failed = results.some((result) => result.kind === "failed");
  const how = signal === null ? `status ${status}` : signal;
  const crash = late ?? (finished && (status === 0 || failed) ? undefined : `its process ended with ${how}`);
  return { results, output: output.text(), crash };
}

function collect(child: ChildProcess): { readonly text: () => string } {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-64_000);
    });
  }
  return { text: () => text };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

// ---- words

function printFile(outcome: Outcome): void {
  const count = (kind: Result["kind"]): number => outcome.results.filter((result) => result.kind === kind).length;
  const failed = outcome.results.filter(isFailed);
  const parts = [`${count("passed") + count("todo")} passed`];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (count("skipped") > 0) parts.push(`${count("skipped")} skipped`);
  console.log(
    `${failed.length > 0 ? "✗" : "✓"} ${outcome.file}  ${parts.join(", ")}  ${Math.round(outcome.tookMs)} ms`,
  );
  for (const failure of failed) {
    console.log(`\n  ✗ ${failure.name}\n    ${outcome.file}:${failure.line}\n${indent(failure.error)}\n`);
  }
  if (failed.length > 0 && outcome.output.trim() !== "") {
    console.log(`    what it printed last:\n${indent(outcome.output.trimEnd().split("\n").slice(-60).join("\n"))}\n`);
  }
}

function sumOf(results: readonly Result[]): number {
  return results.reduce((sum, result) => sum + ("durationMs" in result ? result.durationMs : 0), 0);
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}

/** Prints what was skipped and the last line; returns the exit status. */
function summarise(all: readonly Outcome[]): number {
  const passed = countOf(all, "passed") + countOf(all, "todo");
  let failed = countOf(all, "failed");
  const skips = all.flatMap(({ file, results }) =>
    results.flatMap((result) =>
      result.kind === "skipped" ? [{ file, name: result.name, reason: result.reason }] : [],
    ),
  );
  if (skips.length > 0) console.log("\nskipped:");
  for (const { file, name, reason } of skips)
    console.log(`  ${relative(root, resolve(root, file))}: ${name}: ${reason}`);
  const onlyAlone = all.flatMap(({ file, onlyAlone = [] }) => onlyAlone.map((name) => `  ${file}: ${name}`));
  if (onlyAlone.length > 0)
    console.log(`\nfailed beside others and passed alone: to be mended:\n${onlyAlone.join("\n")}`);
  const isWhole = words.every((word) => word.startsWith("--"));
  const late = isWhole ? begunLate(all) : [];
  if (late.length > 0)
    console.log(
      `\ntook longer than half of those in tools/slowest-tests.ts, and should stand there:\n${late.join("\n")}`,
    );
  const avoidable = skips.filter(({ reason }) => reason.startsWith(notInstalled) || reason === rootForSlurm);
  if (process.env.CI === "true" && avoidable.length > 0) {
    console.log(
      `\nCI=true: ${avoidable.length} tests skipped for want of something that can be installed, or of root for real Slurm clusters, count as failed`,
    );
    failed += avoidable.length;
  }
  const skipped = skips.length - (process.env.CI === "true" ? avoidable.length : 0);
  if (passed + failed === 0) console.log("\nno test ran");
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Suites that the others may have waited for at the end. */
function begunLate(all: readonly Outcome[]): readonly string[] {
  const isNamed = ({ file }: Outcome): boolean => slowest.includes(file);
  const named = all
    .filter(isNamed)
    .map(({ tookMs }) => tookMs)
    .sort((a, b) => a - b);
  const longMs = named[Math.floor(named.length / 2)] ?? Number.POSITIVE_INFINITY;
  return all
    .filter((outcome) => !isNamed(outcome) && outcome.tookMs > longMs)
    .map(({ file, tookMs }) => `  ${file}: ${Math.round(tookMs / 1000)} s`);
}

function countOf(all: readonly Outcome[], kind: Result["kind"]): number {
  return all.flatMap((outcome) => outcome.results).filter((result) => result.kind === kind).length;
}

// ---- Debian packages

function installWhatIsMissing(chosen: readonly string[]): void {
  if (unitOnly) return;
  const needs = new Map<RequirementName, string[]>();
  for (const file of chosen) {
    for (const name of namesIn(readFileSync(resolve(root, file), "utf8"))) {
      needs.set(name, [...(needs.get(name) ?? []), file]);
    }
  }
  const missing = [...needs].filter(
    ([name]) => requirements[name].packages.length > 0 && !requirements[name].present(),
  );
  if (missing.length === 0) return;
  const why = mayNotInstall();
  console.log(
    why === undefined
      ? "installing Debian packages for the tests (WEIR_TEST_APT=0 forbids it):"
      : `missing, and not installed (${why}):`,
  );
  for (const [name, users] of missing)
    console.log(`  ${requirements[name].packages.join(" ")}  for ${users.join(", ")}`);
  if (why !== undefined) return;
  const startedMs = Date.now();
  const worked = installPackages(missing.flatMap(([name]) => requirements[name].packages));
  console.log(
    `${worked ? "installed" : "not installed: apt-get failed"} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)\n`,
  );
  lookAgain();
}

function namesIn(text: string): readonly RequirementName[] {
  const quoted = [...text.matchAll(/\brequires\(([^)]*)\)/g)].flatMap((call) => [
    ...(call[1] ?? "").matchAll(/"([^"]+)"/g),
  ]);
  return quoted.map((match) => match[1] ?? "").filter(isRequirement);
}

function isRequirement(name: string): name is RequirementName {
  return Object.hasOwn(requirements, name);
}

function topOf(file: string): string {
  return file.split("/")[0] ?? "";
}

function isPure(file: string): boolean {
  return pureFolders.includes(topOf(file)) && !isEndToEnd(file);
}

function isQuick(file: string): boolean {
  return unitFolders.includes(topOf(file)) && !isEndToEnd(file) && !file.endsWith(".replay.test.ts");
}

function isEndToEnd(file: string): boolean {
  return file.endsWith(".e2e.test.ts");
}
