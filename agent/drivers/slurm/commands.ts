import { factsOf } from "#agent/drivers/process/evidence.ts";
import { encodeFrame, type Field, type Frame, frameReader, text } from "#agent/drivers/process/frame.ts";
import { tagPrefix } from "./chunks.ts";
import {
  type ChunkRecord,
  type Engine,
  EngineSilent,
  type Hello,
  type JobsAnswer,
  type KnownChunk,
  type Listing,
  PolicyRefusal,
  type Submission,
  type SubmitAnswer,
  type TaggedJob,
} from "./engine.ts";
import { accountingWord, carriesTag, controllerWord, type JobWord, queueWord } from "./job-word.ts";
import { type WrapperRecord, wrapperRecord } from "./record.ts";
import type { Words } from "./slurm-text.ts";
import { sbatchAnswer, stoppedWords } from "./submit-words.ts";
import type { WeirAs } from "./weir-as.ts";

/** How far back accounting is listed where the queue alone is wanted. */
const listedS = 60;

/** Slurm's own commands, run by weir-as as the user (agent/helper/weir-as names verbs and fields). */
export function commandsEngine(helper: WeirAs): Engine {
  let heedsTags = false;

  /** The answer, or an error with the rule or the command's own words. */
  async function ask(verb: string, fields: readonly Field[]): Promise<Frame> {
    const frame = await helper.ask(verb, fields);
    if (text(frame, "ok") === "1") return frame;
    const words = text(frame, "words") ?? "";
    if (text(frame, "error") === "refused") throw new PolicyRefusal(words, text(frame, "rule") ?? "");
    throw new EngineSilent(`weir-as ${verb}: ${text(frame, "error")}: ${words}`);
  }

  /** The ids of those that are not there. */
  async function cancel(user: string, jobs: readonly TaggedJob[], more: readonly Field[]): Promise<readonly string[]> {
    heedsTags ||= (await hello()).heedsTags;
    const there = heedsTags ? jobs : await whatCarriesItsTag(user, jobs);
    const absent = jobs.filter((job) => !there.includes(job)).map(({ id }) => id);
    if (there.length === 0) return absent;
    const named = there.flatMap(({ id, tag }): Field[] => [
      ["engineId", id],
      ["tag", tag],
    ]);
    const frame = await ask("cancel", [["user", user], ...more, ...named]);
    return [...absent, ...(frame.get("notThere") ?? []).map(String)];
  }

  /** For an earlier helper, which cancels by number alone: what of these is in the queue under its own tag. */
  async function whatCarriesItsTag(user: string, jobs: readonly TaggedJob[]): Promise<readonly TaggedJob[]> {
    const prefixes = new Set(jobs.map(({ tag }) => tagPrefix(tag)));
    const queue = (await Promise.all([...prefixes].map((prefix) => list(user, prefix, listedS)))).flatMap(
      (listing) => listing.queue,
    );
    return jobs.filter(({ id, tag }) => {
      const number = Number.parseInt(id, 10);
      return queue.some((word) => (word.jobId === number || word.arrayJob === number) && carriesTag(word, tag));
    });
  }

  async function hello(): Promise<Hello> {
    const frame = await ask("hello", []);
    const many = (what: string) => (frame.get(`allows${what}`) ?? []).map(String);
    return {
      heedsTags: Number(text(frame, "version")) >= 2,
      fences: Number(text(frame, "version")) >= 3,
      minUid: Number(text(frame, "minUid")),
      group: text(frame, "group") ?? "",
      isStopped: text(frame, "stopped") === "1",
      allowsLoad: text(frame, "load") === "1",
      tokenLifeS: Number(text(frame, "tokens") ?? 0),
      policyMark: text(frame, "policy") ?? "",
      slurmConf: text(frame, "slurmConf") || null,
      slurmBin: text(frame, "slurmBin") ?? "/usr/bin",
      allows: frame.has("allowsPartition")
        ? { partition: many("Partition"), qos: many("Qos"), reservation: many("Reservation") }
        : null,
    };
  }

  async function list(user: string, tag: string, sinceS: number): Promise<Listing> {
    const frame = await ask("list", [
      ["user", user],
      ["tag", tag],
      ["sinceS", sinceS],
    ]);
    const accounting = rows(frame, "accounting", "accountingFields").flatMap((row) => accountingWord(row) ?? []);
    return {
      queue: rows(frame, "queue", "queueFields").flatMap((row) => queueWord(row) ?? []),
      accounting: text(frame, "hasAccounting") === "1" ? accounting : null,
      isPartial: text(frame, "partial") === "1",
    };
  }

  return {
    transport: "commands through weir-as",
    // The helper serves eight requests.
    atOnce: 6,

    hello,

    async submit(submission): Promise<SubmitAnswer> {
      let frame: Frame;
      try {
        frame = await helper.ask("submit", submitFields(submission));
      } catch (error) {
        return { kind: "in-doubt", words: String(error) };
      }
      return submitAnswer(frame);
    },

    async cancel(user, jobs, which) {
      return { notThere: await cancel(user, jobs, [["waiting", which === "waiting" ? "1" : "0"]]) };
    },

    async warn(user, jobs, signal) {
      await cancel(user, jobs, [
        ["signal", signal],
        ["batch", "1"],
      ]);
    },

    list,

    async jobs(user, engineIds) {
      const ids = engineIds.map((id): Field => ["engineId", id]);
      return jobsAnswer(await ask("jobs", [["user", user], ...ids]));
    },

    async records(user, chunks, only, which) {
      const names = [...chunks.map((chunk): Field => ["chunk", chunk]), ...only.map((run): Field => ["run", run])];
      const started: Field[] = which === undefined ? [] : [["started", 1]];
      const frame = await ask("records", [["user", user], ...started, ...names]);
      return (frame.get("record") ?? []).map(chunkRecord);
    },

    async chunks(user, tag) {
      const frame = await ask("chunks", Object.entries({ user, tag }));
      return (frame.get("chunk") ?? []).map(payloadFrame).map(knownChunk);
    },

    async read({ user, chunk, run, stream, offset, maxBytes, own }) {
      const frame = await helper.ask("read", [
        ...Object.entries({ user, chunk, run, stream, offset }),
        ["max", Math.min(maxBytes, 2 ** 20)],
        ...(own ? [["own", 1] satisfies Field] : []),
      ]);
      const bytes = frame.get("bytes")?.[0];
      if (text(frame, "ok") !== "1" || !bytes) return { kind: "none", words: text(frame, "words") ?? "" };
      return {
        kind: "bytes",
        bytes,
        offset: Number(text(frame, "offset")),
        sizeBytes: Number(text(frame, "size")),
        isFinal: text(frame, "final") === "1",
      };
    },

    async fence(user, chunk, run) {
      if (!(await hello()).fences) return "not-offered";
      return text(await ask("fence", Object.entries({ user, chunk, run })), "fenced") === "1" ? "fenced" : "began";
    },

    async remove(user, chunk) {
      const frame = await helper.ask("remove", Object.entries({ user, chunk }));
      if (text(frame, "ok") === "1") return "removed";
      if (text(frame, "error") === "busy") return "busy";
      const words = text(frame, "words") ?? "";
      if (text(frame, "error") === "refused") throw new PolicyRefusal(words, text(frame, "rule") ?? "");
      throw new EngineSilent(`weir-as remove ${chunk}: ${words}`);
    },

    async limits(user, account) {
      const frame = await ask("limits", [["user", user], ...(account === null ? [] : [["account", account] as const])]);
      return {
        associations: text(frame, "associations") ?? "",
        accounts: text(frame, "accounts") ?? "",
        qos: text(frame, "qos") ?? "",
        shares: text(frame, "shares") ?? "",
        queue: text(frame, "queue") ?? "",
      };
    },

    async load() {
      try {
        return rows(await ask("load", []), "row", "rowFields");
      } catch (error) {
        // Allowed, but others could change the program or slurm.conf: the site wants to know that.
        if (error instanceof PolicyRefusal && !/would be run as root/.test(error.message)) return null;
        throw error;
      }
    },

    close: () => helper.close(),
  };
}

