import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { placeHelper } from "#agent/install/place.ts";
import { allowSudo } from "#agent/install/sudo-testing.ts";
import { samplePolicy } from "#agent/install/texts.ts";
import type { RunId } from "#core/ids.ts";
import { jobId, runId } from "#core/ids.ts";
import type { ArraySpec } from "#core/job/spec.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { sampleAllocation, sampleOrder } from "#core/sample-testing.ts";
import { type Cluster, type Clusters, clusterOf } from "../../../tools/slurm/clusters.ts";
import { openSlurm, type SlurmSettings } from "./driver.ts";
import { parseSite } from "./site.ts";

/** For tests: one real cluster with weir-as installed, and drivers over it that ask as the agent's unprivileged user. */
export type TestSite = {
  readonly cluster: Cluster;
  readonly settings: SlurmSettings;
  /** weir-as as it is installed here. */
  readonly helper: string;
  readonly open: (changes?: Partial<SlurmSettings>) => Promise<TestAgent>;
  readonly remove: () => void;
};

export type TestAgent = {
  readonly driver: Awaited<ReturnType<typeof openSlurm>>;
  readonly notes: readonly string[];
  readonly seen: readonly RunObservation[];
  readonly ended: (run: RunId) => Promise<Ended>;
  readonly started: (run: RunId) => Promise<RunObservation>;
  /** Resolves with the engine's id once it is in the queue. */
  readonly queue: (order: RunOrder) => Promise<string>;
  readonly run: (script: string, changes?: Partial<RunOrder>) => Promise<Ended>;
  readonly log: (run: RunId, stream?: "stdout" | "stderr") => Promise<string>;
  /** On which nodes it is or was, as was told last. */
  readonly nodes: (run: RunId) => string | undefined;
  readonly until: (what: () => boolean, patienceMs?: number) => Promise<void>;
  /** Tells somebody else, too, what happens from now on. */
  readonly tell: (also: (observation: RunObservation) => void) => void;
};

export type Ended = Extract<RunObservation, { kind: "ended" }>;

/** weirt-li is person 1, weirt-wang person 2, weirt-zhao person 3. */
export const people = ["weirt-li", "weirt-wang", "weirt-zhao"] as const;

/** Until what is seen at the engine holds. */
export async function when<Seen>(see: () => Promise<Seen>, holds: (seen: Seen) => boolean): Promise<Seen> {
  const untilMs = performance.now() + 150_000;
  for (;;) {
    const seen = await see();
    if (holds(seen)) return seen;
    if (performance.now() > untilMs) throw new Error(`it did not come to be: ${JSON.stringify(seen)}`);
    await delay(200);
  }
}

