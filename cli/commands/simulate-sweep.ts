import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Call } from "#cli/call.ts";
import { askedPolicy } from "#cli/commands/asked-policy.ts";
import { type ProgressBar, progressBar } from "#cli/commands/progress-bar.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { outcomeText, waitText } from "#cli/formats.ts";
import { readInputFiles, type SentFile } from "#cli/input-files.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { waitForEnd } from "#cli/wait.ts";
import { policies } from "#core/scheduling/policy.ts";
import { type SweepPoint, sweepAxes, sweepPoints, sweepRefusalWords } from "#simulator/sweep.ts";

/**
 * Many replays of the same jobs, each a `weir simulate --json` of its own: on all cores of this machine, or as an array job
 * on the network. JSON: `{"points": [{"point": {…}, "result": {…} | null, "words": string | null}]}`, in the order of the
 * axes; `words` say why a point has no result.
 */
export async function simulateSweep(call: Call): Promise<number> {
  const made = sweepPoints(call.all("sweep"));
  if (made.kind !== "points") throw new Stop(exitCodes.usage, sweepRefusalWords(made, call.language));
  const { points } = made;
  // Before anything runs: a name that no policy has, or a file that is none, ends the command as it does a single replay.
  for (const policy of new Set([call.one("policy"), ...points.map((point) => point.policy ?? null)]))
    if (policy !== null) askedPolicy(call, policy);
  for (const option of ["report", "write"])
    if (call.has(option)) throw new Stop(exitCodes.usage, call.say("sweepNot", { option }));
  for (const option of Object.keys(points[0] ?? {}))
    if (call.has(option)) throw new Stop(exitCodes.usage, call.say("sweepTwice", { option }));
  const bar = progressBar(call);
  const outcomes = await (call.has("on-network") ? onNetwork(call, points) : onCores(call, points, bar));
  bar.clear();
  await tell(call, points, outcomes);
  return outcomes.every(({ result }) => result === null) ? exitCodes.failed : exitCodes.done;
}

type PointOutcome = { readonly result: Result | null; readonly words: string | null };

/** What is shown of what `weir simulate --json` prints. */
type Result = {
  readonly meanWaitS: number;
  readonly p95WaitS: number;
  readonly maxWaitS: number;
  readonly averageBoundedSlowdown: number;
  readonly utilisation: number;
};

/** What all points share, as it was typed; `fileOf` says where a file is found that was named. */
function sharedOptions(call: Call, fileOf: (path: string) => string): readonly string[] {
  const plain = [
    "generate",
    "jobs",
    "load",
    "estimates",
    "routing",
    "days",
    "from",
    "count",
    "processors",
    "resource",
    "seed",
  ];
  const files = [...call.all("trace"), ...call.operands].flatMap((path) => ["--trace", fileOf(path)]);
  const typed = plain.flatMap((name) => call.all(name).flatMap((value) => [`--${name}`, value]));
  const [policy, network] = [call.one("policy"), call.one("network")];
  const between = network === null ? [] : ["--network", fileOf(network)];
  return [
    "--lang",
    call.language,
    ...files,
    ...typed,
    ...between,
    ...(policy === null ? [] : ["--policy", policyOf(policy, fileOf)]),
  ];
}

function policyOf(policy: string, fileOf: (path: string) => string): string {
  return policy in policies ? policy : fileOf(policy);
}

function pointOptions(point: SweepPoint, fileOf: (path: string) => string): readonly string[] {
  return Object.entries(point).flatMap(([axis, value]) => [
    `--${axis}`,
    axis === "policy" ? policyOf(value, fileOf) : value,
  ]);
}

async function onCores(call: Call, points: readonly SweepPoint[], bar: ProgressBar): Promise<readonly PointOutcome[]> {
  const fileOf = (path: string) => resolve(call.terminal.folder, path);
  const shared = sharedOptions(call, fileOf);
  const outcomes: PointOutcome[] = [];
  let [begun, done] = [0, 0];
  const lane = async (): Promise<void> => {
    for (let place = begun++; place < points.length; place = begun++) {
      outcomes[place] = await runPoint([...shared, ...pointOptions(points[place] ?? {}, fileOf)]);
      done += 1;
      bar.show(done, points.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(points.length, availableParallelism()) }, lane));
  return outcomes;
}

function runPoint(options: readonly string[]): Promise<PointOutcome> {
  const child = spawn(process.execPath, [builtProgram() ?? process.argv[1] ?? "", "simulate", "--json", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, said] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => {
    printed += piece.toString();
  });
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (status) =>
      settle(status === 0 ? outcomeOf(printed) : { result: null, words: sayingLine(said) }),
    );
  });
}

function outcomeOf(printed: string): PointOutcome {
  try {
    const result: Result = JSON.parse(printed);
    return { result, words: null };
  } catch {
    return { result: null, words: sayingLine(printed) };
  }
}

/**
 * What a program that failed says of it: Weir's own last word, or else the last line that names an error, as Node prints
 * one above its stack and its version; or else the last line there is.
 */
export function sayingLine(text: string): string {
  const lines = text.trim().split("\n");
  const own = lines.findLast((line) => line.startsWith("weir: "));
  const error = lines.findLast((line) => /^(?:Uncaught )?\w*Error\b.*: /.test(line));
  return (own ?? error ?? lines.at(-1) ?? "").replace(/^weir: /, "");
}

