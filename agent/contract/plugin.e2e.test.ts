import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openSlurm } from "#agent/drivers/slurm/driver.ts";
import { makeTestSite, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { requires } from "../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../tools/slurm/clusters.ts";
import { runContract } from "./suite.ts";

// A site's plugin gives jobs names of its own. The queue has the tag in the comment still, and the driver follows the run by
// that; accounting keeps names alone, so a run that was in doubt would be looked for there in vain (R3).

const renames = `function slurm_job_submit(job, partitions, uid)
  job.name = "site"
  return slurm.SUCCESS
end

function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end
`;

describe("a site that renames jobs", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let site: TestSite;
  before(async () => {
    clusters = await startClusters({ only: ["jinan"], extra: ["JobSubmitPlugins=lua"] });
    site = makeTestSite(clusters, "jinan");
  });
  after(async () => {
    await clusters?.stop();
    site?.remove();
  });

  test("fails the check of the tag", async () => {
    const who = { person: { id: 1, name: "li" }, project: { id: 1, name: "default" } };
    const open = () => openSlurm(site.settings, () => {});
    const judged = async (number: number) => {
      const trial = { test: number, session: 1, ...who };
      const [tag] = await runContract(open, { trial, pool: "batch", patienceMs: 90_000, only: ["tag"] });
      return `${tag?.verdict}: ${tag?.seen}`;
    };
    assert.match(await judged(7), /^pass: .*in the engine's queue: there; its tag in the engine's accounting: there$/);
    writeFileSync(join(dirname(site.cluster.slurmConf), "job_submit.lua"), renames);
    assert.match(
      await judged(8),
      /^fail: .*in the engine's queue: there; its tag in the engine's accounting: not there$/,
    );
  });
});
