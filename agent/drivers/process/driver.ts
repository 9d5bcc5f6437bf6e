import { existsSync } from "node:fs";
import { availableParallelism, constants, hostname, totalmem, userInfo } from "node:os";
import type { Driver, FoundRun, StartAnswer } from "#agent/driver.ts";
import { noOffers, oneMachine } from "#core/centre/engine.ts";
import { parseRunId, type RunId, runId } from "#core/ids.ts";
import { mostProcesses } from "#core/job/admit.ts";
import { expandPattern, type PatternFacts } from "#core/job/file-pattern.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { kept, readModules, usualModuleInits } from "../modules.ts";
import { prepared } from "../prologue.ts";
import { capacityOf } from "./capacity.ts";
import { jobEnvironment, type RunPlace } from "./environment.ts";
import { endedObservation, factsOf, startedObservation } from "./evidence.ts";
import { fileSystemsHere } from "./file-systems.ts";
import { type Field, type Frame, text } from "./frame.ts";
import { LauncherGone, openLauncher } from "./launcher.ts";

/** The process driver, and two settings its tests change. */
export type ProcessSettings = { readonly logCapBytes: number; readonly processes: number };

export const usualSettings: ProcessSettings = { logCapBytes: 256 * 2 ** 20, processes: mostProcesses };

/**
 * Runs as child processes of this machine, through the launcher at WEIR_LAUNCHER_SOCKET (as root it gives each run a uid
 * of its own; as an ordinary user it cannot). Admits by cores and memory: WEIR_LOCAL_CORES, WEIR_LOCAL_MEMORY_MIB.
 * Resolves once the launcher answers.
 */