/**
 * This program's own file, where it is the built one; null in the source. Not `process.argv[1]`: whoever calls `weir` calls
 * the launcher, which loads it.
 */
function builtProgram(): string | null {
  const file = fileURLToPath(import.meta.url);
  return file.endsWith(".mjs") ? file : null;
}

/** An array with a task a point; program, traces and policy files travel along, so a centre needs Node and nothing else. */
async function onNetwork(call: Call, points: readonly SweepPoint[]): Promise<readonly PointOutcome[]> {
  const program = builtProgram();
  if (program === null) throw new Stop(exitCodes.usage, call.say("sweepNotBuilt"));
  const sent = new Map<string, string>();
  const fileOf = (path: string) => {
    const known = sent.get(path);
    if (known !== undefined) return known;
    const name = `files/${sent.size}/${basename(path)}`;
    sent.set(path, name);
    return name;
  };
  const shared = sharedOptions(call, fileOf);
  const lines = points.map((point) => [...shared, ...pointOptions(point, fileOf)].map(quoted).join(" "));
  const named = [...sent].map(([path, name]) => `${path}=${name}`);
  const inputFiles: readonly SentFile[] = [
    ...readInputFiles(call, [`${bundleOf(call, program)}=weir.mjs`, ...named]),
    { path: "points", contentBase64: Buffer.from(`${lines.join("\n")}\n`).toString("base64"), executable: false },
  ];
  const body = {
    name: "weir-simulate-sweep",
    script: taskScript,
    array: `0-${points.length - 1}`,
    memoryMibPerNode: 1024,
    timeLimitS: 14_400,
    inputFiles: [...inputFiles],
  };
  const submitted = await call.ask("submit", { body });
  call.note(call.say("sweepSubmitted", { id: submitted.id, tasks: points.length }));
  await waitForEnd(call, submitted.id, true);
  return Promise.all(points.map((_, index) => taskOutcome(call, submitted.id, index)));
}

/** The program's own text; without a map of its source, which a job has no use for. */
function bundleOf(call: Call, program: string): string {
  try {
    readFileSync(program);
    return program;
  } catch (error) {
    throw new Stop(
      exitCodes.failed,
      call.say("cannotRead", { path: program, words: fileTroubleWords(error, call.say) }),
    );
  }
}

const taskScript = `#!/bin/sh
# One point of a sweep: a line of \`points\` for each task.
cd "\${WEIR_WORK:-.}" || exit 1
for node in "$WEIR_NODE" ${quoted(process.execPath)} node nodejs; do
  if [ -n "$node" ] && "$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null; then
    eval "set -- $(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" points)"
    exec "$node" weir.mjs simulate --json "$@"
  fi
done
echo "weir: there is no Node of version 20 or later here." >&2
exit 1
`;

async function taskOutcome(call: Call, job: number, index: number): Promise<PointOutcome> {
  const text = async (stream: "stdout" | "stderr"): Promise<string> => {
    const pieces: Buffer[] = [];
    let [offset, sizeBytes] = [0, 1];
    while (offset < sizeBytes) {
      const piece = await call.ask("log", { params: { job }, query: { index, stream, offset } });
      pieces.push(Buffer.from(piece.base64, "base64"));
      if (piece.nextOffset === offset) break;
      ({ nextOffset: offset, sizeBytes } = piece);
    }
    return Buffer.concat(pieces).toString("utf8");
  };
  const outcome = outcomeOf(await text("stdout"));
  if (outcome.result !== null) return outcome;
  const said = sayingLine(await text("stderr"));
  if (said !== "") return { result: null, words: said };
  // It was ended before it could say anything.
  const { outcome: end } = await call.ask("task", { params: { job, index } });
  return { result: null, words: end === null ? "" : outcomeText(end, call.say) };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const axisTitles = {
  policy: "simulatedPolicy",
  routing: "simulatedRouting",
  estimates: "sweptEstimates",
  days: "sweptDays",
  seed: "columnSeed",
} as const;

async function tell(call: Call, points: readonly SweepPoint[], outcomes: readonly PointOutcome[]): Promise<void> {
  const { say } = call;
  if (call.json) {
    const told = points.map((point, i) => ({ point, result: outcomes[i]?.result ?? null, words: outcomes[i]?.words }));
    await call.printJson({ points: told });
    return;
  }
  const axes = sweepAxes.filter((axis) => points[0]?.[axis] !== undefined);
  const right = (title: string) => ({ title, align: "right" }) as const;
  const measured = [
    right(say("columnMeanWait")),
    right(say("columnP95Wait")),
    right(say("columnMaxWait")),
    right(say("columnSlowdown")),
    right(say("columnUtilisation")),
  ];
  const rows = points.map((point, i) => {
    const named = Object.values(point);
    const result = outcomes[i]?.result ?? null;
    if (result === null) return [...named, "–", "–", "–", "–", "–"];
    const waits = [result.meanWaitS, result.p95WaitS, result.maxWaitS];
    return [
      ...named,
      ...waits.map((waitS) => waitText(waitS, call.language)),
      result.averageBoundedSlowdown.toFixed(2),
      `${(result.utilisation * 100).toFixed(1)} %`,
    ];
  });
  for (const words of new Set(outcomes.flatMap((one) => one.words ?? []))) call.note(`– ${words}`);
  await call.printTable([...axes.map((axis) => ({ title: say(axisTitles[axis]) })), ...measured], rows);
}
