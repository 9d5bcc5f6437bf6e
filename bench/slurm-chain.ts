import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "#api/client.ts";
import { eventually, type Network, startNetwork } from "../test/network.ts";
import { joinSlurm } from "../test/slurm-centre.ts";
import { type Clusters, clusterOf, slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { figure } from "./figures.ts";
import { quantile } from "./load.ts";
import { sbatch } from "./slurm.ts";
import { cpuBelow, cpuMs } from "./slurm-rest.ts";

/**
 * The whole chain at a real Slurm centre, as a user has it: server, agent and weir-as are the processes that a site runs.
 * First the delay from the submission to *accepted by slurmctld*, then what the agent costs where 10 000 jobs of others
 * wait.
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
    await watching(network, clusters, agent.pid);
  } finally {
    await centre.remove();
    await network.remove();
    await clusters.stop();
  }
}

/** In turns, at random phase of Slurm's own ticks: sbatch to its id, and a submission by the API to that of its job. */
async function pairs(network: Network, clusters: Clusters): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const cluster = clusterOf(clusters, "qingdao");
  const [raw, ours, answered]: [number[], number[], number[]] = [[], [], []];
  const [placed, heard]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < 105; pair += 1) {
    await delay(Math.random() * 250);
    const rawMs = sbatch(clusters, cluster);
    await delay(Math.random() * 250);
    const sentMs = Date.now();
    const body = {
      script: "#!/bin/sh\ntrue\n",
      timeLimitS: 60,
      memoryMibPerNode: 16,
      centres: { only: ["qingdao"] },
    };
    const reply = await client.call("submit", { body });
    if (reply.kind !== "answer") throw new Error(reply.problem.detail);
    const answeredMs = Date.now();
    // Asking would take of the cores that the chain needs.
    await delay(100);
    const { placedMs, heardMs, acceptedMs } = await eventually("accepted by slurmctld", async () => {
      const page = await client.call("history", { params: { job: reply.value.id } });
      const events = page.kind === "answer" ? page.value.events : [];
      const at = (wanted: string) => events.find(({ kind }) => kind === wanted)?.atMs ?? null;
      // Told by the agent, by the clock of the same machine, once slurmctld has answered and the answer is on its disk.
      const acceptedMs = at("waiting");
      return acceptedMs === null ? null : { placedMs: at("placed"), heardMs: at("accepted"), acceptedMs };
    });
    if (pair < 5) continue;
    raw.push(rawMs);
    ours.push(acceptedMs - sentMs);
    if (placedMs !== null) placed.push(placedMs - sentMs);
    if (heardMs !== null) heard.push(heardMs - sentMs);
    answered.push(answeredMs - sentMs);
  }
  const added = ours.map((value, at) => value - (raw[at] ?? Number.NaN));
  figure("sbatch to its id, beside the whole chain", "ms", "", raw);
  figure("submission by the API to its answer", "ms", "", answered);
  figure("submission by the API to its place", "ms", "", placed);
  figure("submission by the API to the order at the agent", "ms", "", heard);
  figure("submission by the API to accepted by slurmctld", "ms", "", ours);
  figure("added delay of the whole chain, 100 pairs", "ms", "≤ 100", added);
  figure("added delay of the whole chain, nine in ten", "ms", "", [quantile(added, 0.9)]);
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
  for (let round = 0; round < 3; round += 1) {
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