export async function openProcessDriver(
  environment: Readonly<Record<string, string | undefined>>,
  note: (words: string, facts: object) => void,
  settings: ProcessSettings = usualSettings,
): Promise<ProcessDriver> {
  const socketPath = environment.WEIR_LAUNCHER_SOCKET;
  if (!socketPath) throw new Error("WEIR_LAUNCHER_SOCKET is not set: the socket of weir-launcher.");
  const capacity = capacityOf(environment, machineFacts());
  const node = hostname().split(".")[0] ?? "localhost";
  /** What is admitted and has not ended: the cores and memory in use. */
  const admitted = new Map<RunId, Room>();
  const software = kept(
    () => readModules(usualModuleInits),
    () => performance.now(),
  );
  const means = { moduleInits: usualModuleInits, container: { runtimes: [], fileSystems: [] } };
  let listener: (observation: RunObservation) => void = () => {};
  let facts: Frame = new Map();

  function tell(observation: RunObservation): void {
    if (observation.kind === "ended") admitted.delete(observation.run);
    listener(observation);
  }

  function onEvent(frame: Frame): void {
    const observed = observationOf(frame, text(frame, "event") === "ended" ? "ended" : "started", node);
    if (observed) tell(observed);
  }

  /** After a launcher's restart: what ended meanwhile is told now, and room held for runs that never were is free. */
  async function catchUp(ask: (verb: string, fields: readonly Field[]) => Promise<Frame>): Promise<void> {
    facts = await ask("describe", []);
    if (admitted.size === 0) return;
    const names = [...admitted.keys()];
    const known = listed(
      await ask(
        "list",
        names.map((run): Field => ["run", run]),
      ),
    );
    for (const run of names) if (!known.some((one) => one.run === run)) admitted.delete(run);
    for (const found of known) if (found.state === "ended") tell(found.observation);
  }

  const launcher = await openLauncher(socketPath, onEvent, catchUp, note);

  function admit(order: RunOrder): { readonly words: string; readonly kind: "busy" | "refused" } | null {
    const { allocation } = order;
    const asked = `${allocation.coresPerNode} cores and ${allocation.memoryMibPerNode} MiB`;
    if (allocation.nodes !== 1)
      return { kind: "refused", words: `a process centre is one machine; the job asks for ${allocation.nodes} nodes` };
    const words = beyond(order);
    if (words !== null) return { kind: "refused", words };
    if (allocation.acceleratorsPerNode > 0)
      return { kind: "refused", words: "a process centre gives no accelerators; the job asks for them" };
    if (allocation.coresPerNode > capacity.cores || allocation.memoryMibPerNode > capacity.memoryMib)
      return {
        kind: "refused",
        words: `${asked} are more than this centre's ${capacity.cores} cores and ${capacity.memoryMib} MiB`,
      };
    let [cores, memoryMib] = [capacity.cores, capacity.memoryMib];
    for (const room of admitted.values()) [cores, memoryMib] = [cores - room.cores, memoryMib - room.memoryMib];
    if (allocation.coresPerNode <= cores && allocation.memoryMibPerNode <= memoryMib) return null;
    return { kind: "busy", words: `${asked} asked, ${cores} cores and ${memoryMib} MiB are free` };
  }

  function placeOf(run: RunId): RunPlace {
    const folder = `${text(facts, "runs")}/${run}`;
    return {
      work: `${folder}/work`,
      temporary: `${folder}/tmp`,
      user: text(facts, "mode") === "root" ? null : ordinaryUser(),
      bin: text(facts, "bin") ?? "/usr/bin",
      node,
      centre: environment.WEIR_CENTRE ?? "local",
      language: environment.LANG ?? "C.UTF-8",
      moduleInit: usualModuleInits.find((path) => existsSync(path)) ?? null,
    };
  }

  async function find(only?: readonly RunId[]): Promise<readonly FoundRun[]> {
    const frame = await launcher.ask(
      "list",
      (only ?? []).map((run): Field => ["run", run]),
    );
    const found = listed(frame);
    for (const one of found) if (one.state === "running") admitted.set(one.run, one.room);
    return found.map((one) =>
      one.state === "running"
        ? { run: one.run, state: one.state, startedMs: one.startedMs, nodes: node }
        : { ...one, observation: { ...one.observation, nodes: node } },
    );
  }

  return {
    name: "process",
    find,

    async describe() {
      try {
        facts = await launcher.ask("describe", []);
      } catch (error) {
        if (!(error instanceof LauncherGone)) throw error;
        facts = new Map([...facts, ["launcher", [Buffer.from("it does not answer; it is being started again")]]]);
      }
      const mechanisms: Record<string, string> = {};
      for (const name of [
        "identity",
        "ending",
        "memory",
        "processes",
        "folders",
        "uids",
        "uidsInUse",
        "quarantine",
        "launcher",
      ]) {
        const value = text(facts, name);
        if (value) mechanisms[name] = value;
      }
      const runsFolder = text(facts, "runs") ?? undefined;
      const offers = { ...noOffers, software: await software(), fileSystems: await fileSystemsHere(), runsFolder };
      return { pools: [oneMachine(node, capacity)], offers, mechanisms };
    },

    async start(order): Promise<StartAnswer> {
      const refusal = admit(order);
      if (refusal) return refusal;
      admitted.set(order.run, { cores: order.allocation.coresPerNode, memoryMib: order.allocation.memoryMibPerNode });
      // Where this throws, the start is in doubt and its room stays taken until the launcher is back and says.
      const answer = await launcher.ask("start", startFields(prepared(order, means), placeOf(order.run), settings));
      if (text(answer, "ok") === "1") return { kind: "started" };
      const error = text(answer, "error");
      const words = text(answer, "words") ?? "";
      // Whether a run that is already there still takes room, `find` says.
      admitted.delete(order.run);
      if (error === "already-there") return { kind: "already-there" };
      // Too late is no fault: whoever asks again sees for himself that the lease has passed.
      return error === "busy" || error === "too-late" ? { kind: "busy", words } : { kind: "refused", words };
    },

    async cancel(run, warn = false) {
      const answer = await launcher.ask("kill", [
        ["run", run],
        ["cause", "cancelled"],
        ["warn", warn ? 1 : 0],
      ]);
      if (text(answer, "ok") === "1") return "cancelling";
      const error = text(answer, "error");
      if (error === "not-there" || error === "already-ended") return error;
      throw new Error(`the launcher refused to end ${run}: ${text(answer, "words")}`);
    },

    listen(onObservation) {
      listener = onObservation;
    },

    async readLog(run, stream, from, maxBytes) {
      const read = (offset: number, max: number) =>
        launcher.ask("read", [
          ["run", run],
          ["stream", stream],
          ["offset", offset],
          ["max", max],
        ]);
      // From the end: the launcher counts from the beginning only, and says the size with any piece.
      const size = from < 0 ? Number(text(await read(0, 1), "size") ?? 0) : 0;
      const offset = from < 0 ? Math.max(0, size + from) : from;
      const answer = await read(offset, Math.min(maxBytes, 2 ** 20));
      const bytes = answer.get("bytes")?.[0];
      if (!bytes) return { kind: "none", words: text(answer, "words") ?? "" };
      return {
        kind: "bytes",
        bytes,
        offset,
        sizeBytes: Number(text(answer, "size")),
        final: text(answer, "final") === "1",
      };
    },

    async remove(run) {
      const answer = await launcher.ask("remove", [["run", run]]);
      if (text(answer, "ok") !== "1") throw new Error(`${run} cannot be removed: ${text(answer, "words")}`);
    },

    async close() {
      launcher.close();
    },
  };
}

export type ProcessDriver = Driver;

type Room = { readonly cores: number; readonly memoryMib: number };

