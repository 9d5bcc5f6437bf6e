import assert from "node:assert/strict";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { placeByToken } from "#agent/install/place.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../../tools/slurm/clusters.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// Users lend their own tokens on real clusters: no weir-as is there, and nothing of the agent's is root's.

const names = ["jinan", "qingdao"] as const;

describe("the user's own credential", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let programs: string;
  let delegateProgram: string;
  const sites = new Map<string, TestSite & { readonly shared: string }>();
  const agents = new Map<string, TestAgent>();
  before(async () => {
    clusters = await startClusters({ nodeTimeoutS: 5 });
    programs = mkdtempSync("/var/tmp/weir-by-token-");
    const { uid, gid } = clusters.agentUser;
    const placed = placeByToken({ folder: join(programs, "lib") });
    delegateProgram = placed.delegate;
    await import("node:fs").then(({ chmodSync }) => chmodSync(programs, 0o755));
    for (const name of names) {
      const cluster = clusterOf(clusters, name);
      const shared = join(cluster.sharedFolder, "weir");
      const state = join(programs, name);
      for (const folder of [shared, state]) {
        mkdirSync(folder, { mode: 0o711 });
        chownSync(folder, uid, gid);
      }
      const delegated = { folder: shared, tokens: join(state, "tokens"), program: placed.program };
      const made = makeTestSite(clusters, name, {
        site: { transport: "rest", rest: { url: cluster.restUrl }, delegated },
      });
      rmSync(made.helper);
      sites.set(name, { ...made, shared });
      agents.set(name, await made.open());
    }
  });
  after(async () => {
    for (const agent of agents.values()) await agent.driver.close();
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
    rmSync(programs, { recursive: true, force: true });
  });
  const site = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);
  const agent = (name: string) => agents.get(name) ?? assert.fail(`no ${name}`);
  const readiness = (name: string, person: number) =>
    agent(name)
      .driver.mapping.entries()
      .find((entry) => entry.person === person)?.readiness;
  const delegate = (name: string, user: string, ...words: readonly string[]) =>
    site(name).cluster.run(user, [delegateProgram, "--folder", site(name).shared, ...words]);

  for (const name of names)
    describe(name, () => {
      test("before: nobody is ready; after: by a job of their own", async () => {
        await agent(name).until(() => readiness(name, 1)?.kind === "needs-credential");
        const lent = await delegate(name, "weirt-li", "--lifespan", "600");
        assert.deepEqual([lent.status, lent.stderr], [0, ""], lent.stdout);
        assert.match(lent.stdout, /^taken; a small job of yours proves it next, until /);
        await agent(name).until(() => readiness(name, 1)?.kind === "ready");
        assert.equal(readiness(name, 2)?.kind, "needs-credential");
      });
      test("exit code and log", async () => {
        const ended = await agent(name).run("id -un; exit 3");
        assert.deepEqual(ended.end, { kind: "failed", exitCode: 3 });
        assert.equal(await agent(name).log(ended.run), "weirt-li\n");
      });
    });
});
void [arrayOrders, orderOf, delay, readFileSync];
