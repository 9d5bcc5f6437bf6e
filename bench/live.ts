import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "#api/client.ts";
import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { eventually, type Network, repository, startNetwork } from "../test/network.ts";
import { figure } from "./figures.ts";
import { quantile, send } from "./load.ts";
import { cpuMs } from "./slurm-rest.ts";

const centres = 100;
const coresEach = 4;
const submitsPerS = 200;
const readsPerS = 100;
const phaseS = 15;
/** A file system in memory, where there is one. */
const memory = "/dev/shm";
/** Starts per second that are asked for, in turn; what is reached is measured. */
const rates = [10, 20, 40, 80, 160];

/**
 * The whole server while its scheduler works: submissions and reads at a steady rate, first with nothing to place, then
 * while 100 simulated centres are kept full of runs, at rising rates of starts, and the highest that keeps both latencies.
 * Everything runs on this machine: the load, PostgreSQL, the server, and the agent that plays all centres. In truth that
 * would be a hundred machines with a hundred disks, so it gives way to the others and has its journals in memory. Rates
 * behind the first that half the rounds cannot keep are not tried.
 */
export async function live(rounds: number): Promise<void> {
  const network = await startNetwork({ env: { WEIR_LOCAL_CORES: "1", WEIR_LOG: "warn" } });
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "weir-bench-live-"));
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const simulation = await simulate(network, client, folder);
  const busy = { command: ["sleep", "36000"], centres: { only: ["local"] }, memoryMibPerNode: 16, timeLimitS: 36_000 };
  const filling = await client.call("submit", { body: busy });
  if (filling.kind !== "answer") throw new Error(filling.problem.detail);
  const load = `${submitsPerS}/s submitted, ${readsPerS}/s read`;
  let highest = 0;
  try {
    // What is compiled in the first seconds is no part of an idle server's latency.
    await measure(network, simulation, async () => 0);
    for (const startsPerS of rates) {
      const pairs: Pair[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const idle = await measure(network, simulation, async () => 0);
        const backlog = await keepFull(client, startsPerS);
        const busy = await measure(network, simulation, backlog.started);
        await backlog.end();
        pairs.push({ idle, busy });
        process.stderr.write(`${JSON.stringify({ startsPerS, idle, busy })}\n`);
      }
      const reached = pairs.map(({ busy }) => busy.startsPerS);
      figure(`${load}: starts, ${startsPerS}/s asked for`, "/s", "", reached);
      let keeps = true;
      // What the latencies share this machine with, and how late the load itself was in sending.
      for (const who of ["server", "PostgreSQL", "agent", "load"] as const)
        for (const phase of ["idle", "busy"] as const)
          figure(
            `CPU: ${who}, ${phase === "idle" ? "scheduler idle" : `${startsPerS} starts/s`}`,
            "cores",
            "",
            pairs.map((pair) => pair[phase].cores[who]),
          );
      for (const phase of ["idle", "busy"] as const)
        figure(
          `load sent late by, p99, ${phase === "idle" ? "scheduler idle" : `${startsPerS} starts/s`}`,
          "ms",
          "",
          pairs.map((pair) => pair[phase].lateP99Ms),
        );
      for (const kind of ["submit", "read"] as const)
        for (const [part, promise] of [
          ["p50Ms", 1.1],
          ["p99Ms", 2],
        ] as const) {
          const ratios = pairs.map(({ idle, busy }) => busy[kind][part] / idle[kind][part]);
          const what = `${kind}, ${part === "p50Ms" ? "median" : "p99"}`;
          figure(
            `${what}, scheduler idle`,
            "ms",
            "",
            pairs.map(({ idle }) => idle[kind][part]),
          );
          figure(`${what} with ${startsPerS} starts/s / idle`, "", `≤ ${promise}`, ratios);
          if (!(quantile(ratios, 0.5) <= promise)) keeps = false;
        }
      if (!keeps) break;
      highest = quantile(reached, 0.5);
    }
    figure(`${load}: most starts that keep medians ≤ 1.1 × and p99 ≤ 2 × of idle`, "/s", "", [highest]);
  } finally {
    simulation.kill("SIGTERM");
    await network.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Pair = { readonly idle: Measured; readonly busy: Measured };

/** Brings the centres into service: their connection tests run at once. */
async function simulate(network: Network, client: Client, folder: string): Promise<ChildProcess> {
  const nodes = [{ names: "n1", cores: coresEach, memoryMib: 65_536 }];
  const named = Array.from({ length: centres }, (_, i) => [
    `c${String(i).padStart(3, "0")}`,
    { pools: [{ name: "batch", nodes }] },
  ]);
  const file = join(folder, "network.json");
  writeFileSync(file, JSON.stringify({ centres: Object.fromEntries(named) }));
  const env = { ...process.env, WEIR_HOME: network.home, WEIR_SERVER: network.url };
  const words = [
    join(repository, "tools/weir.mjs"),
    "centre",
    "simulate",
    file,
    "--test",
    "--state",
    join(folder, "state"),
  ];
  const simulation = spawn(process.execPath, words, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (simulation.pid !== undefined) setPriority(simulation.pid, 10);
  await eventually(
    "all centres are in service",
    async () => {
      const page = await client.call("centres", { query: { limit: 1000 } });
      if (page.kind !== "answer") return null;
      const ready = page.value.centres.filter(
        (centre) => centre.lifeCycle === "in-service" && centre.driver === "simulated",
      );
      return ready.length === centres ? ready : null;
    },
    600_000,
  );
  return simulation;
}

type Backlog = { readonly started: () => Promise<number>; readonly end: () => Promise<void> };

/**
 * An array of runs enough to fill all centres twice and then for the phase, of very different lengths, so that they do not
 * end all at once; ends with what is left of it cancelled and the centres empty.
 */
async function keepFull(client: Client, startsPerS: number): Promise<Backlog> {
  const slots = centres * coresEach;
  const meanRunS = slots / startsPerS;
  const body = {
    command: ["true"],
    array: `1-${2 * slots + startsPerS * (phaseS + 30)}`,
    environment: { WEIR_SIM: `run=${(0.05 * meanRunS).toFixed(2)}s..${(1.95 * meanRunS).toFixed(2)}s` },
    memoryMibPerNode: 16,
    timeLimitS: Math.ceil(2 * meanRunS) + 60,
  };
  const reply = await client.call("submit", { body });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  const params = { job: reply.value.id };
  const counts = () =>
    eventually("the array's counts", async () => {
      const job = await client.call("job", { params });
      return job.kind === "answer" ? job.value.counts : null;
    });
  await eventually(
    "as many runs have ended as there is room for",
    async () => ((await counts()).ended >= slots ? true : null),
    120_000 + 4000 * meanRunS,
  );
  return {
    async started() {
      const { running, ended } = await counts();
      return running + ended;
    },
    async end() {
      await client.call("cancel", { params, body: {} });
      await eventually("its end", async () => {
        const page = await client.call("job", { params });
        return page.kind === "answer" && page.value.state === "ended" ? true : null;
      });
      await delay(1000);
    },
  };
}

type Latency = { readonly p50Ms: number; readonly p99Ms: number };
type Measured = {
  readonly submit: Latency;
  readonly read: Latency;
  readonly startsPerS: number;
  readonly cores: Readonly<Record<Sharer, number>>;
  readonly lateP99Ms: number;
};
type Sharer = "server" | "PostgreSQL" | "agent" | "load";

/**
 * At their rates, whether or not the one before was answered, each at some moment of its own slot, so that neither kind
 * always comes behind the other. Timed from its sending: timers have whole milliseconds, and how late they send is told
 * beside, since what a steady load takes of a quick server is less than one.
 */
async function measure(network: Network, simulation: ChildProcess, started: () => Promise<number>): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const base = new URL(network.url);
  // Names the centre of this machine, whose one core is busy: they queue, and nothing of them starts.
  const body = JSON.stringify({
    command: ["true"],
    centres: { only: ["local"] },
    coresPerTask: 1,
    memoryMibPerNode: 16,
    timeLimitS: 60,
  });
  const took = { submit: [] as number[], read: [] as number[] };
  const open: Promise<void>[] = [];
  const call = async (kind: Kind) => {
    const sentMs = performance.now();
    await send(
      agent,
      base,
      network.token,
      kind === "submit"
        ? { method: "POST", path: "/api/v1/jobs", body }
        : { method: "GET", path: "/api/v1/jobs?limit=20" },
    );
    took[kind].push(performance.now() - sentMs);
  };
  const before = await started();
  const late: number[] = [];
  const spentBefore = spentMs(network, simulation);
  const beginMs = performance.now();
  for (const { kind, atMs } of schedule()) {
    const dueMs = beginMs + atMs;
    if (dueMs > performance.now()) await delay(Math.ceil(dueMs - performance.now()));
    late.push(performance.now() - dueMs);
    open.push(call(kind));
  }
  await Promise.all(open);
  const seconds = (performance.now() - beginMs) / 1000;
  const spent = spentMs(network, simulation);
  const coresOf = (who: Sharer) => (spent[who] - spentBefore[who]) / 1000 / seconds;
  agent.destroy();
  const latency = (samples: readonly number[]) => ({ p50Ms: quantile(samples, 0.5), p99Ms: quantile(samples, 0.99) });
  return {
    submit: latency(took.submit),
    read: latency(took.read),
    startsPerS: ((await started()) - before) / seconds,
    cores: {
      server: coresOf("server"),
      PostgreSQL: coresOf("PostgreSQL"),
      agent: coresOf("agent"),
      load: coresOf("load"),
    },
    lateP99Ms: quantile(late, 0.99),
  };
}

type Kind = "submit" | "read";

/** What is sent when, from the beginning of a phase; the same in each. */
function schedule(): readonly { readonly kind: Kind; readonly atMs: number }[] {
  const generator = createGenerator(1);
  const slots = (kind: Kind, perS: number) =>
    Array.from({ length: phaseS * perS }, (_, slot) => ({ kind, atMs: (slot * 1000 + generator.below(1000)) / perS }));
  return [...slots("submit", submitsPerS), ...slots("read", readsPerS)].toSorted((a, b) => a.atMs - b.atMs);
}

/** CPU time so far of all that shares this machine. */
function spentMs(network: Network, simulation: ChildProcess): Readonly<Record<Sharer, number>> {
  const { user, system } = process.cpuUsage();
  const below = (pid: number): number => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
      return children.reduce((all, child) => all + below(Number(child)), cpuMs(pid));
    } catch {
      // Gone meanwhile: whoever waited for it has its time.
      return 0;
    }
  };
  const all = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + below(pid), 0);
  return {
    server: all(network.pids("server")),
    PostgreSQL: all(network.pids("postgres").slice(0, 1)),
    agent: all(simulation.pid === undefined ? [] : [simulation.pid]),
    load: (user + system) / 1000,
  };
}

if (import.meta.main) await live(Number(process.env.WEIR_BENCH_ROUNDS ?? 1));
