import type { JobRequest, SpecView } from "#api/job.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import type { Preemptible } from "#core/job/spec.ts";
import { networkZoneMs } from "#core/ledger/network-day.ts";
import { sbatchTime } from "../../words/format.ts";
import { restartAfterS } from "../job/on-unreachable.ts";
import { readOption, writeOption } from "./directives.ts";

/** What is about to be submitted: the script with its #SBATCH lines, and beside it what sbatch has no option for. */
export type Draft = {
  readonly script: string;
  readonly arguments: string;
  readonly retries: number;
  readonly onUnreachable: "wait" | "restart-after";
  readonly restartAfterMin: number;
  /** null: as the script says, else the default of the policy in force. */
  readonly priorityClass: string | null;
  readonly preemptible: Preemptible;
  /** null: as Weir has it. */
  readonly graceS: number | null;
  readonly container: string;
  /** Of one accelerator on each node, in thousandths; null: whole ones. */
  readonly acceleratorShareMilli: number | null;
  readonly prefer: readonly string[];
  readonly except: readonly string[];
  readonly software: readonly string[];
  readonly fileSystems: readonly string[];
  /** Where its data may be, as far as the script does not say it. */
  readonly residency: readonly string[];
  readonly domestic: boolean;
  /** `name=value`, one a line. */
  readonly labels: string;
  readonly environment: string;
  readonly files: readonly DraftFile[];
};
export type DraftFile = {
  readonly path: string;
  readonly bytes: number;
  readonly contentBase64: string;
  readonly executable: boolean;
};

export const firstScript = `#!/bin/bash
#SBATCH --job-name=hello
#SBATCH --cpus-per-task=1
#SBATCH --mem=256M
#SBATCH --time=00:10:00

echo "hello from $(hostname), job $SLURM_JOB_ID"
`;

export const emptyDraft: Draft = {
  script: firstScript,
  arguments: "",
  retries: 0,
  onUnreachable: "wait",
  restartAfterMin: 30,
  priorityClass: null,
  preemptible: "no",
  graceS: null,
  container: "",
  acceleratorShareMilli: null,
  prefer: [],
  except: [],
  software: [],
  fileSystems: [],
  residency: [],
  domestic: false,
  labels: "",
  environment: "",
  files: [],
};

/** What is sent. Only what was changed: the server's own defaults are named in its answer. */
export function requestOf(draft: Draft): JobRequest {
  const words = shellWords(draft.arguments);
  const labels = pairsOf(draft.labels);
  const environment = pairsOf(draft.environment);
  return {
    script: draft.script,
    ...(words.length > 0 && { arguments: words }),
    ...(draft.retries > 0 && { retries: draft.retries }),
    ...(draft.onUnreachable === "restart-after" && {
      onUnreachable: { kind: "restart-after", delayS: draft.restartAfterMin * 60 },
    }),
    ...(draft.priorityClass !== null && { priorityClass: draft.priorityClass }),
    ...(draft.preemptible !== "no" && { preemptible: draft.preemptible }),
    ...(draft.graceS !== null && { graceS: draft.graceS }),
    ...(draft.container !== "" && { container: draft.container }),
    ...(draft.acceleratorShareMilli !== null && {
      accelerators: shareOf(draft.script, draft.acceleratorShareMilli),
    }),
    ...(draft.prefer.length + draft.except.length > 0 && {
      centres: {
        ...(draft.prefer.length > 0 && { prefer: [...draft.prefer] }),
        ...(draft.except.length > 0 && { except: [...draft.except] }),
      },
    }),
    ...(draft.software.length > 0 && { software: [...draft.software] }),
    ...(draft.fileSystems.length > 0 && { fileSystems: [...draft.fileSystems] }),
    ...(draft.residency.length > 0 && { residency: [...draft.residency] }),
    ...(draft.domestic && { domestic: true }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(environment).length > 0 && { environment }),
    ...(draft.files.length > 0 && {
      inputFiles: draft.files.map(({ path, contentBase64, executable }) => ({ path, contentBase64, executable })),
    }),
  };
}

/** Of the accelerator that the script asks for; of any, where it asks for none. */
function shareOf(script: string, shareMilli: number): NonNullable<JobRequest["accelerators"]> {
  const { acceleratorsPerNode, acceleratorsPerTask, acceleratorsInAll } = parseSbatch(script, []).asked;
  const { vendor = null, model = null } = acceleratorsPerNode ?? acceleratorsPerTask ?? acceleratorsInAll ?? {};
  return { vendor, model, perNode: 1, shareMilli };
}