export function makeTestSite(
  clusters: Clusters,
  name: "jinan" | "qingdao",
  more: { readonly policy?: readonly string[]; readonly site?: object; readonly slurmBin?: string } = {},
): TestSite {
  const cluster = clusterOf(clusters, name);
  const folder = mkdtempSync(`/var/tmp/weir-slurm-driver-${name}-`);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "log"));
  mkdirSync(join(folder, "agent"), { mode: 0o700 });
  const policyPath = join(folder, "policy");
  const program = placeHelper({ folder: join(folder, "helper"), policyPath });
  const policy = samplePolicy({
    slurmConf: cluster.slurmConf,
    slurmBin: more.slurmBin ?? "/usr/bin",
    runs: `${cluster.sharedFolder}/%u/.weir`,
    accounts: cluster.accounting ? ["ai-lab", "hpc"] : ["-"],
    partitions: ["batch", "accel", "short"],
    qos: ["-", "normal", "preemptible"],
    lines: [`output-root ${cluster.sharedFolder}/%u`, "load yes", "token-lifespan-max 600", ...(more.policy ?? [])],
  });
  writeFileSync(
    policyPath,
    policy.replace(/^(stop|audit) .*$/gm, (_, key) => `${key} ${folder}/log/${key}`),
  );
  const rule = allowSudo(clusters.agentUser.name, program, `driver-${name}-${folder.slice(-6)}`);
  const accounts = cluster.accounting ? { "weirt-li": "ai-lab", "weirt-wang": "ai-lab", "weirt-zhao": "hpc" } : null;
  const entries = people.map((user, at) => ({
    person: at + 1,
    project: null,
    user,
    account: accounts?.[user] ?? null,
    readiness: { kind: "ready", sinceMs: 0 },
  }));
  writeFileSync(join(folder, "agent", "mapping.json"), JSON.stringify(entries));
  const { slurmBin } = more;
  const own = { helper: ["sudo", "-n", program, "serve"], slurmConf: cluster.slurmConf, ...(slurmBin && { slurmBin }) };
  const site = { ...own, ...more.site };
  const settings: SlurmSettings = {
    folder: join(folder, "agent"),
    site: parseSite(JSON.stringify(site), "the test's site"),
    identity: { uid: clusters.agentUser.uid, gid: clusters.agentUser.gid },
    recordsEveryMs: 500,
    listEveryMs: 3_000,
    messageTimeoutMs: 4_000,
    heldBeyondMs: 2_000,
  };
  return {
    cluster,
    settings,
    helper: program,
    open: (changes = {}) => openAgent({ ...settings, ...changes }),
    remove() {
      rmSync(rule, { force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Far more than a busy machine takes. */
const usualPatienceMs = 150_000;

async function openAgent(settings: SlurmSettings): Promise<TestAgent> {
  const notes: string[] = [];
  const seen: RunObservation[] = [];
  const driver = await openSlurm(settings, (words, facts) => notes.push(`${words} ${JSON.stringify(facts)}`));
  let also: (observation: RunObservation) => void = () => {};
  driver.listen((observation) => {
    seen.push(observation);
    also(observation);
  });
  const first = async (run: RunId, kind: RunObservation["kind"]): Promise<RunObservation> => {
    for (const untilMs = performance.now() + usualPatienceMs; performance.now() < untilMs; await delay(20)) {
      const found = seen.find((one) => one.run === run && one.kind === kind);
      if (found) return found;
      if (kind === "ended") continue;
      const over = seen.find((one) => one.run === run && one.kind === "ended");
      if (over) throw new Error(`${run} ended before it was ${kind}: ${JSON.stringify(over)}`);
    }
    throw new Error(`${run} was not ${kind} within ${usualPatienceMs / 1000} s; notes: ${notes.slice(-5).join(" | ")}`);
  };
  const agent: TestAgent = {
    driver,
    notes,
    seen,
    async ended(run) {
      const found = await first(run, "ended");
      if (found.kind !== "ended") throw new Error("not an end");
      return found;
    },
    started: (run) => first(run, "started"),
    async queue(order) {
      const answer = await driver.start(order);
      if (answer.kind !== "queued") throw new Error(`not queued: ${JSON.stringify(answer)}`);
      return answer.engineId;
    },
    async run(script, changes) {
      const order = orderOf(script, changes);
      await agent.queue(order);
      return agent.ended(order.run);
    },
    async log(run, stream = "stdout") {
      const read = await driver.readLog(run, stream, 0, 2 ** 20);
      return read.kind === "bytes" ? Buffer.from(read.bytes).toString() : `(${read.words})`;
    },
    nodes: (run) =>
      seen.flatMap((one) => (one.run === run && "nodes" in one && one.nodes !== undefined ? [one.nodes] : [])).at(-1),
    async until(what, patienceMs = usualPatienceMs) {
      for (const untilMs = performance.now() + patienceMs; !what(); await delay(20))
        if (performance.now() > untilMs)
          throw new Error(`it did not come to be; notes: ${notes.slice(-5).join(" | ")}`);
    },
    tell: (who) => {
      also = who;
    },
  };
  return agent;
}

let jobs = 0;

/** A new run of a shell script, asking for one core and 64 MiB. */
export function orderOf(script: string, changes: Partial<RunOrder> = {}): RunOrder {
  const job = changes.job ?? ++jobs;
  const index = changes.index ?? 0;
  return sampleOrder(job, {
    run: runId({ job: jobId(job), index, attempt: changes.attempt ?? 1 }),
    name: "probe",
    work: { kind: "script", text: `#!/bin/sh\n${script}\n`, arguments: [] },
    pool: "batch",
    allocation: { ...sampleAllocation, memoryMibPerNode: 64 },
    startWithinMs: 600_000,
    ...changes,
  });
}

/** The tasks of one array job that were placed here. */
export function arrayOrders(script: string, array: ArraySpec, indices: readonly number[]): readonly RunOrder[] {
  const job = ++jobs;
  return indices.map((index) => orderOf(script, { job, index, array }));
}
