import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "#api/client.ts";
import { eventually, type Network, repository, startNetwork } from "../test/network.ts";
import { figure } from "./figures.ts";
import { quantile, send } from "./load.ts";

const centres = 100;
const coresEach = 8;
const submitsPerS = 200;
const readsPerS = 100;
const phaseS = 15;

/**
 * The whole server while its scheduler works: submissions and reads at a steady rate, first with nothing to place, then
 * while 100 simulated centres are kept full of short runs, at rising rates of starts. Everything runs on this machine:
 * the load, PostgreSQL, the server, and the agent that plays all centres.
 */
export async function live(rounds: number): Promise<void> {
  const network = await startNetwork({ env: { WEIR_LOCAL_CORES: "1", WEIR_LOG: "warn" } });
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-live-"));
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const simulation = await simulate(network, client, folder);
  const busy = { command: ["sleep", "36000"], centres: { only: ["local"] }, memoryMibPerNode: 16, timeLimitS: 36_000 };
  const filling = await client.call("submit", { body: busy });
  if (filling.kind !== "answer") throw new Error(filling.problem.detail);
  try {
    for (const startsPerS of [25, 50, 100, 200, 400]) {
      const ratios = { median: [] as number[], p99: [] as number[], starts: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        const idle = await measure(network, async () => 0);
        const backlog = await keepFull(client, startsPerS);
        const busy = await measure(network, backlog.started);
        await backlog.end();
        ratios.median.push(busy.p50Ms / idle.p50Ms);
        ratios.p99.push(busy.p99Ms / idle.p99Ms);
        ratios.starts.push(busy.startsPerS);
        process.stderr.write(`${JSON.stringify({ startsPerS, idle, busy })}\n`);
      }
      figure(
        `starts while ${submitsPerS}/s are submitted and ${readsPerS}/s read`,
        "/s",
        `${startsPerS}`,
        ratios.starts,
      );
      figure("median latency / with the scheduler idle", "", "≤ 1.1", ratios.median);
      figure("p99 latency / with the scheduler idle", "", "≤ 2", ratios.p99);
    }
  } finally {
    simulation.kill("SIGTERM");
    await network.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

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

/** Arrays of short runs enough for the phase; ends with what is left of them cancelled and the centres empty. */
async function keepFull(client: Client, startsPerS: number): Promise<Backlog> {
  const runS = (centres * coresEach) / startsPerS;
  const body = {
    command: ["true"],
    array: `1-${Math.min(100_000, startsPerS * (phaseS + 20))}`,
    environment: { WEIR_SIM: `run=${runS}s` },
    memoryMibPerNode: 16,
    timeLimitS: 60,
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
    "the first runs have ended",
    async () => ((await counts()).ended > centres * coresEach ? true : null),
    60_000 + 3000 * runS,
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

type Measured = { readonly p50Ms: number; readonly p99Ms: number; readonly startsPerS: number };

/** At their rates, whether or not the one before was answered: what waits for the server is part of the latency. */
async function measure(network: Network, started: () => Promise<number>): Promise<Measured> {
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
  const took: number[] = [];
  const open: Promise<void>[] = [];
  const call = async (path: string, post: boolean, dueMs: number) => {
    await send(agent, base, network.token, post ? { method: "POST", path, body } : { method: "GET", path });
    took.push(performance.now() - dueMs);
  };
  const before = await started();
  const beginMs = performance.now();
  for (let tick = 0; tick < phaseS * 100; tick += 1) {
    const dueMs = beginMs + tick * 10;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    for (let i = 0; i < submitsPerS / 100; i += 1) open.push(call("/api/v1/jobs", true, dueMs));
    for (let i = 0; i < readsPerS / 100; i += 1) open.push(call("/api/v1/jobs?limit=20", false, dueMs));
  }
  await Promise.all(open);
  const seconds = (performance.now() - beginMs) / 1000;
  agent.destroy();
  return {
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    startsPerS: ((await started()) - before) / seconds,
  };
}

if (import.meta.main) await live(Number(process.env.WEIR_BENCH_ROUNDS ?? 1));
