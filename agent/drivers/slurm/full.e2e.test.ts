import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { fillDisk, mountSmall } from "../../../tools/small-disk.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// Disks without room: the user's own file system, and the spool of the nodes. A small file system stands for each.

describe("Slurm centres whose disks are full", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  before(async () => {
    clusters = await startClusters();
  });
  after(() => clusters?.stop());

  for (const name of ["jinan", "qingdao"] as const)
    describe(name, () => {
      let site: TestSite;
      let agent: TestAgent;
      before(async () => {
        site = makeTestSite(clusters, name);
        agent = await site.open();
      });
      after(async () => {
        await agent?.driver.close();
        site?.remove();
      });
      const asRoot = async (...command: string[]) => (await site.cluster.run("root", command)).stdout;

      test("the user's file system: nothing is half submitted, and an end finds its way without it", async () => {
        const folder = join(site.cluster.sharedFolder, "weirt-li");
        const free = mountSmall(folder, "2m");
        try {
          fillDisk(join(folder, "filler"));
          const answer = await agent.driver.start(orderOf("true"));
          assert.equal(answer.kind, "busy");
          assert.match(answer.kind === "busy" ? answer.words : "", /No space left on device/);
          assert.equal(await asRoot("squeue", "-a", "-h", "-t", "PD,R"), "");
          rmSync(join(folder, "filler"));
          const filled = await agent.run(`head -c 4000000 /dev/zero > "${folder}/filler"; exit 7`);
          assert.deepEqual(filled.end, { kind: "failed", exitCode: 7 });
        } finally {
          free();
        }
      });

      test("the spool of the nodes: the run never began, and work goes on once there is room", async () => {
        const folders = site.cluster.nodes.map((node) => join(dirname(site.cluster.logFolder), "spool", node));
        const frees = folders.map((folder) => mountSmall(folder, "1m"));
        try {
          for (const folder of folders) fillDisk(join(folder, "filler"));
          const { end } = await agent.run("exit 4");
          assert.equal(end.kind, "node-failed", JSON.stringify(end));
          assert.match(end.kind === "node-failed" ? end.reason : "", /nothing of it was begun/);
          assert.match(await asRoot("sinfo", "-h", "-R", "-o", "%E"), /SlurmdSpoolDir is full/);
        } finally {
          for (const free of frees) free();
        }
        for (const node of site.cluster.nodes) {
          if (!/drain/.test(await asRoot("sinfo", "-h", "-n", node, "-o", "%T"))) continue;
          await asRoot("scontrol", "update", `nodename=${node}`, "state=resume");
        }
        assert.deepEqual((await agent.run("exit 5")).end, { kind: "failed", exitCode: 5 });
      });
    });
});
