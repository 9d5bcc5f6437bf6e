import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId } from "#core/ids.ts";
import type { StartableShape } from "#core/scheduling/headroom.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";

// Headroom is what one job could be, not a sum of holes.

function shapes(scenario: string, pool: string): readonly string[] {
  return (runScenario(scenario).headroom(centreId("alpha")).get(pool) ?? []).map(words);
}

function words({ nodes, coresPerNode, memoryMibPerNode, accelerators }: StartableShape): string {
  const cards = accelerators === null ? "" : ` ${accelerators.perNode} ${accelerators.vendor}/${accelerators.model}`;
  return `${nodes}×${coresPerNode} ${memoryMibPerNode}${cards}`;
}

test("64 nodes with one free core each start a job of 64 nodes, or of one core: nothing of more cores on a node", () => {
  const pool = "pool alpha/batch foreign 64×8 memory 9000 free 1";
  assert.deepEqual(shapes(pool, "batch"), ["64×1 9000"]);
});

test("where nodes differ, no shape that is listed is within another", () => {
  const pool = "pool alpha/batch  4×8 memory 9000  2×64 memory 4000  1×8 memory 64000 cards 2 x/npu";
  assert.deepEqual(shapes(pool, "batch"), ["1×8 64000 2 x/npu", "2×64 4000", "7×8 4000", "5×8 9000"]);
});

test("what was placed since the report is gone from it; a pool takes no more nodes, and no fewer, than its limits", () => {
  const placed = `
    pool alpha/batch  4×8 memory 9000 most 3
    job a nodes 2 cores 8 memory 1000 MiB
    place`;
  assert.deepEqual(shapes(placed, "batch"), ["2×8 9000"]);
  assert.deepEqual(shapes("pool alpha/batch  4×8 memory 9000 most 3", "batch"), ["3×8 9000"]);
  assert.deepEqual(shapes("pool alpha/batch  4×8 memory 9000 least 5", "batch"), []);
});

test("nothing where the pool is drained, or the centre takes nothing new, cannot be reached or is not known", () => {
  assert.deepEqual(shapes("pool alpha/batch 4×8 drained", "batch"), []);
  for (const word of ["draining", "unreachable", "never-connected", "planned"])
    assert.deepEqual(shapes(`centre alpha 8 cores\ncentre alpha 8 cores ${word}`, "default"), [], word);
  assert.equal(createWorld().headroom(centreId("nowhere")).size, 0);
});

test("what is listed starts, and one node or one core more of it does not, while few amounts differ", () => {
  const node = fc.record({ count: fc.integer({ min: 1, max: 3 }), cores: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(node, { minLength: 1, maxLength: 4 }), (nodes) => {
      const pool = `pool alpha/batch ${nodes.map(({ count, cores }) => `${count}×${cores} memory 1000`).join(" ")}`;
      const listed = runScenario(pool).headroom(centreId("alpha")).get("batch") ?? [];
      assert(listed.length > 0);
      for (const { nodes: count, coresPerNode } of listed) {
        const job = (name: string, n: number, each: number) => `job ${name} nodes ${n} cores ${each} memory 1 MiB`;
        const starts = (n: number, each: number) =>
          runScenario(`${pool}\n${job("j", n, each)}\nplace`).counts().live === 1;
        assert(starts(count, coresPerNode));
        assert(!starts(count + 1, coresPerNode));
        assert(!starts(count, coresPerNode + 1));
      }
    }),
    { numRuns: 60 },
  );
});
