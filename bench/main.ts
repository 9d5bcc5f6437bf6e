import { spawn } from "node:child_process";
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "#api/client.ts";
import { eventually, type Network, repository, startNetwork } from "../test/network.ts";
import { figure, table } from "./figures.ts";
import { list } from "./list.ts";
import { live } from "./live.ts";
import { load, quantile, send } from "./load.ts";
import { packing } from "./packing.ts";
import { parse } from "./parse.ts";
import { costOfEach, type ProcessorTime, processorTime } from "./processor-time.ts";
import { quality } from "./quality.ts";
import { simulate } from "./simulate.ts";
import { slurm } from "./slurm.ts";
import { slurmChain } from "./slurm-chain.ts";
import { slurmRest } from "./slurm-rest.ts";
import { slurmShared } from "./slurm-shared.ts";
import { slurmWide } from "./slurm-wide.ts";
import { start } from "./start.ts";
import { worldScale } from "./world-curves.ts";

/**
 * `npm run bench`: the speed and memory that Weir promises, measured on a network of its own, as JSON lines and a table.
 * Each figure is the median of several rounds with its least and greatest; where a yardstick is named, both are
 * measured in the same round and the ratio is quoted. `npm run bench -- NAME…` measures only those.
 */
const rounds = Number(process.env.WEIR_BENCH_ROUNDS ?? 5);

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  calibration,
  idle,
  start: () => start(rounds),
  latency,
  submits,
  bulk,
  array,
  processes,
  command,
  slurm,
  slurmRest,
  slurmChain,
  slurmWide,
  slurmShared,
  parse,
  packing,
  simulate,
  quality,
  worldScale,
  list: () => list(rounds),
  live: () => live(Number(process.env.WEIR_BENCH_ROUNDS ?? 1)),
};

const asked = process.argv.slice(2);
for (const [name, measure] of Object.entries(measurements))
  if (asked.length === 0 || asked.includes(name)) await measure();
table();

/** What this machine does today: a fixed loop on one core, and 1 000 small synced writes. */
async function calibration(): Promise<void> {
  const loops: number[] = [];
  const syncs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    let x = 1;
    for (let i = 0; i < 50_000_000; i += 1) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    if (x === 0) throw new Error("the loop was left out");
    loops.push(performance.now() - startedMs);
    syncs.push(thousandSyncs());
  }
  figure("calibration: 50 M steps of a fixed loop", "ms", "", loops);
  figure("calibration: 1 000 synced writes", "ms", "", syncs);
}

function thousandSyncs(): number {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const file = openSync(join(folder, "file"), "w");
  const startedMs = performance.now();
  for (let i = 0; i < 1000; i += 1) {
    writeSync(file, "0123456789abcdef");
    fsyncSync(file);
  }
  const tookMs = performance.now() - startedMs;
  closeSync(file);
  rmSync(folder, { recursive: true });
  return tookMs;
}

async function idle(): Promise<void> {
  const server: number[] = [];
  const agent: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await withNetwork({}, async (network) => {
      await delay(3000);
      server.push(residentMib(network.pids("server")));
      agent.push(residentMib(network.pids("agent")));
    });
  }
  figure("server, resident when idle", "MiB", "≤ 250", server);
  figure("agent, resident when idle", "MiB", "≤ 80", agent);
}

/** From before the request is sent until the event `running` has reached a listener; one job at a time, 200 a round. */
async function latency(): Promise<void> {
  const medians: number[] = [];
  const p99s: number[] = [];
  const starts: number[] = [];
  await withNetwork({}, async (network) => {
    const client = createClient({ baseUrl: network.url, token: () => network.token });
    const stop = new AbortController();
    const stream = await client.stream("events", {}, { signal: stop.signal });
    if (stream.kind !== "stream") throw new Error(stream.problem.detail);
    const running = new Map<number, number>();
    let heard: () => void = () => {};
    const listening = (async () => {
      for await (const message of stream.messages) {
        if (message.kind !== "data" || message.value.state !== "running") continue;
        running.set(message.value.job, performance.now());
        heard();
      }
    })().catch(() => {});
    const oneJob = async () => {
      const sentMs = performance.now();
      const sentWallMs = Date.now();
      const reply = await client.call("submit", { body: { command: ["true"], memoryMibPerNode: 16, timeLimitS: 60 } });
      if (reply.kind !== "answer") throw new Error(reply.problem.detail);
      const id = reply.value.id;
      while (!running.has(id)) await new Promise<void>((resolve) => (heard = resolve));
      const job = await untilEnded(network, id);
      return {
        seenMs: (running.get(id) ?? 0) - sentMs,
        startMs: Math.max(0, (job.startedMs ?? 0) - sentWallMs),
      };
    };
    for (let i = 0; i < 20; i += 1) await oneJob();
    for (let round = 0; round < rounds; round += 1) {
      const each: Awaited<ReturnType<typeof oneJob>>[] = [];
      for (let i = 0; i < 200; i += 1) each.push(await oneJob());
      const seen = each.map(({ seenMs }) => seenMs);
      medians.push(quantile(seen, 0.5));
      p99s.push(quantile(seen, 0.99));
      starts.push(
        quantile(
          each.map(({ startMs }) => startMs),
          0.5,
        ),
      );
    }
    stop.abort();
    await listening;
  });
  figure("submit → running seen by a listener, median of 200", "ms", "≤ 50", medians);
  figure("submit → running seen by a listener, p99 of 200", "ms", "≤ 250", p99s);
  figure("submit → start at the centre (1 ms clock), median of 200", "ms", "", starts);
}

