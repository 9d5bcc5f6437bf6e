import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeGroup } from "./engine.ts";
import { eachOnce, joinedBy, partsOf, sharersOf } from "./shared-nodes.ts";

test("nodes are told apart by the pools that have them, however their names are written", () => {
  const all = { nodes: [group("c[001-100]", 100)] };
  const debug = { nodes: [group("c001,c[002-004]", 4)] };
  const gpu = { nodes: [group("g[1-2]", 2)] };
  const parts = partsOf([all, debug, gpu]);
  assert.deepEqual(
    parts?.map(({ pools, nodes }) => [pools, nodes.map(({ count }) => count)]),
    [
      [[0], [96]],
      [[0, 1], [4]],
      [[2], [2]],
    ],
  );
  assert.deepEqual(joinedBy(parts ?? []), [[0, 1], [2]]);
  assert.deepEqual(sharersOf([all, debug, gpu]), [[1], [0], []]);
  assert.equal(coresIn([all, debug, gpu]), 102 * 4);
});

test("where no two share a node, nothing is said; names that do not tell how many stand for all", () => {
  assert.equal(partsOf([{ nodes: [group("c[1-4]", 4)] }]), null);
  assert.equal(partsOf([{ nodes: [group("c[1-4]", 4)] }, { nodes: [group("c[5-8]", 4)] }]), null);
  assert.equal(coresIn([{ nodes: [group("some", 4)] }, { nodes: [group("some", 4)] }]), 16);
  assert.equal(coresIn([{ nodes: [group("some", 4)] }, { nodes: [group("others", 4)] }]), 32);
});

test("pools that only others join stand together, and the order of a report makes no difference", () => {
  const [left, middle, right] = [group("c[1-2]", 2), group("c[2-3]", 2), group("c[3-4]", 2)];
  const pools = [left, middle, right].map((one) => ({ nodes: [one] }));
  assert.deepEqual(joinedBy(partsOf(pools) ?? []), [[0, 1, 2]]);
  const split = [{ nodes: [group("c2", 1), group("c1", 1)] }, ...pools.slice(1)];
  assert.deepEqual(
    partsOf(split)?.map(({ pools: of }) => of),
    partsOf(pools)?.map(({ pools: of }) => of),
  );
});

function coresIn(pools: readonly { readonly nodes: readonly NodeGroup[] }[]): number {
  return eachOnce(pools).reduce((sum, { count, cores }) => sum + count * cores, 0);
}

function group(names: string, count: number): NodeGroup {
  const size = { cores: 4, memoryMib: 1000, accelerators: [] };
  return { names, count, state: "up", reason: null, features: [], free: size, ...size };
}