/** As long as it may wait at all; Slurm takes any switches after its own `max_switch_wait`, if that is shorter. */
function switches(most: number, { startWithinS }: Submission): string {
  return `${most}@${Math.ceil(startWithinS / 60)}`;
}

export function submitFields(submission: Submission): Field[] {
  const { wholeArray } = submission;
  const optional = (name: string, value: string | number | null): Field[] => (value === null ? [] : [[name, value]]);
  return [
    ["user", submission.user],
    ["chunk", submission.chunk],
    ["name", `${submission.name}.weir-${submission.chunk}`],
    ["comment", `weir-${submission.chunk}`],
    ["partition", submission.partition],
    ...optional("account", submission.account),
    ...optional("qos", submission.qos),
    ["nodes", submission.nodes],
    ["tasks", submission.tasks],
    ["cpusPerTask", submission.cpusPerTask],
    ...optional("tasksPerNode", submission.tasksPerNode),
    ["memMibPerNode", submission.memMibPerNode],
    ...optional("gres", submission.gres),
    ...(["constraint", "licenses", "reservation", "nodelist"] as const).flatMap((name) =>
      optional(name, submission.words?.[name] ?? null),
    ),
    ...(submission.wholeNodes ? [["exclusive", 1] satisfies Field] : []),
    ...(submission.contiguous ? [["contiguous", 1] satisfies Field] : []),
    ...optional("switches", submission.nodeGroups === undefined ? null : switches(submission.nodeGroups, submission)),
    ["timeLimitMin", submission.timeLimitMin],
    ["timeLimitMs", submission.timeLimitMs],
    ["graceMs", submission.graceMs],
    ["startWithinS", submission.startWithinS],
    ...optional("array", submission.array),
    ...(wholeArray === null
      ? []
      : Object.entries({
          arrayCount: wholeArray.count,
          arrayMin: wholeArray.least,
          arrayMax: wholeArray.most,
          arrayStep: wholeArray.step,
        })),
    ...submission.runs.map(({ index, run }): Field => ["task", `${index} ${run}`]),
    ...optional("script", submission.script),
    ...submission.arguments.map((argument): Field => ["arg", argument]),
    ...Object.entries(submission.environment).map(([name, value]): Field => ["env", `${name}=${value}`]),
    ...submission.files.flatMap((file): Field[] => [
      ["file", file.path],
      ["fileMode", file.isExecutable ? "x" : "-"],
      ["fileData", file.bytes],
    ]),
    ...optional("cwd", submission.workingDirectory),
    ...optional("stdout", submission.stdout),
    ...optional("stderr", submission.stderr),
    ...(submission.isAgain ? [["again", 1] satisfies Field] : []),
  ];
}

