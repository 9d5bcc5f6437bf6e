import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "#api/client.ts";
import { eventually, type Network, startNetwork } from "../test/network.ts";
import { joinSlurm } from "../test/slurm-centre.ts";
import { type Clusters, clusterOf, slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { figure } from "./figures.ts";
import { quantile } from "./load.ts";
import { sbatch } from "./slurm.ts";
import { cpuBelow, cpuMs } from "./slurm-rest.ts";

const rounds = Number(process.env.WEIR_BENCH_ROUNDS ?? 3);

/**
 * The whole chain at a real Slurm centre, as a user has it: server, agent and weir-as are the processes that a site runs.
 * First the delay from the submission to *accepted by slurmctld* and to the start, then how many a second come through, then
 * what the agent costs where 10 000 jobs of others wait.
 */
export async function slurmChain(): Promise<void> {
  const possible = slurmPossible();
  if (possible.kind === "missing") {
    process.stdout.write(`slurm-chain: not measured: ${possible.words}\n`);
    return;
  }
  const clusters = await startClusters({ only: ["qingdao"], cpus: 32, extra: ["MaxJobCount=50000"] });
  const network = await startNetwork({ env: { WEIR_LOCAL_CORES: "1" } });
  const centre = await joinSlurm(network, clusters, "qingdao", {});
  try {
    const agent = centre.start();
    await centre.connected();
    await pairs(network, clusters);
    await sustained(network, clusters);
    await watching(network, clusters, agent.pid);
  } finally {
    await centre.remove();
    await network.remove();
    await clusters.stop();
  }
}

/**
 * In turns, at random phase of Slurm's own ticks: sbatch to its id, a submission by the API, and the command `weir submit`, each
 * to the id of its job at slurmctld. Each job writes down when it began.
 */
async function pairs(network: Network, clusters: Clusters): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const cluster = clusterOf(clusters, "qingdao");
  const [raw, ours, answered]: [number[], number[], number[]] = [[], [], []];
  const [placed, heard]: [number[], number[]] = [[], []];
  const [command, exited]: [number[], number[]] = [[], []];
  const folder = join(cluster.sharedFolder, "starts");
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  const stamp = (name: string) => `date +%s%3N > ${folder}/${name}`;
  const sentMs: Record<string, number> = {};
  for (let pair = 0; pair < 105; pair += 1) {
    await delay(Math.random() * 250);
    sentMs[`raw-${pair}`] = Date.now();
    const rawMs = sbatch(clusters, cluster, stamp(`raw-${pair}`));
    await delay(Math.random() * 250);
    const apiMs = Date.now();
    const body = {
      script: `#!/bin/sh\n${stamp(`api-${pair}`)}\n`,
      timeLimitS: 60,
      memoryMibPerNode: 16,
      centres: { only: ["qingdao"] },
    };
    sentMs[`api-${pair}`] = apiMs;
    const reply = await client.call("submit", { body });
    if (reply.kind !== "answer") throw new Error(reply.problem.detail);
    const answeredMs = Date.now();
    // Asking would take of the cores that the chain needs.
    await delay(100);
    const { placedMs, heardMs, acceptedMs } = await accepted(client, reply.value.id);
    await delay(Math.random() * 250);
    const typedMs = Date.now();
    sentMs[`weir-${pair}`] = typedMs;
    const words = ["-t", "1", "--mem=16", "--", "sh", "-c", stamp(`weir-${pair}`)];
    const said = await network.weir(["submit", "--parsable", "--centre", "qingdao", ...words]);
    const exitedMs = Date.now();
    if (said.status !== 0) throw new Error(said.stderr);
    const typed = await accepted(client, Number(said.stdout));
    if (pair < 5) continue;
    raw.push(rawMs);
    ours.push(acceptedMs - apiMs);
    if (placedMs !== null) placed.push(placedMs - apiMs);
    if (heardMs !== null) heard.push(heardMs - apiMs);
    answered.push(answeredMs - apiMs);
    command.push(typed.acceptedMs - typedMs);
    exited.push(exitedMs - typedMs);
  }
  const added = (all: readonly number[]) => all.map((value, at) => value - (raw[at] ?? Number.NaN));
  figure("sbatch to its id, beside the whole chain", "ms", "", raw);
  figure("submission by the API to its answer", "ms", "", answered);
  figure("submission by the API to its place", "ms", "", placed);
  figure("submission by the API to the order at the agent", "ms", "", heard);
  figure("submission by the API to accepted by slurmctld", "ms", "", ours);
  figure("weir submit to its exit", "ms", "", exited);
  figure("weir submit to accepted by slurmctld", "ms", "", command);
  figure("added delay of the whole chain from the API, 100 pairs", "ms", "", added(ours));
  figure("added delay of the whole chain from the API, nine in ten", "ms", "", [quantile(added(ours), 0.9)]);
  figure("added delay of the whole chain from weir submit, 100 pairs", "ms", "≤ 100", added(command));
  figure("added delay of the whole chain from weir submit, nine in ten", "ms", "", [quantile(added(command), 0.9)]);
  for (const [way, words] of [
    ["raw", "sbatch"],
    ["api", "submission by the API"],
    ["weir", "weir submit"],
  ] as const) {
    const starts = await eventually("all have begun", async () => {
      const files = readdirSync(folder).filter((file) => file.startsWith(`${way}-`));
      const read = files.map((file) => Number(readFileSync(join(folder, file), "utf8")) - (sentMs[file] ?? Number.NaN));
      return read.length === 105 && read.every((ms) => ms > -1_000) ? read : null;
    });
    figure(`${words} to the start of its job`, "ms", "", starts);
  }
}

