import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { sampleAllocation, sampleOrder } from "#core/sample-testing.ts";
import { openProcessDriver, type ProcessDriver, type ProcessSettings, usualSettings } from "./driver.ts";

/** For tests and measurements: a launcher of its own home, with a driver connected to it. As root it runs in root mode. */
export type Sandbox = {
  readonly home: string;
  readonly driver: ProcessDriver;
  readonly launcher: () => ChildProcess;
  /** The uids that jobs may have, and the agent's; unused as an ordinary user. */
  readonly jobUids: readonly number[];
  readonly agentUid: number;
  /** Starts a shell script and resolves with its run once the driver says that it was started. */
  readonly start: (script: string, changes?: Partial<RunOrder>) => Promise<RunId>;
  readonly ended: (run: RunId) => Promise<Ended>;
  /** Starts it and waits for its end. */
  readonly run: (script: string, changes?: Partial<RunOrder>) => Promise<Ended>;
  readonly log: (run: RunId, stream?: "stdout" | "stderr") => Promise<string>;
  readonly killLauncher: () => Promise<void>;
  readonly startLauncher: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Ended = Extract<RunObservation, { kind: "ended" }>;

type SandboxSettings = Partial<ProcessSettings> & {
  readonly uids?: number;
  readonly home?: string;
  /** What the launcher is started by, its own command behind it. */
  readonly through?: readonly string[];
};

export const isRoot = process.getuid?.() === 0;

export async function openSandbox(
  options: readonly string[] = [],
  settings: SandboxSettings = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Sandbox> {
  const home = settings.home ?? mkdtempSync(join(isRoot ? "/var/tmp" : tmpdir(), "weir-"));
  if (isRoot) chmodSync(home, 0o755);
  // Where the jobs' users can read it, wherever this repository lies.
  const programs = join(home, "programs");
  cpSync(new URL("../../launcher", import.meta.url).pathname, programs, { recursive: true });
  // A range of its own for each test process: nobody else's job is ever meant.
  const firstUid = 10_000_000 + process.pid * 100 + (sandboxes++ % 3) * 32;
  const jobUids = Array.from({ length: settings.uids ?? 16 }, (_, at) => firstUid + at);
  const agentUid = firstUid + 31;
  const asRoot = isRoot ? ["--agent", `${agentUid}:${agentUid}`, "--job-uids", jobUids.join(",")] : [];

  let child: ChildProcess;
  async function startLauncher(): Promise<void> {
    const [program = "", ...words] = [...(settings.through ?? []), join(programs, "weir-launcher")];
    child = spawn(program, [...words, "--home", home, ...asRoot, ...options], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      env: { ...process.env, ...environment, WEIR_CONTROL_FD: "3" },
    });
    const control = child.stdio[3];
    if (!control) throw new Error("no control channel");
    await Promise.race([
      once(control, "data"),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`the launcher ended with status ${code}`))),
    ]);
  }
  await startLauncher();
  const driver = await openProcessDriver(
    { WEIR_LAUNCHER_SOCKET: join(home, "launcher", "launcher.sock"), WEIR_LOCAL_CORES: "64", ...environment },
    () => {},
    { ...usualSettings, ...settings },
  );

  const ends = new Map<RunId, PromiseWithResolvers<Ended>>();
  const endOf = (run: RunId) => {
    const known = ends.get(run) ?? Promise.withResolvers<Ended>();
    ends.set(run, known);
    return known;
  };
  driver.listen((observation) => {
    if (observation.kind === "ended") endOf(observation.run).resolve(observation);
  });

  const sandbox: Sandbox = {
    home,
    driver,
    launcher: () => child,
    jobUids,
    agentUid,
    async start(script, changes = {}) {
      const order = orderFor(script, changes);
      const answer = await driver.start(order);
      if (answer.kind !== "started") throw new Error(`not started: ${JSON.stringify(answer)}`);
      return order.run;
    },
    ended: (run) => endOf(run).promise,
    run: async (script, changes) => sandbox.ended(await sandbox.start(script, changes)),
    async log(run, stream = "stdout") {
      const read = await driver.readLog(run, stream, 0, 2 ** 20);
      return read.kind === "bytes" ? Buffer.from(read.bytes).toString() : "";
    },
    async killLauncher() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    startLauncher,
    async close() {
      await driver.close();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
        // A launcher that leaves in order leaves no control groups either, unless a run is still in them.
        const left = groupsOf(home);
        if (left.length > 0) throw new Error(`control groups are left: ${left.join(" ")}`);
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
  return sandbox;
}

function groupsOf(home: string): string[] {
  const name = `weir${home.replace(/\W+/g, "-")}`;
  return ["unified", "pids", "memory", ""]
    .map((kind) => join("/sys/fs/cgroup", kind, name))
    .filter((path) => existsSync(path));
}

let sandboxes = 0;
let jobs = 0;

/** A new run of a shell script (without `#!` it is given /bin/sh), asking for one core. */
export function orderFor(script: string, changes: Partial<RunOrder> = {}): RunOrder {
  const text = script.startsWith("#!") ? script : `#!/bin/sh\n${script}\n`;
  return sampleOrder(++jobs, {
    name: "probe",
    work: { kind: "script", text, arguments: [] },
    allocation: { ...sampleAllocation, memoryMibPerNode: 128 },
    startWithinMs: 120_000,
    ...changes,
  });
}
