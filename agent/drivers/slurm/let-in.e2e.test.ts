import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { FoundRun } from "#agent/driver.ts";
import type { RunId } from "#core/ids.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// A site takes its users out of the group of the network's while their work is there: nothing of it is told as lost or
// over, the site is not flooded with alerts, the history says what it waits for, and all is known once they are back.

describe("users whom the site lets in no more", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  before(async () => {
    clusters = await startClusters();
  });
  after(() => clusters?.stop());

  for (const name of ["jinan", "qingdao"] as const)
    describe(name, { concurrency: 1 }, () => {
      let site: TestSite;
      let agent: TestAgent;
      let other: TestAgent;
      before(async () => {
        site = makeTestSite(clusters, name);
        agent = await site.open();
        agent.driver.begin?.({ session: 1, mark: "abcd1234" });
      });
      after(async () => {
        await agent?.driver.close();
        await other?.driver.close();
        site?.remove();
      });

      const folder = () => dirname(site.settings.folder);
      /** The group whose members the site lets in; another one has nobody. */
      function letIn(group: string): void {
        const path = join(folder(), "policy");
        writeFileSync(path, readFileSync(path, "utf8").replace(/^group .*$/m, `group ${group}`));
      }
      const refusals = () =>
        readFileSync(join(folder(), "log/audit"), "utf8")
          .split("\n")
          .filter((line) => line.includes(" refused ") && line.includes("user=weirt-li")).length;
      const remarks = (run: RunId) =>
        agent.seen.flatMap((one) => (one.kind === "remark" && one.run === run ? [one] : []));

      test("their runs go on unseen, a cancel waits, and their ends are told when they are back", async () => {
        const go = join(site.cluster.sharedFolder, "weirt-li", `back-${name}`);
        const works = orderOf(`until [ -e ${go} ]; do sleep 0.1; done; exit 7`, { timeLimitS: 600 });
        const unwanted = orderOf("sleep 600", { timeLimitS: 600 });
        for (const order of [works, unwanted]) {
          await agent.queue(order);
          await agent.started(order.run);
        }
        const before = refusals();
        letIn("weirt-nobody");
        await agent.until(() => remarks(works.run).length > 0 && remarks(unwanted.run).length > 0);
        const [said] = remarks(works.run);
        assert.match(said?.words ?? "", /does not let the network act as this run's local user \(group\)/);
        assert(!said?.words.includes("weirt"), "the server hears no local name");
        const late = await agent.driver.start(orderOf("true"));
        assert(
          late.kind === "refused" && /^… is not in the group weirt-nobody, /.test(late.words),
          JSON.stringify(late),
        );
        for (let asked = 0; asked < 3; asked += 1)
          assert.equal(await agent.driver.cancel(unwanted.run), "cancelling", "it is kept");
        const [, waits, ...more] = remarks(unwanted.run);
        assert.deepEqual([waits?.cancelWaits, more], ["let-in", []]);
        await delay(7_000);
        assert(refusals() - before <= 4, `${refusals() - before} alerts in seven seconds`);

        // Another agent, with a folder of its own, must not take "nobody may look" for "nothing is there".
        const elsewhere = join(folder(), "other");
        mkdirSync(elsewhere);
        copyFileSync(join(site.settings.folder, "mapping.json"), join(elsewhere, "mapping.json"));
        other = await site.open({ folder: elsewhere });
        other.driver.begin?.({ session: 2, mark: "abcd1234" });
        const both = [works.run, unwanted.run];
        await assert.rejects(async () => other.driver.find(both), /lets nobody look as weirt-li \(group\)/);

        letIn("weir-users");
        writeFileSync(go, "");
        assert.deepEqual((await agent.ended(works.run)).end, { kind: "failed", exitCode: 7 });
        const cancelled = await agent.ended(unwanted.run);
        assert.equal(cancelled.end.kind, "cancelled", JSON.stringify(cancelled));
        const words = remarks(works.run).map((one) => one.words);
        assert.equal(words.length, 2, words.join("\n"));
        assert.match(words[1] ?? "", /as this run's local user again/);
        assert.deepEqual(
          remarks(unwanted.run).flatMap(({ cancelWaits }) => (cancelWaits === undefined ? [] : [cancelWaits])),
          ["let-in", null],
        );
        let found: readonly FoundRun[] = [];
        for (const untilMs = performance.now() + 60_000; found.length < 2; await delay(500)) {
          assert(performance.now() < untilMs, "they are not found again");
          found = await other.driver.find(both).catch(() => []);
        }
        assert.deepEqual(found.map(({ run }) => run).sort(), both.sort());
      });
    });
});
