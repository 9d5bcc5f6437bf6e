import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { RunOrder } from "#core/run-order.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// An agent whose folder is lost, or a second one with a folder of its own: by the mark that the server gives to both it
// finds what the one before it submitted, and nothing waits or runs twice.

const mark = "abcd1234";

describe("an agent that knows nothing of the one before it", {
  skip: requires("root", "slurm", "sudo"),
  concurrency: 2,
}, () => {
  let clusters: Clusters;
  before(async () => {
    // What has ended is forgotten at once: where there is no accounting, only the user's folder still knows of it.
    clusters = await startClusters({ minJobAgeS: 2 });
  });
  after(() => clusters?.stop());

  for (const name of ["jinan", "qingdao"] as const)
    describe(name, { concurrency: 1 }, () => {
      let site: TestSite;
      let first: TestAgent;
      let second: TestAgent;
      before(() => (site = makeTestSite(clusters, name)));
      after(async () => {
        await second?.driver.close();
        site?.remove();
      });

      const jobsOf = async (order: RunOrder): Promise<number> => {
        const { stdout } = await site.cluster.run("root", ["squeue", "-h", "-r", "-t", "all", "-o", "%j"]);
        return stdout.split("\n").filter((line) => line.includes(`-${order.job}.`)).length;
      };

      test("takes up what waits, runs and has ended, and doubles nothing", async () => {
        first = await site.open();
        first.driver.begin?.({ session: 1, mark });
        const [ended, running, waiting] = [
          orderOf("exit 3"),
          orderOf("sleep 8; exit 4", { timeLimitS: 60 }),
          orderOf("exit 5", { pool: "short" }),
        ];
        const limited = orderOf("sleep 100", { timeLimitS: 12 });
        const array = { ranges: [{ first: 0, last: 9, step: 1 }], throttle: null };
        const tasks = arrayOrders("sleep 6; exit $SLURM_ARRAY_TASK_ID", array, [2, 3, 7]);
        await site.cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=DOWN"]);
        await Promise.all([ended, running, waiting, limited, ...tasks].map((order) => first.queue(order)));
        for (const order of [running, limited, ...tasks]) await first.started(order.run);
        // One that was about to be submitted: its folder is there, and Slurm has never heard of it.
        const unsent = orderOf("exit 6");
        const folder = `${site.cluster.sharedFolder}/weirt-li/.weir`;
        const [plain, copy] = [`${folder}/${mark}-${ended.run}-1`, `${folder}/${mark}-${unsent.run}-1`];
        const begin = [
          `mkdir ${copy}`,
          `sed 's/engineId=/engineXx=/; s/0 ${ended.run}/0 ${unsent.run}/' ${plain}/order > ${copy}/order`,
        ];
        const made = await site.cluster.run("weirt-li", ["sh", "-c", begin.join(" && ")]);
        assert.equal(made.status, 0, made.stderr);
        await first.driver.close();
        for (const lost of ["slurm-runs", "slurm-runs-ended", "slurm-network"])
          rmSync(join(site.settings.folder, lost));

        second = await site.open();
        second.driver.begin?.({ session: 2, mark });
        const all = [ended, running, waiting, limited, ...tasks];
        const found = await second.driver.find([...all, unsent].map(({ run }) => run));
        assert.deepEqual(found.map(({ run }) => run).sort(), all.map(({ run }) => run).sort());
        for (const order of all)
          assert.ok(["already-there", "queued"].includes((await second.driver.start(order)).kind), order.run);
        assert.equal(await jobsOf(waiting), 1);
        await site.cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=UP"]);
        const codeOf = async (order: RunOrder) => {
          const { end } = await second.ended(order.run);
          return end.kind === "failed" ? end.exitCode : end.kind;
        };
        const codes = await Promise.all(all.map(codeOf));
        assert.deepEqual(codes, [3, 4, 5, "timed-out", 2, 3, 7]);
        const { stdout } = await site.cluster.run("weirt-li", [
          ...[
            "find",
            `${site.cluster.sharedFolder}/weirt-li/.weir`,
            "-name",
            "started",
            "-newer",
            site.cluster.slurmConf,
          ],
        ]);
        assert.equal(stdout.trim().split("\n").length, all.length, `each was started once:\n${stdout}`);
        assert.equal((await second.driver.start(unsent)).kind, "queued");
        assert.equal(await codeOf(unsent), 6);
      });

      if (name === "qingdao")
        test("what Slurm purged while the agent was away is judged by what its wrapper wrote", {
          timeout: 400_000,
        }, async () => {
          const go = join(site.cluster.sharedFolder, "weirt-li", "go-on");
          const [ran, cancelled] = [
            orderOf(`until [ -e ${go} ]; do sleep 0.1; done; exit 9`, { timeLimitS: 600 }),
            orderOf("true", { pool: "short" }),
          ];
          await site.cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=DOWN"]);
          const ids = await Promise.all([ran, cancelled].map((order) => second.queue(order)));
          await second.started(ran.run);
          await second.driver.close();
          writeFileSync(go, "");
          await site.cluster.run("root", ["scancel", "--state=PENDING", "--partition=short"]);
          await site.cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=UP"]);
          // slurmctld clears away once a minute.
          for (const untilMs = performance.now() + 240_000; ; await delay(1_000)) {
            const known = await Promise.all(ids.map((id) => site.cluster.run("root", ["scontrol", "show", "job", id])));
            if (known.every(({ stderr }) => /Invalid job id/.test(stderr))) break;
            assert.ok(performance.now() < untilMs, "they are not purged");
          }
          second = await site.open();
          const { end, words, usage } = await second.ended(ran.run);
          assert.deepEqual(end, { kind: "failed", exitCode: 9 });
          assert.match(words ?? "", /knows no job \d+: this end is by the wrapper's record/);
          assert.ok(usage.wallMs > 0 && usage.startedMs !== null);
          const never = await second.ended(cancelled.run);
          assert.match(JSON.stringify(never.end), /"withdrawn".*its wrapper never began/);
        });

      test("the next session of the same folder looks for nobody", async () => {
        await second.driver.close();
        second = await site.open();
        second.driver.begin?.({ session: 3, mark });
        assert.deepEqual(await second.driver.find([orderOf("true").run]), []);
        assert.ok(!second.notes.some((note) => /earlier agent/.test(note)));
      });
    });
});