type Client = ReturnType<typeof createClient>;

/** As the agent told it, by the clock of the same machine, once slurmctld has answered and the answer is on its disk. */
async function accepted(client: Client, job: number) {
  return eventually("accepted by slurmctld", async () => {
    const page = await client.call("history", { params: { job } });
    const events = page.kind === "answer" ? page.value.events : [];
    const at = (wanted: string) => events.find(({ kind }) => kind === wanted)?.atMs ?? null;
    // One that began before the agent told of its place in the queue was accepted before that.
    const acceptedMs = at("waiting") ?? at("started");
    return acceptedMs === null ? null : { placedMs: at("placed"), heardMs: at("accepted"), acceptedMs };
  });
}

/**
 * Jobs of their own that go on, from eight submitters at once: by sbatch, and by the API until slurmctld has all of them. Of a
 * shared pool, whose terms let so many wait.
 */
async function sustained(network: Network, clusters: Clusters): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const cluster = clusterOf(clusters, "qingdao");
  const pool = { contract: "shared" as const, maxPending: 1_000, leaseS: null, sharePercent: null, hours: [] };
  const terms = await client.call("setTerms", {
    params: { centre: "qingdao" },
    body: { pools: {}, otherPools: pool, priceList: "free" },
  });
  if (terms.kind !== "answer") throw new Error(terms.problem.detail);
  const count = 300;
  const queued = async () =>
    (await cluster.run("root", ["squeue", "-a", "-h", "-o", "%i"])).stdout.split("\n").length - 1;
  const empty = () => eventually("the queue is empty", async () => ((await queued()) === 0 ? true : null));
  const [raw, answered, chain]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    await empty();
    const rawS = await timed(() =>
      eachOf(count, async () => {
        const words = ["sbatch", "-pbatch", "-t15", "--mem=16", "-o/dev/null", "--wrap=sleep 600"];
        const said = await cluster.run("weirt-zhao", words);
        if (said.status !== 0) throw new Error(said.stderr);
      }),
    );
    await cluster.run("root", ["scancel", "-u", "weirt-zhao"]);
    await empty();
    const ids: number[] = [];
    const sentMs = Date.now();
    const answeredS = await timed(() =>
      eachOf(count, async () => {
        const body = { script: "#!/bin/sh\nsleep 600\n", timeLimitS: 900, memoryMibPerNode: 16 };
        const reply = await client.call("submit", { body: { ...body, centres: { only: ["qingdao"] } } });
        if (reply.kind !== "answer") throw new Error(reply.problem.detail);
        ids.push(reply.value.id);
      }),
    );
    await eventually("slurmctld has all of them", async () => ((await queued()) >= count ? true : delay(500, null)));
    let lastMs = 0;
    for (const id of ids) lastMs = Math.max(lastMs, (await accepted(client, id)).acceptedMs);
    raw.push(count / rawS);
    answered.push(count / answeredS);
    chain.push(count / ((lastMs - sentMs) / 1000));
    for (const id of ids) await client.call("cancel", { params: { job: id }, body: {} });
  }
  await empty();
  figure("sbatch, eight at once", "jobs/s", "", raw);
  figure("submissions by the API, eight at once, to their answers", "jobs/s", "", answered);
  figure("the whole chain, from the first submission to the last accepted by slurmctld", "jobs/s", "", chain);
}

