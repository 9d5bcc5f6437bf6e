import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeTestSite, type TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { startTypedRest, type TypedRest } from "#agent/drivers/slurm/typed-rest-testing.ts";
import { requires } from "../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../tools/slurm/clusters.ts";
import { keeps } from "./slurm-testing.ts";

// The contract over versions of slurmrestd that Debian 12 does not have. NOT RUN LIVE: their documented shapes stand before the
// real slurmrestd, slurmctld and jobs of 22.05 (typed-rest-testing.ts).

describe("the contract over the data parser's shapes, not run live", {
  skip: requires("root", "slurm", "sudo"),
  concurrency: 2,
}, () => {
  let clusters: Clusters;
  let folder = "";
  const sites: TestSite[] = [];
  const daemons: TypedRest[] = [];
  before(async () => {
    // Backfill plans soon enough for the short look at its estimates; else that look is one of a minute.
    clusters = await startClusters({ extra: ["SchedulerParameters=batch_sched_delay=0,bf_interval=1"] });
    folder = mkdtempSync("/var/tmp/weir-typed-rest-");
  });
  after(async () => {
    for (const daemon of daemons) await daemon.close();
    await clusters?.stop();
    for (const site of sites) site.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, versions] of [
    ["jinan", ["v0.0.42"]],
    ["qingdao", ["v0.0.40", "v0.0.41"]],
  ] as const)
    describe(`at ${name}`, { concurrency: 1 }, () => {
      for (const version of versions)
        test(version, async (t) => {
          const socket = join(folder, version);
          const daemon = await startTypedRest(clusterOf(clusters, name).restUrl, version, socket);
          daemons.push(daemon);
          const site = makeTestSite(clusters, name, { site: { transport: "rest", rest: { socket } } });
          sites.push(site);
          await keeps(t, site);
          assert.deepEqual(daemon.complaints, []);
          const ours = daemon.heard.filter((one) => !one.endsWith("/openapi/v3"));
          assert.ok(ours.filter((one) => one === `POST /slurm/${version}/job/submit`).length >= 30);
          assert.ok(
            ours.every((one) => one.includes(` /slurm/${version}/`)),
            "it was asked in its own version",
          );
        });
    });
});
