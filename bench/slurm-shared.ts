import { setTimeout as delay } from "node:timers/promises";
import { usualPace } from "#agent/drivers/slurm/driver.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { figure } from "./figures.ts";

/**
 * What local users lose on a shared cluster: their own jobs keep three times its capacity queued, first without the
 * network, then with as many network runs of the same shape waiting beside them as a shared pool takes by default
 * (maxPending, 8), and both once more. All are of four cores and three to six seconds, first come first served.
 */
export async function slurmShared(): Promise<void> {
  const possible = slurmPossible();
  if (possible.kind === "missing") {
    process.stdout.write(`slurm-shared: not measured: ${possible.words}\n`);
    return;
  }
  const clusters = await startClusters({ only: ["qingdao"], cpus: 32, extra: ["MaxJobCount=50000"] });
  const site = makeTestSite(clusters, "qingdao");
  const agent = await site.open(usualPace);
  try {
    const [alone, beside, growth, shares]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round < 2; round += 1) {
      const without = await phase(site, agent, 0);
      const withNetwork = await phase(site, agent, mostPending);
      alone.push(...without.localWaitsS);
      beside.push(...withNetwork.localWaitsS);
      growth.push(100 * (mean(withNetwork.localWaitsS) / mean(without.localWaitsS) - 1));
      shares.push((100 * withNetwork.networkStarts) / (withNetwork.networkStarts + withNetwork.localWaitsS.length));
    }
    figure("shared, wait of a local job without the network", "s", "", alone);
    figure("shared, wait of a local job beside the network", "s", "", beside);
    figure("shared, growth of the mean wait of local jobs", "%", "≤ the agreed share, here 20", growth);
    figure("shared, the network's part of all starts", "%", "", shares);
  } finally {
    await agent.driver.close();
    await clusters.stop();
    site.remove();
  }
}

const mostPending = 8;
const localsWaiting = 48;
const settleMs = 20_000;
const measuredMs = 45_000;

type Phase = { readonly localWaitsS: readonly number[]; readonly networkStarts: number };

async function phase(site: TestSite, agent: TestAgent, networkWaiting: number): Promise<Phase> {
  const stop = new AbortController();
  const local = keepLocal(site, stop.signal);
  const network = keepNetwork(agent, networkWaiting, stop.signal);
  await delay(settleMs);
  const fromMs = Date.now();
  await delay(measuredMs);
  const toMs = Date.now();
  stop.abort();
  await Promise.all([local, network]);
  const inTime = (atMs: number) => atMs >= fromMs && atMs < toMs;
  const waits = await localWaits(site);
  await site.cluster.run("root", ["scancel", "--partition=batch"]);
  await delay(3_000);
  return {
    localWaitsS: waits
      .filter(({ startMs }) => inTime(startMs))
      .map(({ submitMs, startMs }) => (startMs - submitMs) / 1000),
    networkStarts: agent.seen.filter((one) => one.kind === "started" && inTime(one.atMs)).length,
  };
}

let made = 0;

const seconds = (): number => 3 + (made++ % 4);

async function keepLocal(site: TestSite, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const waiting = await site.cluster.run("root", ["squeue", "-h", "-r", "-t", "PD", "-u", "weirt-zhao", "-o", "%i"]);
    const missing = localsWaiting - waiting.stdout.split("\n").filter((line) => line !== "").length;
    // Each by itself, as the runs of the network: tasks of an array would all have one time of submission.
    for (let i = 0; i < missing && !signal.aborted; i += 1) {
      const words = ["sbatch", "-pbatch", "-c4", "-t1", "--mem=64", "-o/dev/null", `--wrap=sleep ${seconds()}`];
      const said = await site.cluster.run("weirt-zhao", words);
      if (said.status !== 0) throw new Error(said.stderr);
    }
    await delay(300, undefined, { signal }).catch(() => undefined);
  }
}

async function keepNetwork(agent: TestAgent, most: number, signal: AbortSignal): Promise<void> {
  const allocation = { ...sampleAllocation, coresPerTask: 4, coresPerNode: 4, memoryMibPerNode: 64 };
  const first = agent.seen.length;
  let sent = 0;
  while (!signal.aborted) {
    const begun = agent.seen.slice(first).filter(({ kind }) => kind === "started").length;
    for (let missing = most - (sent - begun); missing > 0 && !signal.aborted; missing -= 1) {
      sent += 1;
      await agent.queue(orderOf(`sleep ${seconds()}`, { allocation, timeLimitS: 60, graceS: 0 }));
    }
    await delay(300, undefined, { signal }).catch(() => undefined);
  }
}

/** Of what has started, by Slurm's own whole seconds. */
async function localWaits(site: TestSite): Promise<readonly { readonly submitMs: number; readonly startMs: number }[]> {
  const words = ["squeue", "-h", "-t", "R,CG,CD", "-u", "weirt-zhao", "-o", "%V %S"];
  const { stdout } = await site.cluster.run("root", words);
  return stdout.split("\n").flatMap((line) => {
    const [submit = "", start = ""] = line.trim().split(" ");
    const [submitMs, startMs] = [Date.parse(submit), Date.parse(start)];
    return Number.isNaN(submitMs) || Number.isNaN(startMs) ? [] : [{ submitMs, startMs }];
  });
}

const mean = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0) / values.length;