async function eachOf(count: number, act: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await act();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return (performance.now() - startedMs) / 1000;
}

/** The agent tells the engine's state once a minute, and follows a run of its own meanwhile. */
async function watching(network: Network, clusters: Clusters, agentPid: number): Promise<void> {
  const cluster = clusterOf(clusters, "qingdao");
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const body = { script: "#!/bin/sh\nsleep 600\n", timeLimitS: 900, centres: { only: ["qingdao"] } };
  const long = await client.call("submit", { body });
  if (long.kind !== "answer") throw new Error(long.problem.detail);
  await cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=DOWN"]);
  const idleMib = memoryMib(agentPid);
  for (let i = 0; i < 10; i += 1) {
    const words = ["sbatch", "-pshort", "-t10", "--mem=16", "-o/dev/null", "--array=0-999", "--wrap=sleep 60"];
    const said = await cluster.run("weirt-zhao", words);
    if (said.status !== 0) throw new Error(said.stderr);
  }
  const [shares, controller, memory]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    await cluster.run("root", ["sdiag", "--reset"]);
    const [startedMs, before] = [performance.now(), cpuMs(agentPid) + cpuBelow(agentPid)];
    for (let second = 0; second < 65; second += 1) {
      await delay(1_000);
      memory.push(memoryMib(agentPid));
    }
    const spanMs = performance.now() - startedMs;
    shares.push((100 * (cpuMs(agentPid) + cpuBelow(agentPid) - before)) / spanMs);
    const { stdout } = await cluster.run("root", ["sdiag"]);
    controller.push((100 * callsUs(stdout)) / 1000 / spanMs);
  }
  figure("10 000 foreign jobs: the agent and weir-as, of one core", "%", "≤ 5", shares);
  figure("10 000 foreign jobs: slurmctld's time for calls of agent and weir-as, by sdiag", "%", "≤ 2", controller);
  figure("10 000 foreign jobs: resident memory of the agent", "MiB", "≤ 120 MB", memory);
  figure("resident memory of the agent before them", "MiB", "", [idleMib]);
}

/**
 * Of sdiag's table by types of calls, in microseconds: `  REQUEST_JOB_INFO (2003) count:12 ave_time:34 total_time:408`.
 * Nobody else asks meanwhile; what the cluster's own daemons say is left out, and sdiag itself.
 */
function callsUs(text: string): number {
  const from = text.indexOf("Remote Procedure Call statistics by message type");
  const table = text.slice(from, text.indexOf("Remote Procedure Call statistics by user"));
  const calls = [...table.matchAll(/^\s+(\S+)\s*\(\s*\d+\)\s+count:\d+\s+ave_time:\d+\s+total_time:(\d+)/gm)];
  if (from < 0 || calls.length === 0) throw new Error(`sdiag tells of no calls:\n${text}`);
  return calls
    .filter(([, type = ""]) => !/^(?:MESSAGE_|REQUEST_STATS|REQUEST_PING|REQUEST_COMPLETE|REQUEST_STEP)/.test(type))
    .reduce((sum, [, , us]) => sum + Number(us), 0);
}

function memoryMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib ?? 0) / 1024;
}
