import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { groupOrders, type Place, submissionOf } from "#agent/drivers/slurm/chunks.ts";
import { usualPace } from "#agent/drivers/slurm/driver.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import type { RunOrder } from "#core/run-order.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { type Cluster, type Clusters, slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { feedBySync } from "./fed-agent.ts";
import { figure } from "./figures.ts";
import { quantile } from "./load.ts";

/**
 * The Slurm driver beside raw Slurm, on a real cluster of two nodes, in one run: as root, where Debian's Slurm is. What it
 * sustains is measured of all of the agent, from a prepared answer to `sync` on; delays are those of the driver, whose
 * notebook is synced: weir-as acts as the user, ends are followed.
 */
export async function slurm(): Promise<void> {
  const possible = slurmPossible();
  if (possible.kind === "missing") {
    process.stdout.write(`slurm: not measured: ${possible.words}\n`);
    return;
  }
  const clusters = await startClusters({ only: ["qingdao"], cpus: 32, extra: ["MaxJobCount=50000"] });
  const site = makeTestSite(clusters, "qingdao");
  const agent = await site.open(usualPace);
  try {
    await pairs(clusters, site, agent);
    await sustained(site, agent);
    await manyForeign(clusters, site, agent);
    await sharedPool(clusters, site, agent);
  } finally {
    await agent.driver.close();
    await clusters.stop();
    site.remove();
  }
}

/** One after the other, at random phase of Slurm's own ticks: sbatch to its id, and an order to the id of its job. */
async function pairs(clusters: Clusters, site: TestSite, agent: TestAgent): Promise<void> {
  const raw: number[] = [];
  const ours: number[] = [];
  const starts: number[] = [];
  for (let pair = 0; pair < 105; pair += 1) {
    await delay(Math.random() * 250);
    const rawMs = sbatch(clusters, site.cluster);
    await delay(Math.random() * 250);
    const order = orderOf("true");
    const sentMs = performance.now();
    const sentWallMs = Date.now();
    await agent.queue(order);
    const tookMs = performance.now() - sentMs;
    const started = await agent.started(order.run);
    await agent.ended(order.run);
    if (pair < 5) continue;
    raw.push(rawMs);
    ours.push(tookMs);
    starts.push(started.atMs - sentWallMs);
  }
  figure("sbatch to its id", "ms", "", raw);
  figure("order at the agent to the id of its Slurm job", "ms", "", ours);
  const added = ours.map((value, at) => value - (raw[at] ?? Number.NaN));
  figure("added delay to accepted by slurmctld, 100 pairs", "ms", "≤ 100 with the server's part", added);
  figure("order at the agent to the start of its job", "ms", "", starts);
}

export function sbatch(clusters: Clusters, cluster: Cluster, command = "true"): number {
  const [user] = clusters.users;
  if (!user) throw new Error("the clusters have users");
  const startedMs = performance.now();
  const said = spawnSync("sbatch", ["--parsable", "-pbatch", "-t1", "--mem=16", "-o/dev/null", `--wrap=${command}`], {
    cwd: user.home,
    env: { PATH: "/usr/bin:/bin", SLURM_CONF: cluster.slurmConf },
    uid: user.uid,
    gid: user.gid,
    encoding: "utf8",
  });
  if (said.status !== 0) throw new Error(said.stderr);
  return performance.now() - startedMs;
}

/** Plain jobs of their own, six under way at once; nothing of the partition starts meanwhile. */
async function sustained(site: TestSite, agent: TestAgent): Promise<void> {
  const raw: number[] = [];
  const ours: number[] = [];
  const count = 150;
  const fed = await feedBySync(agent);
  for (let round = 0; round < 4; round += 1) {
    await site.cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=DOWN"]);
    const rawS = await timed(() => rawSubmissions(agent, count));
    const fedS = await timed(fed.prepare(Array.from({ length: count }, () => orderOf("true"))));
    await site.cluster.run("root", ["scancel", "--partition=batch"]);
    await site.cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=UP"]);
    if (round === 0) continue;
    raw.push(count / rawS);
    ours.push(count / fedS);
  }
  await fed.close();
  figure("sbatch through weir-as, six at once", "/s", "", raw);
  figure("the agent, fed with prepared answers to sync", "/s", "", ours);
  const ratios = ours.map((value, at) => value / (raw[at] ?? Number.NaN));
  figure("ratio of the two", "", "≥ 0.8", ratios);
}

