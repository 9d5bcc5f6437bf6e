import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient } from "#api/client.ts";

/**
 * A whole network for a test: a home of its own, a port of its own, the very processes that `npm start` runs. Needs the
 * bundles in dist/, which the bootstrap before `npm test` has built.
 */
export type Network = {
  readonly home: string;
  readonly url: string;
  readonly token: string;
  readonly supervisor: ChildProcess;
  /** What the supervisor printed so far. */
  readonly printed: () => string;
  /** Living processes of this network by what they are. */
  readonly pids: (what: "server" | "agent" | "postgres" | "launcher") => readonly number[];
  /** `weir` with these arguments against this network. */
  readonly weir: (args: readonly string[], input?: WeirInput) => Promise<WeirRun>;
  /** SIGTERM to the supervisor, and waits for its end; the home stays. */
  readonly stop: () => Promise<number | null>;
  /** Stops what still runs and removes the home. */
  readonly remove: () => Promise<void>;
};

export type WeirInput = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program to call, where it is not the built one itself: the launcher, as a user's shell finds it. */
  readonly program?: string;
};
export type WeirRun = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export const repository = dirname(dirname(fileURLToPath(import.meta.url)));

export async function startNetwork(options: {
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly withinMs?: number;
}): Promise<Network> {
  const home = options.home ?? makeHome();
  const env = { ...cleanEnvironment(), WEIR_HOME: home, WEIR_PORT: "0", ...options.env };
  const supervisor = spawn(process.execPath, [join(repository, "dist/start.mjs")], {
    env,
    cwd: repository,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [supervisor.stdout, supervisor.stderr]) stream.on("data", (piece) => (printed += piece));
  const gone = new Promise<number | null>((resolve) => supervisor.on("exit", resolve));

  const deadline = performance.now() + (options.withinMs ?? 240_000);
  let url = "";
  while (url === "") {
    if (supervisor.exitCode !== null || performance.now() > deadline)
      throw new Error(`the network did not start (status ${supervisor.exitCode}):\n${printed}\n${logTails(home)}`);
    url = /https?:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0] ?? "";
    await delay(20);
  }
  const token = readFileSync(join(home, "token"), "utf8").trim();

  const stop = async () => {
    if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill("SIGTERM");
    return gone;
  };
  return {
    home,
    url,
    token,
    supervisor,
    printed: () => printed,
    pids: (what) => pidsOf(home, what),
    weir: (args, input) => runWeir(args, { ...env, WEIR_SERVER: url, ...input?.env }, input),
    stop,
    async remove() {
      await stop();
      for (const pid of [...processesOf(home), ...wrappersOf(home)]) killQuietly(pid);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** As root in a place that the system users reach and that no job's private temporary folder hides. */
export function makeHome(): string {
  const home = mkdtempSync(process.getuid?.() === 0 ? "/var/lib/weir-test-" : join(tmpdir(), "weir-test-"));
  chmodSync(home, 0o755);
  return home;
}

/** Until the scheduler has heard what the local centre has: it is connected a moment before. */
export async function takesWork(network: Pick<Network, "url" | "token">): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  await eventually("the local centre takes work", async () => {
    const dry = await client.call("dryRun", { body: { command: ["true"] } });
    return dry.kind === "answer" && dry.value.wouldGoTo === "local" ? true : null;
  });
}

/**
 * Until `probe` gives something other than null; says what was awaited when it does not come. What is as it should be
 * comes at once: only a machine that is busy takes this long.
 */
export async function eventually<Value>(
  what: string,
  probe: () => Promise<Value | null>,
  withinMs = 180_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const beganMs = performance.now();
    const value = await probe();
    if (value !== null) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    // A probe that is a whole command takes no more than half a core.
    await delay(Math.max(50, performance.now() - beganMs));
  }
}

function cleanEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "LANG", "LC_ALL", "TZ"]) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function runWeir(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { cwd = repository, program }: WeirInput = {},
): Promise<WeirRun> {
  const built = [process.execPath, join(repository, "dist/weir.mjs")] as const;
  const [command, ...before] = program === undefined ? built : [program];
  const child = spawn(command, [...before, ...args], {
    env: { ...env },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (piece) => (stdout += piece));
  child.stderr.on("data", (piece) => (stderr += piece));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}

function pidsOf(home: string, what: "server" | "agent" | "postgres" | "launcher"): number[] {
  return processesOf(home).filter((pid) => {
    const line = read(`/proc/${pid}/cmdline`);
    if (what === "postgres") return /\/postgres\0/.test(line) && line.includes(home);
    return line.includes(what === "launcher" ? "weir-launcher" : `/${what}.mjs`);
  });
}

/** Every process that names this home in its environment or on its command line, without the caller's own. */
export function processesOf(home: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      if (pid === process.pid) return false;
      const environment = read(`/proc/${pid}/environ`);
      return environment.includes(`WEIR_HOME=${home}\0`) || read(`/proc/${pid}/cmdline`).includes(home);
    });
}

/** Runs outlive their network on purpose; a test's must not. A job dies with its wrapper. */
function wrappersOf(home: string): number[] {
  const runs = join(home, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs).flatMap((run) => {
    if (existsSync(join(runs, run, "ended"))) return [];
    const pid = Number(/^pid=(\d+)$/m.exec(read(join(runs, run, "started")))?.[1] ?? 0);
    return read(`/proc/${pid}/cmdline`).includes(`weir-run ${run}`) ? [pid] : [];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function logTails(home: string): string {
  const folder = join(home, "log");
  if (!existsSync(folder)) return "";
  return readdirSync(folder)
    .map((name) => `--- ${name}\n${read(join(folder, name)).slice(-2000)}`)
    .join("\n");
}
