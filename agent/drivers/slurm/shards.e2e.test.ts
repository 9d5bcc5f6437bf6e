import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Amounts } from "#core/centre/engine.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite, when } from "./site-testing.ts";

// Shares of a GPU on real clusters that count shards: what is told of them, what a run gets, and what is left beside it.

describe("shares of a GPU at a Slurm centre", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  before(async () => {
    clusters = await startClusters({ nodes: 1, gpus: 2, shards: 4 });
    for (const name of ["jinan", "qingdao"] as const) sites.set(name, makeTestSite(clusters, name));
  });
  after(async () => {
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });

  for (const name of ["jinan", "qingdao"])
    test(`at ${name}`, async () => {
      const site = sites.get(name) ?? assert.fail(`no ${name}`);
      const agent: TestAgent = await site.open();
      const gate = `/tmp/weir-gate-${randomUUID()}`;
      try {
        const gpus = async () => {
          const { pools } = await agent.driver.describe();
          const [group] = pools.find((pool) => pool.name === orderOf("").pool)?.nodes ?? [];
          const of = ({ accelerators }: Pick<Amounts, "accelerators">) =>
            accelerators.find(({ model }) => model === "gpu") ?? assert.fail("no GPU");
          return group ? { all: of(group), free: of(group.free) } : assert.fail("no nodes");
        };
        const { all, free } = await gpus();
        assert.deepEqual(all, { vendor: "unknown", model: "gpu", count: 2, parts: 4 });
        assert.deepEqual(free, all);
        const share = (acceleratorShareMilli: number) => ({
          allocation: {
            ...sampleAllocation,
            memoryMibPerNode: 64,
            acceleratorsPerNode: 1,
            acceleratorVendor: "unknown",
            acceleratorModel: "gpu",
            acceleratorShareMilli,
          },
        });
        // Three quarters, and beside it a quarter, which ends only once this test lets it.
        const script = `until [ -e ${gate} ]; do sleep 0.1; done`;
        const [large, small] = [orderOf(script, share(750)), orderOf(script, share(250))];
        const ids = [await agent.queue(large), await agent.queue(small)];
        for (const { run } of [large, small]) await agent.started(run);
        const asked: string[] = [];
        for (const id of ids) {
          const { stdout } = await site.cluster.run("weirt-li", ["scontrol", "-o", "-d", "show", "job", id]);
          asked.push(/TresPerNode=gres[:/](\S+)/.exec(stdout)?.[1] ?? stdout);
        }
        assert.deepEqual(asked, ["shard:3", "shard:1"]);
        // The engine is looked at every ten seconds, and by then knows both. All of one GPU is given out, or parts of two.
        const left = await when(
          async () => {
            const { free: seen } = await gpus();
            return { whole: seen.count, parts: seen.partsLeft ?? [] };
          },
          ({ whole, parts }) => 4 * whole + parts.reduce((inAll, one) => inAll + one, 0) === 4,
        );
        assert.ok(left.whole + left.parts.length === 2, JSON.stringify(left));
        writeFileSync(gate, "");
        for (const { run } of [large, small]) assert.deepEqual((await agent.ended(run)).end, { kind: "succeeded" });
        const none = await agent.driver.start(
          orderOf("true", {
            allocation: { ...share(500).allocation, acceleratorVendor: "huawei", acceleratorModel: "ascend910b" },
          }),
        );
        assert.equal(none.kind, "refused", "nobody gives out parts of these");
      } finally {
        rmSync(gate, { force: true });
        await agent.driver.close();
      }
    });
});