let rawChunks = 0;

async function rawSubmissions(agent: TestAgent, count: number): Promise<void> {
  const place: Place = {
    user: "weirt-li",
    account: null,
    partition: "batch",
    qos: null,
    gres: null,
    mostTimeS: null,
  };
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const [group] = groupOrders([orderOf("true")] satisfies RunOrder[], 1001, 1000);
      if (!group) throw new Error("one order is one group");
      const submission = submissionOf(group, place, `bench-${process.pid}-${++rawChunks}`, 600, false);
      const answer = await agent.driver.engine.submit(submission);
      if (answer.kind !== "submitted") throw new Error(JSON.stringify(answer));
    }
  };
  await Promise.all(Array.from({ length: 6 }, lane));
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return (performance.now() - startedMs) / 1000;
}

/** With 10 000 pending jobs of others: what watching costs, and how soon an end of our own is seen. */
async function manyForeign(clusters: Clusters, site: TestSite, agent: TestAgent): Promise<void> {
  const zhao = clusters.users[2]?.name ?? "weirt-zhao";
  await site.cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=DOWN"]);
  for (let i = 0; i < 10; i += 1) {
    const words = ["sbatch", "-pbatch", "-t10", "--mem=16", "-o/dev/null", "--array=0-999", "--wrap=sleep 60"];
    const said = await site.cluster.run(zhao, words);
    if (said.status !== 0) throw new Error(said.stderr);
  }
  await agent.driver.describe();
  const spanS = 40;
  const controller = site.cluster.controller.pid();
  const shares: number[] = [];
  const loads: number[] = [];
  const delays: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const before = [cpuMs(process.pid) + helperCpuMs(), cpuMs(controller)] as const;
    const describing = setInterval(() => void agent.driver.describe().catch(() => undefined), 10_000);
    await delay(spanS * 1000);
    clearInterval(describing);
    const spent = [cpuMs(process.pid) + helperCpuMs() - before[0], cpuMs(controller) - before[1]] as const;
    shares.push(spent[0] / (10 * spanS));
    loads.push(spent[1] / (10 * spanS));
    for (let i = 0; i < 5; i += 1) {
      const order = orderOf("true", { pool: "short" });
      await agent.queue(order);
      const ended = await agent.ended(order.run);
      delays.push(Date.now() - ended.atMs);
    }
  }
  figure("10 000 pending foreign jobs: agent and weir-as, of one core", "%", "≤ 5", shares);
  figure("10 000 pending foreign jobs: slurmctld in all, of one core", "%", "", loads);
  figure("10 000 pending foreign jobs: end of an own job to its report", "ms", "≤ 2 000", delays);
  figure("10 000 pending foreign jobs: median of those", "ms", "", [quantile(delays, 0.5)]);
}

/**
 * A cluster whose own users keep three times its capacity queued: network jobs of one core, of half and of the whole
 * machine, each beside an identical job that a local user submits at the same moment; either goes first in turn.
 */
