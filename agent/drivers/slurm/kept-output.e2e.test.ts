import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { makeTestSite, type TestAgent, type TestSite } from "./site-testing.ts";

// P4: what a run wrote is read and kept before its end is final. Its user removes all of it the moment the end is told.

describe("what runs wrote, once their users have removed it", {
  skip: requires("root", "slurm", "sudo"),
  concurrency: 2,
}, () => {
  let clusters: Clusters;
  before(async () => {
    clusters = await startClusters();
  });
  after(() => clusters?.stop());

  for (const name of ["jinan", "qingdao"] as const)
    describe(name, { concurrency: 1 }, () => {
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

      test("is read from what the agent kept, whole or from its end, also after a restart; named files stay theirs", async () => {
        const mib = 2 ** 20;
        const named = join(site.cluster.sharedFolder, "weirt-li", "elsewhere.out");
        const both = await agent.run("echo out; echo err >&2; exit 3");
        const large = await agent.run("head -c 3145728 /dev/zero | tr '\\0' x; echo LAST");
        const theirs = await agent.run("echo mine", { stdout: named });
        const removed = await site.cluster.run("weirt-li", [
          "sh",
          "-c",
          `rm -rf ${site.cluster.sharedFolder}/weirt-li/.weir ${named}`,
        ]);
        assert.equal(removed.status, 0, removed.stderr);
        for (const round of ["at once", "after a restart"]) {
          assert.equal(await agent.log(both.run), "out\n", round);
          assert.equal(await agent.log(both.run, "stderr"), "err\n", round);
          const [first, second] = [
            await agent.driver.readLog(large.run, "stdout", 0, mib),
            await agent.driver.readLog(large.run, "stdout", mib, mib),
          ];
          assert(first.kind === "bytes" && second.kind === "bytes");
          const whole = Buffer.concat([first.bytes, second.bytes]).toString();
          const before = 3 * mib + "LAST\n".length - mib;
          const mark = `[weir: ${before} of ${before + mib} bytes before this were not kept]\n`;
          assert(whole.startsWith(`${mark}xxx`) && whole.endsWith("xLAST\n"), whole.slice(0, 100));
          assert.deepEqual([whole.length, second.final], [mark.length + mib, true]);
          assert.match(await agent.log(theirs.run), /^\(/, "a file that the job named is its user's");
          await agent.driver.close();
          agent = await site.open();
        }
        const audit = readFileSync(join(dirname(site.settings.folder), "log/audit"), "utf8");
        assert.doesNotMatch(audit, / refused /, "reading at the end asks for nothing that a policy forbids");
        await agent.driver.remove(both.run);
        assert.match(await agent.log(both.run), /^\(/, "it goes with the run");
      });
    });
});