/**
 * Single durable submits against the route that does nothing, in turns; a job that fills the centre keeps them queued. Beside
 * them what a submission costs in processor time.
 */
async function submits(): Promise<void> {
  for (const [connections, promise] of [
    [32, "≥ 0.35"],
    [256, "≥ 0.65"],
  ] as const) {
    const noop: number[] = [];
    const submit: number[] = [];
    const p99: number[] = [];
    const cost: ProcessorTime[] = [];
    await withNetwork({}, async (network) => {
      await fill(network);
      const body = JSON.stringify({
        script: "#!/bin/sh\nexec true\n",
        name: "bench",
        timeLimitS: 60,
        memoryMibPerNode: 16,
      });
      let key = 0;
      const next = () => ({
        method: "POST" as const,
        path: "/api/v1/jobs",
        body,
        key: `bench-${connections}-${key++}`,
      });
      await load(network.url, network.token, connections, 1, next);
      for (let round = 0; round < rounds; round += 1) {
        noop.push(
          (await load(network.url, network.token, connections, 3, () => ({ method: "GET", path: "/api/v1/health" })))
            .perSecond,
        );
        const before = processorTime(network);
        const measured = await load(network.url, network.token, connections, 3, next);
        cost.push(costOfEach(before, processorTime(network), measured.requests));
        submit.push(measured.perSecond);
        p99.push(measured.p99Ms);
      }
    });
    figure(`route that does nothing, ${connections} connections`, "/s", "", noop);
    figure(`durable submits, ${connections} connections`, "/s", connections === 32 ? "aim 4 000" : "aim 8 000", submit);
    figure(`durable submits, ${connections} connections, p99`, "ms", "", p99);
    figure(
      `ratio of the two, ${connections} connections`,
      "",
      promise,
      submit.map((value, i) => value / (noop[i] ?? Number.NaN)),
    );
    for (const [who, of] of [
      ["the server's main thread", "serverMainUs"],
      ["the server's other threads", "serverOtherUs"],
      ["PostgreSQL", "postgresUs"],
    ] as const)
      figure(
        `processor time of a submission, ${connections} connections: ${who}`,
        "µs",
        "",
        cost.map((each) => each[of]),
      );
  }
}

async function bulk(): Promise<void> {
  const job = { script: "#!/bin/sh\nexec true\n", name: "bench", timeLimitS: 60, memoryMibPerNode: 16 };
  const own = (number: number) => ({ ...job, name: `bench ${number}`, script: `#!/bin/sh\nexec true ${number}\n` });
  for (const [name, promise, jobOf] of [
    ["bulk submit in calls of 1 000", "≥ 20 000", () => job],
    ["the same, of jobs that all differ", "", own],
  ] as const) {
    const rates: number[] = [];
    const body = JSON.stringify({ jobs: Array.from({ length: 1000 }, (_, number) => jobOf(number)) });
    await withNetwork({}, async (network) => {
      await fill(network);
      const base = new URL(network.url);
      const agent = new Agent({ keepAlive: true });
      for (let round = 0; round < rounds + 1; round += 1) {
        const startedMs = performance.now();
        const lanes = [0, 1, 2, 3].map(async (lane) => {
          for (let i = 0; i < 5; i += 1)
            await send(agent, base, network.token, {
              method: "POST",
              path: "/api/v1/jobs/bulk",
              body,
              key: `bulk-${round}-${lane}-${i}`,
            });
        });
        await Promise.all(lanes);
        if (round > 0) rates.push(20_000 / ((performance.now() - startedMs) / 1000));
      }
      agent.destroy();
    });
    figure(name, "jobs/s", promise, rates);
  }
}

