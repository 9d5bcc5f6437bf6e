import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "#api/client.ts";
import { requires } from "../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// Partitions that overlap (docs/decisions/0065), on a real cluster: `accel` has both of its nodes, `short` the first of them,
// and both are the network's own. Slurm itself is asked, again and again, what it was sent.

const coresOfNode = 4;

describe("partitions that share nodes", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let centre: SlurmCentre;
  before(async () => {
    [clusters, network] = await Promise.all([
      startClusters({ only: ["jinan"], nodes: 2, cpus: coresOfNode }),
      startNetwork({ env: { WEIR_LOCAL_CORES: "1" } }),
    ]);
    const changed = ["scontrol", "update", "PartitionName=short", "Nodes=jinan1", "MaxTime=INFINITE"];
    const { status, stderr } = await clusterOf(clusters, "jinan").run("root", changed);
    assert.equal(status, 0, stderr);
    centre = await joinSlurm(network, clusters, "jinan", {}, { partitions: ["accel", "short"] });
    centre.start();
    await centre.connected();
    const terms = await ok(client().call("terms", { params: { centre: "jinan" } }));
    const otherPools = { ...terms.terms.otherPools, contract: "dedicated" as const };
    await ok(client().call("setTerms", { params: { centre: "jinan" }, body: { ...terms.terms, otherPools } }));
  });
  after(async () => {
    await centre?.remove();
    await network?.remove();
    await clusters?.stop();
  });
  const client = () => createClient({ baseUrl: network.url, token: () => network.token });

  test("each node is counted and listed once", async () => {
    const { nodes } = await ok(client().call("nodes", { query: { centre: "jinan" } }));
    assert.deepEqual(
      nodes.map(({ name, pools, count }) => [name, pools, count]),
      [
        ["jinan1", ["accel", "short"], 1],
        ["jinan2", ["accel"], 1],
      ],
    );
    const shown = (await network.weir(["nodes", "--centre", "jinan"])).stdout;
    assert.equal(shown.match(/\bjinan1\b/g)?.length, 1, shown);
    const { centres } = await ok(client().call("centres"));
    const jinan = centres.find(({ id }) => id === "jinan");
    assert.equal(jinan?.together.cores, 2 * coresOfNode);
    assert.deepEqual(jinan?.pools.map(({ name, cores, sharesNodesWith }) => [name, cores, sharesNodesWith]).slice(-2), [
      ["accel", 2 * coresOfNode, ["short"]],
      ["short", coresOfNode, ["accel"]],
    ]);
    const glance = await eventually("the glance has the cluster", async () => {
      const seen = await ok(client().call("glance"));
      return seen.cores.total > 1 ? seen : null;
    });
    assert.equal(glance.cores.total, 1 + 2 * coresOfNode);
  });

  test("of work for both no more is sent than their nodes hold", async () => {
    const submit = async (partition: string, tasks: number) => {
      const words = ["submit", "--centre", "jinan", "--partition", partition, "--mem=64M", "--parsable", "-Q"];
      const { status, stdout, stderr } = await network.weir([
        ...words,
        "--array",
        `0-${tasks - 1}`,
        "--",
        "sleep",
        "8",
      ]);
      assert.equal(status, 0, stderr);
      return stdout.trim();
    };
    const jobs = await Promise.all([submit("accel", 12), submit("short", 8)]);
    const ended = async () =>
      (await Promise.all(jobs.map((job) => network.weir(["show", job, "--json"])))).every(
        ({ stdout }) => JSON.parse(stdout).state === "ended",
      );
    const most = { all: 0, short: 0 };
    for (let isOver = false; !isOver; isOver = await ended()) {
      const held = await heldNow();
      most.all = Math.max(most.all, held.all);
      most.short = Math.max(most.short, held.short);
      await delay(200);
    }
    // Not one more, and none left out.
    assert.deepEqual(most, { all: 2 * coresOfNode, short: coresOfNode });
    for (const job of jobs) {
      const { outcome } = JSON.parse((await network.weir(["show", job, "--json"])).stdout);
      assert.equal(outcome.kind, "succeeded", job);
    }
  });

  test("why a task waits is said of the nodes that both have", async () => {
    const hold = (partition: string, cores: number) => {
      const shape = ["--ntasks", "1", "--cpus-per-task", `${cores}`, "--mem=64M", "--parsable", "-Q"];
      const words = ["submit", "--centre", "jinan", "--partition", partition, ...shape, "--", "sleep", "600"];
      return network.weir(words).then(({ stdout }) => stdout.trim());
    };
    const first = await hold("short", coresOfNode);
    await eventually("it runs", async () =>
      JSON.parse((await network.weir(["show", first, "--json"])).stdout).state === "running" ? true : null,
    );
    const second = await hold("accel", coresOfNode);
    const third = await hold("accel", 1);
    const why = await eventually("the third waits", async () => {
      const { stdout } = await network.weir(["why", third]);
      return /cores-busy/.test(stdout) ? stdout : null;
    });
    assert.match(why, new RegExp(`needs 1 core, 0 of ${2 * coresOfNode} are free`), why);
    for (const job of [first, second, third]) await network.weir(["cancel", job]);
  });

  test("nodes next to each other are asked of Slurm, and are those that it gives", async () => {
    const script = "#!/bin/sh\n#SBATCH --contiguous\n#SBATCH --nodes=2\n#SBATCH --partition=accel\nsleep 600\n";
    const path = join(network.home, "in-a-row.sh");
    writeFileSync(path, script);
    const submitted = await network.weir([...["submit", "--centre", "jinan", "--mem=64M", "--parsable", "-Q", path]]);
    assert.equal(submitted.status, 0, submitted.stderr);
    const job = submitted.stdout.trim();
    await eventually("it runs", async () =>
      JSON.parse((await network.weir(["show", job, "--json"])).stdout).state === "running" ? true : null,
    );
    const cluster = clusterOf(clusters, "jinan");
    const { stdout: running } = await cluster.run("root", ["squeue", "-h", "-t", "R", "-o", "%i %N"]);
    const [id = "", nodes] = running.trim().split(" ");
    assert.equal(nodes, "jinan[1-2]", running);
    const { stdout: shown } = await cluster.run("root", ["scontrol", "show", "job", id]);
    assert.match(shown, /\bContiguous=1\b/);
    await network.weir(["cancel", job]);
  });

  /** Cores of what Slurm was sent and is not over, in both partitions and in the one of one node. */
  async function heldNow(): Promise<{ readonly all: number; readonly short: number }> {
    const { stdout } = await clusterOf(clusters, "jinan").run("root", [
      ...["squeue", "-h", "-r", "-t", "PD,R,CF", "-o", "%P %C"],
    ]);
    const lines = stdout.split("\n").flatMap((line) => {
      const [partition = "", cores = "0"] = line.trim().split(" ");
      return partition === "" ? [] : [{ partition, cores: Number(cores) }];
    });
    const sum = (some: typeof lines) => some.reduce((all, { cores }) => all + cores, 0);
    return { all: sum(lines), short: sum(lines.filter(({ partition }) => partition === "short")) };
  }
});

async function ok<Value>(reply: Promise<{ kind: "answer"; value: Value } | { kind: "problem"; problem: object }>) {
  const answered = await reply;
  if (answered.kind === "problem") assert.fail(JSON.stringify(answered.problem));
  return answered.value;
}
