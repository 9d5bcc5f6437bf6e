import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type ByToken, layByToken } from "#agent/drivers/slurm/by-token-testing.ts";
import { makeTestSite, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { requires } from "../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../tools/slurm/clusters.ts";
import { keeps } from "./slurm-testing.ts";

// The contract of every driver, on real clusters: jinan with slurmdbd, qingdao without it and with rewritten comments. By the
// commands at both, and by slurmrestd: at jinan with tokens that weir-as mints, at qingdao with those that users lend.

describe("the Slurm driver keeps the contract", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  let byToken: ByToken;
  const sites: TestSite[] = [];
  before(async () => {
    // Backfill plans soon enough for the short look at its estimates; else that look is one of a minute.
    clusters = await startClusters({ extra: ["SchedulerParameters=batch_sched_delay=0,bf_interval=1"] });
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