type Listed =
  | { readonly run: RunId; readonly state: "running"; readonly startedMs: number; readonly room: Room }
  | { readonly run: RunId; readonly state: "ended"; readonly observation: ReturnType<typeof endedObservation> };

/** A run without `started` is not in the list: it never ran, and its folder is gone. */
function listed(frame: Frame): Listed[] {
  const list: Listed[] = [];
  const [runs, started, ended] = [frame.get("run") ?? [], frame.get("started") ?? [], frame.get("ended") ?? []];
  for (const [at, name] of runs.entries()) {
    const run = runOf(name.toString());
    const begun = factsOf(started[at]?.toString() ?? "");
    const over = factsOf(ended[at]?.toString() ?? "");
    if (over) list.push({ run, state: "ended", observation: endedObservation(run, over) });
    else if (begun) {
      const room = {
        cores: Number(begun.get("cores")),
        memoryMib: Math.round(Number(begun.get("memoryBytes")) / 2 ** 20),
      };
      list.push({ run, state: "running", startedMs: Number(begun.get("startedMs")), room });
    }
  }
  return list;
}

function observationOf(frame: Frame, kind: "started" | "ended", node: string): RunObservation | null {
  const run = runOf(text(frame, "run") ?? "");
  const facts = factsOf(text(frame, kind) ?? "");
  if (!facts) return null;
  return kind === "started" ? startedObservation(run, facts, node) : endedObservation(run, facts);
}

function runOf(name: string): RunId {
  const ref = parseRunId(name);
  if (!ref) throw new Error(`the launcher named a run ${JSON.stringify(name)}`);
  return runId(ref);
}

function startFields(order: RunOrder, place: RunPlace, settings: ProcessSettings): Field[] {
  const { work } = order;
  const facts: PatternFacts = {
    job: order.taskJob,
    array: order.array ? { job: order.job, index: order.index } : null,
    name: order.name,
    user: place.user?.name ?? order.person.name,
    node: place.node,
  };
  const stdout = order.stdout === null ? "" : expandPattern(order.stdout, facts);
  const stderr = order.stderr === null ? stdout : expandPattern(order.stderr, facts);
  return [
    ["run", order.run],
    ["startBefore", Number(process.hrtime.bigint() / 1_000_000n) + Math.floor(order.startWithinMs)],
    ["timeLimitMs", order.timeLimitS * 1000],
    ["graceMs", order.graceS * 1000],
    ["warnSignal", order.warning ? constants.signals[`SIG${order.warning.signal}`] : 0],
    ["warnBeforeMs", 1000 * (order.warning?.beforeS ?? 0)],
    ["memoryBytes", order.allocation.memoryMibPerNode * 2 ** 20],
    ["processes", settings.processes],
    ["logCapBytes", settings.logCapBytes],
    ["cores", order.allocation.coresPerNode],
    ["cwd", order.workingDirectory ?? ""],
    ["stdout", stdout],
    ["stderr", stderr],
    // As `fileSystemsHere` names them.
    ...(order.demands?.fileSystems ?? []).map((name): Field => ["writable", `/${name}`]),
    ...(work.kind === "script" ? [["script", work.text] satisfies Field] : []),
    ...(work.kind === "script" ? work.arguments : work.argv).map((argument): Field => ["arg", argument]),
    ...Object.entries(jobEnvironment(order, place)).map(([name, value]): Field => ["env", `${name}=${value}`]),
    ...order.inputFiles.flatMap((file): Field[] => [
      ["file", file.path],
      ["fileMode", file.executable ? "x" : "-"],
      ["fileData", Buffer.from(file.contentBase64, "base64")],
    ]),
  ];
}

/** What only a centre with tables of its own could honour; the server knows from its report that it has none. */
function beyond({ demands }: RunOrder): string | null {
  if (!demands) return null;
  const [kind] = Object.keys(demands.siteWords).filter((one) => one !== "nodelist");
  if (kind !== undefined) return `a process centre has no table of words for --${kind}`;
  if (demands.container !== null) return "a process centre has no runtime for containers";
  const [licence] = demands.licences;
  return licence ? `a process centre has no licences; the job asks for ${licence.name}` : null;
}

function ordinaryUser(): NonNullable<RunPlace["user"]> {
  try {
    const { username, homedir, shell } = userInfo();
    return { name: username, home: homedir, shell: shell ?? "/bin/sh" };
  } catch {
    // A uid without an account, as in some containers.
    return { name: String(process.getuid?.() ?? ""), home: "/", shell: "/bin/sh" };
  }
}

/** The machine, or the container it is in where that has less. */
function machineFacts(): { readonly cores: number; readonly memoryBytes: number } {
  const limit = process.constrainedMemory();
  return { cores: availableParallelism(), memoryBytes: limit > 0 ? Math.min(totalmem(), limit) : totalmem() };
}
