import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { RunId } from "#core/ids.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// A job that saves its work, on real clusters: told before its limit and before it makes way, and what it saved is found.

/** Says `ready` once it hears the signal, and what it heard. */
const hears = (then: string) => `trap 'echo heard; ${then}' USR1
echo ready
while :; do sleep 0.1; done`;
const usr1 = (beforeS: number) => ({ signal: "USR1", beforeS }) as const;

describe("the warning of a Slurm run", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  before(async () => {
    clusters = await startClusters();
    for (const name of ["jinan", "qingdao"] as const) sites.set(name, makeTestSite(clusters, name));
  });
  after(async () => {
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });

  for (const name of ["jinan", "qingdao"])
    describe(name, { concurrency: 1 }, () => {
      let agent: TestAgent;
      before(async () => {
        agent = await (sites.get(name) ?? assert.fail(`no ${name}`)).open();
      });
      after(() => agent.driver.close());

      async function said(run: RunId, line: string): Promise<void> {
        for (;;) {
          const isOver = agent.seen.some((one) => one.kind === "ended" && one.run === run);
          if ((await agent.log(run)).includes(`${line}\n`)) return;
          assert(!isOver, `it ended before it said ${line}: ${JSON.stringify(agent.seen.at(-1))}`);
          await delay(100);
        }
      }

      test("its program is told before the limit", async () => {
        const ended = await agent.run(hears("true"), { timeLimitS: 15, graceS: 0, warning: usr1(5) });
        assert.equal(ended.end.kind, "timed-out");
        assert.equal(await agent.log(ended.run), "ready\nheard\n");
      });

      test("who makes way is told, leaves, and the next attempt finds what it saved", async () => {
        const save = 'echo 41 > saved; touch "$WEIR_CHECKPOINT"; exit 85';
        const order = orderOf(hears(save), { timeLimitS: 600, graceS: 30, warning: usr1(300) });
        await agent.queue(order);
        await said(order.run, "ready");
        assert.equal(await agent.driver.cancel(order.run, true), "cancelling");
        assert.equal(await agent.driver.cancel(order.run, true), "cancelling", "it is told once");
        const first = await agent.ended(order.run);
        assert.deepEqual(first.end, { kind: "failed", exitCode: 85 });
        assert.equal(await agent.log(order.run), "ready\nheard\n");
        const { checkpointMs = null, wallMs } = first.usage;
        assert.ok(checkpointMs !== null && checkpointMs <= wallMs + 1000, `${checkpointMs} of ${wallMs} ms`);
        const again = orderOf('cat "$WEIR_FORMER_WORK/saved"; echo $WEIR_ATTEMPT', { job: order.job, attempt: 2 });
        await agent.queue(again);
        assert.deepEqual((await agent.ended(again.run)).end, { kind: "succeeded" });
        assert.equal(await agent.log(again.run), "41\n2\n");
      });

      test("who does not leave is ended when the time is over, and at once where somebody cancels it", async () => {
        const slow = orderOf(hears("true"), { timeLimitS: 600, graceS: 0, warning: usr1(2) });
        const kept = orderOf(hears("true"), { timeLimitS: 600, graceS: 0, warning: usr1(300) });
        for (const order of [slow, kept]) {
          await agent.queue(order);
          await said(order.run, "ready");
          await agent.driver.cancel(order.run, true);
          await said(order.run, "heard");
        }
        assert.equal((await agent.ended(slow.run)).end.kind, "cancelled");
        await agent.driver.cancel(kept.run);
        assert.equal((await agent.ended(kept.run)).end.kind, "cancelled");
      });
    });
});