/** A draft that asks for what a job asked for. The contents of its input files do not come back from the server. */
export function draftOf(spec: SpecView, name: string): Draft {
  const restartS = restartAfterS(spec.onUnreachable);
  const said = parseSbatch(spec.script, []).asked;
  return {
    ...emptyDraft,
    script: scriptOf(spec, name),
    arguments: spec.script === null ? "" : spec.arguments.map(shellWord).join(" "),
    retries: spec.retries,
    onUnreachable: restartS === undefined ? "wait" : "restart-after",
    restartAfterMin: restartS === undefined ? emptyDraft.restartAfterMin : Math.max(1, Math.round(restartS / 60)),
    priorityClass: said.priorityClass ? null : spec.priorityClass,
    preemptible: spec.preemptible,
    graceS: spec.graceS,
    container: spec.container ?? "",
    acceleratorShareMilli: spec.accelerators?.shareMilli ?? null,
    prefer: spec.centres.prefer,
    except: spec.centres.except,
    software: spec.software,
    fileSystems: spec.fileSystems,
    residency: said.residency ? [] : (spec.residency ?? []),
    domestic: spec.domestic === true && said.domestic !== true,
    labels: linesOf(spec.labels),
    environment: linesOf(spec.environment),
  };
}

function scriptOf(spec: SpecView, name: string): string {
  let script =
    spec.script ?? `#!/bin/bash\n\n${[...(spec.command ?? []), ...spec.arguments].map(shellWord).join(" ")}\n`;
  const say = (long: string, value: string | null, others: readonly string[] = []) => {
    if (value !== null && readOption(script, [long, ...others])?.value !== value) {
      script = writeOption(script, long, value, others);
    }
  };
  say("job-name", name);
  say("nodes", spec.nodes > 1 ? String(spec.nodes) : null);
  say("ntasks", spec.tasks > 1 ? String(spec.tasks) : null);
  say("cpus-per-task", String(spec.coresPerTask));
  if (readOption(script, memoryOptions) === null) {
    say("mem", spec.memoryMibPerNode === null ? null : `${spec.memoryMibPerNode}M`);
    say("mem-per-cpu", spec.memoryMibPerCore === null ? null : `${spec.memoryMibPerCore}M`);
  }
  if (spec.accelerators && readOption(script, cardOptions) === null) {
    const { model, perNode } = spec.accelerators;
    say("gpus-per-node", model === null ? String(perNode) : `${model}:${perNode}`);
  }
  if (readOption(script, ["time"]) === null) say("time", sbatchTime(spec.timeLimitS));
  if (spec.deadlineMs !== undefined && readOption(script, ["deadline"]) === null)
    say("deadline", new Date(spec.deadlineMs + networkZoneMs).toISOString().slice(0, 19));
  say("array", spec.array);
  if (readOption(script, ["signal"]) === null)
    say("signal", spec.warning === null ? null : `B:${spec.warning.signal}@${spec.warning.beforeS}`);
  if (readOption(script, ["exclusive"]) === null) say("exclusive", spec.wholeNodes ? "" : null);
  if (readOption(script, ["contiguous"]) === null) say("contiguous", spec.contiguous ? "" : null);
  say("switches", spec.nodeGroups === undefined ? null : String(spec.nodeGroups));
  if (readOption(script, ["requeue", "no-requeue"]) === null) say("requeue", spec.requeue ? "" : null);
  say("chdir", spec.workingDirectory, ["workdir"]);
  say("output", spec.stdout);
  say("error", spec.stderr);
  const words = (kind: string, separator: string) => spec.siteWords[kind]?.join(separator) ?? null;
  for (const kind of ["partition", "qos", "reservation", "nodelist"]) say(kind, words(kind, ","));
  say("constraint", words("constraint", "&"));
  // Cards are said above; what is none is said here.
  if (readOption(script, ["gres"]) === null) say("gres", words("gres", ","));
  const licences = spec.licences.map(({ name, count }) => `${name}:${count}`).join(",");
  if (readOption(script, ["licenses"]) === null) say("licenses", licences === "" ? null : licences);
  if (spec.data && readOption(script, ["data-at", "data-elsewhere"]) === null) {
    const { at, elsewhere } = spec.data;
    const when = (fromMs: number | undefined) =>
      fromMs === undefined || fromMs <= Date.now() ? "" : new Date(fromMs + networkZoneMs).toISOString().slice(0, 19);
    const places = at.map(({ centre, fromMs }) => [centre, when(fromMs)].filter((word) => word !== "").join("="));
    say("data-at", places.length === 0 ? null : places.join(","));
    say("data-elsewhere", elsewhere === undefined ? null : when(elsewhere.fromMs) || "now");
  }
  say("clusters", spec.centres.only.length > 0 ? spec.centres.only.join(",") : null, ["cluster"]);
  return script;
}

export const memoryOptions = ["mem", "mem-per-cpu", "mem-per-gpu"] as const;
export const cardOptions = ["gpus-per-node", "gres", "gpus", "gpus-per-task"] as const;

/** `name=value` lines; a line without = is a name with an empty value, an empty line nothing. */
export function pairsOf(text: string): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const name = (at < 0 ? line : line.slice(0, at)).trim();
    if (name !== "") pairs.push([name, at < 0 ? "" : line.slice(at + 1)]);
  }
  return Object.fromEntries(pairs);
}

function linesOf(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

/** Blanks part words; quotes and backslashes as in a shell, nothing is expanded. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote === "'" ? character !== "'" : character === "\\" ? true : quote === '"' && character !== '"') {
      word = (word ?? "") + (character === "\\" && quote !== "'" ? (text[++at] ?? "") : character);
    } else if (quote) quote = "";
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  return word === null ? words : [...words, word];
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