export function submitAnswer(frame: Frame): SubmitAnswer {
  if (text(frame, "ok") === "1")
    return { kind: "submitted", engineId: text(frame, "engineId") ?? "", words: text(frame, "stderr") ?? "" };
  const words = text(frame, "words") ?? "";
  switch (text(frame, "error")) {
    case "refused": {
      const rule = text(frame, "rule") ?? "";
      // The kill switch and a lease that has run out pass.
      if (rule === "stopped") return { kind: "later", words: stoppedWords };
      if (rule === "too-late") return { kind: "later", words };
      return { kind: "refused", words, rule, ...(definiteRule.test(rule) && { definite: true }) };
    }
    case "engine":
      return sbatchAnswer(text(frame, "stderr") ?? words, Number(text(frame, "exit") ?? 1));
    case "failed":
      // Before sbatch was run: the folder, the audit, the script could not be written.
      return { kind: "later", words };
    default:
      return { kind: "in-doubt", words };
  }
}

/**
 * The site's program, and the lines of its policy that are about this job and its user. The helper's other refusals are
 * of the form of a request, or of folders and users that a machine may not see for a moment.
 */
const definiteRule =
  /^(?:before-submit|account|partition|qos|reservation|licence|requeue|max-[a-z-]+|root|min-uid|group|forbidden-(?:user|group))$/;

