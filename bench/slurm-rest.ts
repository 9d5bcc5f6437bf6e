import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { groupOrders, submissionOf } from "#agent/drivers/slurm/chunks.ts";
import { usualPace } from "#agent/drivers/slurm/driver.ts";
import { openRestClient } from "#agent/drivers/slurm/rest-client.ts";
import { submitBody } from "#agent/drivers/slurm/rest-request.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { clusterOf, slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { feedBySync } from "./fed-agent.ts";
import { figure } from "./figures.ts";

/**
 * Sustained submission by slurmrestd: the agent, fed with prepared answers to `sync`, beside eight connections that post the same jobs with
 * nothing else to do. By turns on one cluster, either first in turn, after a round that does not count; nothing of the
 * partition starts meanwhile, and no round begins before the last one's jobs are gone. The CPU time of each part says
 * where the difference goes on a machine whose cores are busy.
 */
export async function slurmRest(): Promise<void> {
  const possible = slurmPossible();
  if (possible.kind === "missing") {
    process.stdout.write(`slurm-rest: not measured: ${possible.words}\n`);
    return;
  }
  const clusters = await startClusters({ only: ["qingdao"], cpus: 32, extra: ["MaxJobCount=50000"] });
  const cluster = clusterOf(clusters, "qingdao");
  const rest = { transport: "rest", rest: { socket: cluster.restSocket } };
  const site = makeTestSite(clusters, "qingdao", { site: rest });
  const agent = await site.open(usualPace);
  try {
    await rounds(site, agent);
  } finally {
    await agent.driver.close();
    await clusters.stop();
    site.remove();
  }
}

const jobsOfARound = 600;
const countedRounds = Number(process.env.WEIR_BENCH_ROUNDS ?? 6);
/** For what follows a submission: engine's ids into folders, a first look at the runs. It is not the next one's. */
const settlingMs = 1500;
/** ext4 looks for other inodes than those freed within five seconds, which makes new files dear after many were removed. */
const freedMs = 5500;

async function rounds(site: TestSite, agent: TestAgent): Promise<void> {
  const { cluster } = site;
  await agent.run("true");
  const token = (await cluster.run("weirt-li", ["scontrol", "token", "lifespan=3000"])).stdout.trim().slice(10);
  const [raw, ours, ratios]: [number[], number[], number[]] = [[], [], []];
  const cpu = new Map<string, number[]>();
  const posted = () => postAll(cluster.restSocket, cluster.sharedFolder, token);
  const fed = await feedBySync(agent);
  for (let round = -1; round < countedRounds; round += 1) {
    await cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=DOWN"]);
    const driven = fed.prepare(Array.from({ length: jobsOfARound }, () => orderOf("true")));
    const first = await measured(site, round % 2 === 0 ? posted : driven);
    const second = await measured(site, round % 2 === 0 ? driven : posted);
    const [rawOne, ourOne] = round % 2 === 0 ? [first, second] : [second, first];
    await cluster.run("root", ["scancel", "--partition=batch"]);
    await allEnded(agent, 1 + jobsOfARound * (round + 2));
    await cluster.run("root", ["scontrol", "update", "PartitionName=batch", "State=UP"]);
    await delay(freedMs);
    if (round < 0) continue;
    raw.push(rawOne.perS);
    ours.push(ourOne.perS);
    ratios.push(ourOne.perS / rawOne.perS);
    for (const [whose, { cpuMs: spent }] of [["eight connections", rawOne] as const, ["the agent", ourOne] as const])
      for (const [name, ms] of Object.entries(spent)) {
        const key = `${whose}: CPU of ${name} a job`;
        cpu.set(key, [...(cpu.get(key) ?? []), ms]);
      }
  }
  await fed.close();
  figure("slurmrestd, eight connections", "/s", "", raw);
  figure("the agent by slurmrestd, fed with prepared answers to sync", "/s", "", ours);
  figure("ratio of the two, by slurmrestd", "", "≥ 0.8", ratios);
  for (const [name, spent] of cpu) figure(name, "ms", "", spent);
}

/** However long that takes on a busy machine, as long as it goes on. */
async function allEnded(agent: TestAgent, wanted: number): Promise<void> {
  const ended = () => agent.seen.filter(({ kind }) => kind === "ended").length;
  for (let seen = ended(); seen < wanted; seen = ended()) await agent.until(() => ended() > seen);
}

type Measured = { readonly perS: number; readonly cpuMs: Readonly<Record<string, number>> };

async function measured(site: TestSite, act: () => Promise<void>): Promise<Measured> {
  const before = cpuNow(site);
  const perS = await rate(act);
  await delay(settlingMs);
  const after = cpuNow(site);
  const spent = Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / jobsOfARound] as const);
  return { perS, cpuMs: Object.fromEntries(spent) };
}

async function postAll(socket: string, sharedFolder: string, token: string): Promise<void> {
  const client = openRestClient({ kind: "socket", path: socket });
  const place = { user: "weirt-li", account: null, partition: "batch", qos: null, gres: null, mostTimeS: null };
  const [group] = groupOrders([orderOf("true")], 1001, 1000);
  if (!group) throw new Error("one order is one group");
  const folder = `${sharedFolder}/weirt-li`;
  let left = jobsOfARound;
  const connection = async () => {
    while (left > 0) {
      left -= 1;
      const prepared = { place: folder, batch: "#!/bin/sh\ntrue\n", deadlineS: Math.floor(Date.now() / 1000) + 660 };
      const body = submitBody(submissionOf(group, place, "bench", 600, false), prepared, "plain");
      const path = "/slurm/v0.0.38/job/submit";
      const answer = await client.call({ method: "POST", path, user: "weirt-li", token, body, patienceMs: 30_000 });
      if (answer.status !== 200) throw new Error(answer.text);
    }
  };
  await Promise.all(Array.from({ length: 8 }, connection));
  client.close();
}

async function rate(act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return (1000 * jobsOfARound) / (performance.now() - startedMs);
}

/** By part, in milliseconds since its start. */
function cpuNow({ cluster }: TestSite): Record<string, number> {
  const own = process.cpuUsage();
  return {
    "this process": (own.user + own.system) / 1000,
    "weir-as": cpuBelow(process.pid),
    slurmrestd: cpuMs(cluster.rest.pid()),
    slurmctld: cpuMs(cluster.controller.pid()),
  };
}

/** User and system time of a process and of the children it has waited for. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0) * 10, 0);
}

/** Of sudo and weir-as below a process. */
export function cpuBelow(pid: number): number {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter((text) => text !== "")
    .reduce((all, child) => {
      try {
        const isOurs = /sudo|weir-as/.test(readFileSync(`/proc/${child}/cmdline`, "utf8"));
        return isOurs ? all + cpuMs(Number(child)) + cpuBelow(Number(child)) : all;
      } catch {
        return all;
      }
    }, 0);
}
