import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, type TestContext, test } from "node:test";
import { type ByToken, layByToken } from "#agent/drivers/slurm/by-token-testing.ts";
import { openSlurm, usualPace } from "#agent/drivers/slurm/driver.ts";
import { makeTestSite, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { checkNames, gradeOf } from "#core/centre/connection-test.ts";
import { requires } from "../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../tools/slurm/clusters.ts";
import { runContract } from "./suite.ts";

// The contract of every driver, on real clusters: jinan with slurmdbd, qingdao without it and with rewritten comments. By the
// commands at both, and by slurmrestd: at jinan with tokens that weir-as mints, at qingdao with those that users lend.

describe("the Slurm driver keeps the contract", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  let byToken: ByToken;
  const sites: TestSite[] = [];
  before(async () => {
    clusters = await startClusters();
    byToken = layByToken(clusters);
  });
  after(async () => {
    await clusters?.stop();
    for (const site of sites) site.remove();
    byToken?.remove();
  });

  describe("at jinan", { concurrency: 1 }, () => {
    test("by the commands", (t) => keeps(t, siteOf("jinan", {})));
    test("by slurmrestd", (t) => {
      const { restUrl: url } = clusterOf(clusters, "jinan");
      return keeps(t, siteOf("jinan", { transport: "rest", rest: { url } }));
    });
  });

  describe("at qingdao", { concurrency: 1 }, () => {
    test("by the commands", (t) => keeps(t, siteOf("qingdao", {})));
    test("by slurmrestd with the token that its user lends", async (t) => {
      const site = siteOf("qingdao", byToken.at("qingdao").site);
      rmSync(site.helper);
      const agent = await site.open();
      const readiness = () => agent.driver.mapping.entries().find(({ person }) => person === 1)?.readiness.kind;
      await agent.until(() => readiness() === "needs-credential");
      const lent = await byToken.lend("qingdao", "weirt-li", "--lifespan", "900");
      assert.equal(lent.status, 0, lent.stderr);
      await agent.until(() => readiness() === "ready");
      await agent.driver.close();
      await keeps(t, site);
    });
  });

  function siteOf(name: "jinan" | "qingdao", said: object): TestSite {
    const site = makeTestSite(clusters, name, { site: said });
    sites.push(site);
    return site;
  }
});

async function keeps(t: TestContext, site: TestSite): Promise<void> {
  const trial = { test: 7, session: 1, person: { id: 1, name: "li" }, project: { id: 1, name: "default" } };
  const notes: string[] = [];
  // What its engine holds beyond a lease the agent takes out only after the usual time: the engine's own fence is asked.
  const settings = { ...site.settings, heldBeyondMs: usualPace.heldBeyondMs };
  const open = () => openSlurm(settings, (words, facts) => notes.push(`${words} ${JSON.stringify(facts)}`));
  const results = await runContract(open, {
    trial,
    pool: "batch",
    patienceMs: 90_000,
    heldBackMs: 90_000,
    onResult: ({ check, verdict, tookMs, seen }) => t.diagnostic(`${check} ${verdict} ${tookMs} ms: ${seen}`),
  });
  assert.deepEqual(
    results.map(({ check, verdict, seen }) => `${check} ${verdict === "pass" ? "pass" : `${verdict}: ${seen}`}`),
    checkNames.map((check) => `${check} pass`),
    notes.slice(-10).join("\n"),
  );
  assert.equal(gradeOf(results, 0).grade, "A");
}