async function array(): Promise<void> {
  const took: number[] = [];
  await withNetwork({}, async (network) => {
    await fill(network);
    const base = new URL(network.url);
    const agent = new Agent({ keepAlive: true });
    const body = JSON.stringify({
      script: "#!/bin/sh\nexec true\n",
      array: "0-9999",
      timeLimitS: 60,
      memoryMibPerNode: 16,
    });
    for (let round = 0; round < rounds + 1; round += 1) {
      const startedMs = performance.now();
      await send(agent, base, network.token, { method: "POST", path: "/api/v1/jobs", body, key: `array-${round}` });
      if (round > 0) took.push(performance.now() - startedMs);
    }
    agent.destroy();
  });
  figure("array of 10 000 tasks accepted", "ms", "≤ 150", took);
}

/** 1 000 runs of /bin/true from the first submit to the last end, against a bare loop of Node that spawns and reaps as many. */
async function processes(): Promise<void> {
  const weir: number[] = [];
  const bare: number[] = [];
  await withNetwork({ WEIR_LOCAL_CORES: "64" }, async (network) => {
    const client = createClient({ baseUrl: network.url, token: () => network.token });
    const one = { command: ["/bin/true"] as string[], memoryMibPerNode: 16, timeLimitS: 60 };
    for (let round = 0; round < rounds + 1; round += 1) {
      const bareMs = await bareSpawns(1000);
      const startedMs = performance.now();
      const reply = await client.call("submitBulk", { body: { jobs: Array.from({ length: 1000 }, () => one) } });
      if (reply.kind !== "answer") throw new Error(reply.problem.detail);
      await eventually(
        "1 000 ends",
        async () => {
          const glance = await client.call("jobs", { query: { limit: 1, state: "queued" } });
          const active = await Promise.all(
            (["queued", "placed", "starting", "running"] as const).map((state) =>
              client.call("jobs", { query: { limit: 1, state } }),
            ),
          );
          const left = [glance, ...active].some((page) => page.kind === "answer" && page.value.jobs.length > 0);
          return left ? null : true;
        },
        120_000,
      );
      if (round === 0) continue;
      weir.push(1000 / ((performance.now() - startedMs) / 1000));
      bare.push(1000 / (bareMs / 1000));
    }
  });
  figure("bare loop of Node, /bin/true", "/s", "", bare);
  figure("short processes end to end, 64 cores", "/s", "≥ 100", weir);
  figure(
    "ratio of the two",
    "",
    "≥ 0.15, aim 0.4",
    weir.map((value, i) => value / (bare[i] ?? Number.NaN)),
  );
}

async function bareSpawns(count: number): Promise<number> {
  const startedMs = performance.now();
  let started = 0;
  const lane = async () => {
    while (started < count) {
      started += 1;
      const child = spawn("/bin/true", { stdio: "ignore" });
      await new Promise((resolve, reject) => child.on("exit", resolve).on("error", reject));
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return performance.now() - startedMs;
}

/** The launcher as a user calls it, with the system's own Node first on the PATH. */
async function command(): Promise<void> {
  const took: number[] = [];
  await withNetwork({}, async (network) => {
    const env = { ...process.env, WEIR_HOME: network.home, WEIR_SERVER: network.url };
    for (let i = 0; i < 12; i += 1) {
      const startedMs = performance.now();
      const child = spawn(join(repository, "tools/weir.mjs"), ["jobs"], { env, stdio: "ignore" });
      const status = await new Promise((resolve, reject) => child.on("exit", resolve).on("error", reject));
      if (status !== 0) throw new Error(`weir jobs: status ${status}`);
      if (i >= 2) took.push(performance.now() - startedMs);
    }
  });
  figure("weir jobs, by its launcher", "ms", "≤ 200", took);
}

async function withNetwork(
  env: Readonly<Record<string, string>>,
  act: (network: Network) => Promise<void>,
): Promise<void> {
  const network = await startNetwork({ env });
  try {
    await act(network);
  } finally {
    await network.remove();
  }
}

/** One job that takes every core, so that what is submitted behind it only queues. */
async function fill(network: Network): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const glance = await eventually("the centre", async () => {
    const reply = await client.call("glance");
    return reply.kind === "answer" && reply.value.cores.total > 0 ? reply.value : null;
  });
  const body = { command: ["sleep", "3600"], coresPerTask: glance.cores.total, memoryMibPerNode: 16, timeLimitS: 3600 };
  const reply = await client.call("submit", { body });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  await eventually("the filling job to run", async () => {
    const job = await client.call("job", { params: { job: reply.value.id } });
    return job.kind === "answer" && job.value.state === "running" ? true : null;
  });
}

async function untilEnded(network: Network, id: number): Promise<{ readonly startedMs: number | null }> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  return eventually(`the end of job ${id}`, async () => {
    const job = await client.call("job", { params: { job: id } });
    return job.kind === "answer" && job.value.state === "ended" ? job.value : null;
  });
}

function residentMib(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
  return Math.max(...kib) / 1024;
}