async function sharedPool(clusters: Clusters, site: TestSite, agent: TestAgent): Promise<void> {
  await site.cluster.run("root", ["scancel", "--partition=batch"]);
  await site.cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=UP"]);
  const zhao = clusters.users[2]?.name ?? "weirt-zhao";
  const stop = new AbortController();
  const backlog = keepQueued(site, zhao, 3 * 64, stop.signal);
  await delay(15_000);
  const shapes = {
    "one core": { nodes: 1, tasks: 1, coresPerTask: 1, coresPerNode: 1 },
    "half the machine": { nodes: 1, tasks: 1, coresPerTask: 32, coresPerNode: 32 },
    "the whole machine": { nodes: 2, tasks: 2, coresPerTask: 32, coresPerNode: 32 },
  } as const;
  const waits = new Map<string, { readonly network: number[]; readonly local: number[] }>();
  const pairs: Promise<void>[] = [];
  for (let pair = 0; pair < 6; pair += 1) {
    for (const [name, shape] of Object.entries(shapes)) {
      const of = waits.get(name) ?? { network: [], local: [] };
      waits.set(name, of);
      const network = async () => {
        const order = orderOf("true", {
          allocation: { ...sampleAllocation, ...shape, memoryMibPerNode: 64 },
          timeLimitS: 60,
          graceS: 0,
        });
        const sentMs = Date.now();
        await agent.queue(order);
        for (;;) {
          const seen = agent.seen.find((one) => one.run === order.run && one.kind === "started");
          if (seen) return void of.network.push(seen.atMs - sentMs);
          await delay(200);
        }
      };
      const local = async () => {
        const { nodes, tasks, coresPerTask } = shape;
        const size = [`-N${nodes}`, `-n${tasks}`, `-c${coresPerTask}`, "-t1", "--mem=64", "-pbatch"];
        const sentMs = Date.now();
        const out = `${site.cluster.sharedFolder}/weirt-wang/started-%j`;
        const words = ["sbatch", "--parsable", ...size, `-o${out}`, "--wrap=date +%s%3N"];
        const said = await site.cluster.run("weirt-wang", words);
        if (said.status !== 0) throw new Error(said.stderr);
        const file = out.replace("%j", said.stdout.trim());
        for (;;) {
          const text = await readFile(file, "utf8").catch(() => "");
          if (/^\d+\n/.test(text)) return void of.local.push(Number.parseInt(text, 10) - sentMs);
          await delay(200);
        }
      };
      const both = pair % 2 === 0 ? [network, local] : [local, network];
      for (const act of both) pairs.push(act());
    }
    await delay(10_000);
  }
  await Promise.all(pairs);
  stop.abort();
  await backlog;
  await site.cluster.run("root", ["scancel", "--partition=batch"]);
  for (const [name, { network, local }] of waits) {
    figure(`shared, 3 × its capacity queued: wait of a local job, ${name}`, "s", "", seconds(local));
    figure(`shared, 3 × its capacity queued: wait of a network job, ${name}`, "s", "", seconds(network));
    const ratio = [sum(network) / sum(local)];
    figure(`mean wait of network jobs to local ones, ${name}`, "", "≤ 1.2", ratio);
  }
}

/** Jobs of four cores and 5 to 13 s, so many that `cores` of them wait. */
async function keepQueued(site: TestSite, user: string, cores: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const waiting = await site.cluster.run("root", ["squeue", "-h", "-r", "-t", "PD", "-u", user, "-o", "%i"]);
    const missing = cores / 4 - waiting.stdout.split("\n").filter((line) => line !== "").length;
    if (missing > 0) {
      const words = ["sbatch", "-pbatch", "-c4", "-t1", "--mem=64", "-o/dev/null", `--array=1-${missing}`];
      await site.cluster.run(user, [...words, "--wrap=sleep $((5 + SLURM_JOB_ID % 9))"]);
    }
    await delay(1000, undefined, { signal }).catch(() => undefined);
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const seconds = (values: readonly number[]): readonly number[] => values.map((value) => value / 1000);

/** User and system time of a process and of the children it has waited for. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0) * 10, 0);
}

/** sudo and weir-as below this process. */
function helperCpuMs(): number {
  const sum = (pid: number): number =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter((text) => text !== "")
      .reduce((all, child) => {
        try {
          return all + cpuMs(Number(child)) + sum(Number(child));
        } catch {
          return all;
        }
      }, 0);
  return sum(process.pid);
}
