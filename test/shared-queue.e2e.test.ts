import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "#api/client.ts";
import { requires } from "../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// Whose runs count together in a Slurm cluster's own queue (B2, docs/decisions/0073). The site's mapping leads by person: of
// whom works in two projects it is one local user, of a project with two people two. Slurm itself is asked who waits.

const most = 2;

describe("places in the queue of a shared pool", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let centre: SlurmCentre;
  let folder = "";
  let filler = "";
  before(async () => {
    [clusters, network] = await Promise.all([
      startClusters({ only: ["jinan"] }),
      startNetwork({ env: { WEIR_LOCAL_CORES: "1" } }),
    ]);
    folder = mkdtempSync(join(tmpdir(), "weir-queue-"));
    for (const project of ["alpha", "beta"])
      await ok(client().call("addProject", { body: { name: project, tenant: "default" } }));
    // By the order in which they are added: weirt-wang and weirt-zhao of the site's mapping.
    await letIn("wang", "alpha", "beta");
    await letIn("zhao", "alpha");
    centre = await joinSlurm(network, clusters, "jinan", {}, { partitions: ["batch"] });
    centre.start();
    await centre.connected();
    const { terms } = await ok(client().call("terms", { params: { centre: "jinan" } }));
    const otherPools = { ...terms.otherPools, contract: "shared" as const, maxPending: most };
    await ok(client().call("setTerms", { params: { centre: "jinan" }, body: { ...terms, otherPools } }));
    // The centre's own work has all of it.
    const nodes = `--nodes=${centre.cluster.nodes.length}`;
    const asked = ["sbatch", "--parsable", "--partition=batch", nodes, "--exclusive", "--wrap", "sleep 900"];
    const filled = await clusterOf(clusters, "jinan").run("weirt-li", asked);
    assert.equal(filled.status, 0, filled.stderr);
    filler = filled.stdout.trim();
  });
  after(async () => {
    await centre?.remove();
    await network?.remove();
    await clusters?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });
  const client = () => createClient({ baseUrl: network.url, token: () => network.token });
  const as = (name: string) => ({ env: { HOME: join(folder, name), WEIR_HOME: join(folder, "none") } });
  async function letIn(name: string, ...projects: readonly string[]): Promise<void> {
    mkdirSync(join(folder, name));
    const { signInUrl } = await ok(client().call("addPerson", { body: { name, projects: [...projects] } }));
    const signedIn = await network.weir(["login", signInUrl], as(name));
    assert.equal(signedIn.status, 0, signedIn.stderr);
  }
  async function submit(name: string, project: string): Promise<string> {
    const words = ["submit", "--centre", "jinan", "--account", project, "--mem=64M", "--parsable", "-Q", "--", "true"];
    const { status, stdout, stderr } = await network.weir(words, as(name));
    assert.equal(status, 0, stderr);
    return stdout.trim();
  }
  /** By local user, as Slurm has it. */
  async function waiting(): Promise<Readonly<Record<string, number>>> {
    const listed = await clusterOf(clusters, "jinan").run("root", ["squeue", "-r", "--states=PD", "-h", "-o", "%u"]);
    assert.equal(listed.status, 0, listed.stderr);
    const users = listed.stdout.split("\n").filter((user) => user !== "");
    return Object.fromEntries(
      Map.groupBy(users, (user) => user)
        .entries()
        .map(([user, all]) => [user, all.length]),
    );
  }
  const why = async (name: string, job: string) => (await network.weir(["why", job], as(name))).stdout;

  test("two projects of one local user share its places, two users of one project have their own; all run in the end", async () => {
    await eventually("the cluster is full", async () => {
      const { centres } = await ok(client().call("centres"));
      const pool = centres.find(({ id }) => id === "jinan")?.pools.find(({ name }) => name === "batch");
      return pool?.contract === "shared" && pool.free.cores === 0 ? true : null;
    });
    const jobs: (readonly [name: string, job: string])[] = [];
    for (const [name, project] of [
      ["wang", "alpha"],
      ["wang", "beta"],
      ["wang", "alpha"],
      ["wang", "beta"],
      ["zhao", "alpha"],
      ["zhao", "alpha"],
      ["zhao", "alpha"],
    ] as const)
      jobs.push([name, await submit(name, project)]);
    const full = { "weirt-wang": most, "weirt-zhao": most };
    await eventually(
      "as many wait as may",
      async () => {
        const now = await waiting();
        return now["weirt-wang"] === most && now["weirt-zhao"] === most ? true : null;
      },
      180_000,
    );
    const [third, fourth, last] = [jobs[2]?.[1] ?? "", jobs[3]?.[1] ?? "", jobs[6]?.[1] ?? ""];
    const kept = async (name: string, job: string, words: RegExp) =>
      eventually(`why of ${job}`, async () => {
        const said = await why(name, job);
        return words.test(said.replace(/\s+/g, " ")) ? true : null;
      });
    await kept("wang", third, /pool-queue-full .*2 runs of its local account's like it wait/);
    await kept("wang", fourth, /that account is shared with project alpha/);
    await kept("zhao", last, /pool-queue-full .*2 runs of its local account's like it wait/);
    assert.doesNotMatch(await why("zhao", last), /is shared with/);
    for (let look = 0; look < 10; look++, await delay(300)) assert.deepEqual(await waiting(), full);
    const cancelled = await clusterOf(clusters, "jinan").run("weirt-li", ["scancel", filler]);
    assert.equal(cancelled.status, 0, cancelled.stderr);
    for (const [name, job] of jobs)
      await eventually(
        `job ${job} has ended`,
        async () => {
          const shown = JSON.parse((await network.weir(["show", job, "--json"], as(name))).stdout);
          return shown.outcome?.kind === "succeeded" ? true : null;
        },
        180_000,
      );
  });
});

async function ok<Value>(reply: Promise<{ kind: "answer"; value: Value } | { kind: "problem"; problem: object }>) {
  const answered = await reply;
  if (answered.kind === "problem") assert.fail(JSON.stringify(answered.problem));
  return answered.value;
}