export function jobsAnswer(frame: Frame): JobsAnswer {
  const controller: JobWord[] = [];
  let uid: number | null = null;
  for (const [at, job] of (frame.get("job") ?? []).entries()) {
    const line = job.toString("utf8");
    // A text in which a user has imitated a field is not believed; accounting, with separators drawn by lot, is.
    if (frame.get("tampered")?.[at]?.toString() === "1") continue;
    const word = controllerWord(line);
    if (word) controller.push(word);
    const owner = / UserId=[^\s()]+\((\d+)\) /.exec(line)?.[1];
    if (owner !== undefined) uid = Number(owner);
  }
  const trouble = (text(frame, "engineStderr") ?? "").split("\n").filter((line) => line.trim() !== "");
  return {
    controller,
    accounting: text(frame, "hasAccounting") === "1" ? rows(frame, "accounting", "accountingFields") : null,
    uid,
    isComplete: trouble.every((line) => /Invalid job id specified/.test(line)),
  };
}

/** Of a field that is itself the payload of a frame. */
export function payloadFrame(payload: Buffer): Frame {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(payload.length);
  return frameReader()(Buffer.concat([size, payload]))[0] ?? new Map();
}

function chunkRecord(payload: Buffer): ChunkRecord {
  const frame = payloadFrame(payload);
  const runs = new Map<string, WrapperRecord[]>();
  for (const [at, run] of (frame.get("run") ?? []).map(String).entries()) {
    const part = (name: string) => frame.get(name)?.[at]?.toString("utf8") ?? "";
    const record = wrapperRecord(part("restart"), part("started"), part("ended"));
    if (record)
      runs.set(
        run,
        [...(runs.get(run) ?? []), record].sort((a, b) => a.restart - b.restart),
      );
  }
  return {
    chunk: text(frame, "chunk") ?? "",
    isGone: text(frame, "gone") === "1",
    runs,
    duplicates: (frame.get("duplicate") ?? []).map((one) => Number(factsOf(one.toString())?.get("engine") ?? 0)),
  };
}

function knownChunk(frame: Frame): KnownChunk {
  const of = (name: string) => text(frame, name) || null;
  const number = (name: string) => Number(of(name) ?? 0) || 0;
  const tasks = (frame.get("task") ?? []).map((task) => /^(\d+) (\S+)$/.exec(task.toString()));
  return {
    chunk: text(frame, "chunk") ?? "",
    engineId: of("engineId"),
    submittedMs: of("submittedMs") === null ? null : number("submittedMs"),
    startBeforeMs: number("startBeforeMs"),
    timeLimitMs: number("timeLimitMs"),
    nodes: number("nodes"),
    tasks: number("tasks"),
    cpusPerTask: number("cpusPerTask"),
    memMibPerNode: number("memMibPerNode"),
    gres: of("gres"),
    partition: text(frame, "partition") ?? "",
    account: of("account"),
    qos: of("qos"),
    reservation: of("reservation"),
    isArray: of("array") !== null,
    runs: tasks.flatMap((match) => (match?.[2] === undefined ? [] : [{ index: Number(match[1]), run: match[2] }])),
  };
}

function rows(frame: Frame, name: string, fieldsName: string): Words[] {
  const fields = (text(frame, fieldsName) ?? "").split("\t");
  return (frame.get(name) ?? []).map((row) => {
    const cells = row.toString("utf8").split("\t");
    return new Map(fields.map((field, at) => [field, cells[at] ?? ""]));
  });
}

/** For tests: a frame as the helper would send it. */
export function frameOf(fields: readonly Field[]): Frame {
  return frameReader()(encodeFrame(fields))[0] ?? new Map();
}
