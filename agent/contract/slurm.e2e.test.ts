import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openSlurm } from "#agent/drivers/slurm/driver.ts";
import { makeTestSite, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { checkNames, gradeOf } from "#core/centre/connection-test.ts";
import { requires } from "../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../tools/slurm/clusters.ts";
import { runContract } from "./suite.ts";

// The contract of every driver, on real clusters: jinan with slurmdbd, qingdao without it and with rewritten comments.

describe("the Slurm driver keeps the contract", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  const sites: TestSite[] = [];
  before(async () => {
    clusters = await startClusters();
  });
  after(async () => {
    await clusters?.stop();
    for (const site of sites) site.remove();
  });

  for (const name of ["jinan", "qingdao"] as const)
    test(`at ${name}`, async (t) => {
      const site = makeTestSite(clusters, name);
      sites.push(site);
      const trial = { test: 7, session: 1, person: { id: 1, name: "li" }, project: { id: 1, name: "default" } };
      const notes: string[] = [];
      const open = () => openSlurm(site.settings, (words, facts) => notes.push(`${words} ${JSON.stringify(facts)}`));
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
    });
});
