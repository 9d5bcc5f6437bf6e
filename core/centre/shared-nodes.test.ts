import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeGroup } from "./engine.ts";
import { hostNames } from "./host-list.ts";
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

test("what is told by spans of names is what is told name by name", () => {
  const name = fc.tuple(fc.constantFrom("c", "c0", "g1-"), fc.nat(12), fc.nat(4)).map(([prefix, first, more]) => {
    const padded = fc.sample(fc.constantFrom(0, 2, 3), { numRuns: 1, seed: first + more })[0] ?? 0;
    return more === 0 ? `${prefix}${first}` : `${prefix}[${`${first}`.padStart(padded, "0")}-${first + more}]`;
  });
  const text = fc.array(name, { minLength: 1, maxLength: 2 }).map((names) => names.join(","));
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 3 }), { minLength: 2, maxLength: 4 }), (lists) => {
      const pools = lists.map((names) => ({
        nodes: names.map((each) => group(each, new Set(hostNames(each)).size)),
      }));
      const owners = new Map<string, Set<number>>();
      for (const [place, names] of lists.entries())
        for (const host of names.flatMap((each) => hostNames(each) ?? []))
          owners.set(host, (owners.get(host) ?? new Set()).add(place));
      // Groups that name a host twice stand for all of them together.
      fc.pre(lists.flat().every((each) => new Set(hostNames(each)).size === hostNames(each)?.length));
      const counts = new Map<string, number>();
      for (const places of owners.values()) {
        const key = [...places].join(" ");
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const parts = partsOf(pools);
      const isShared = [...counts.keys()].some((key) => key.includes(" "));
      assert.equal(parts !== null, isShared);
      for (const { pools: of, nodes } of parts ?? [])
        assert.equal(
          nodes.reduce((sum, { count }) => sum + count, 0),
          counts.get(of.join(" ")),
        );
    }),
    { numRuns: 1000 },
  );
});

function coresIn(pools: readonly { readonly nodes: readonly NodeGroup[] }[]): number {
  return eachOnce(pools).reduce((sum, { count, cores }) => sum + count * cores, 0);
}

function group(names: string, count: number): NodeGroup {
  const size = { cores: 4, memoryMib: 1000, accelerators: [] };
  return { names, count, state: "up", reason: null, features: [], free: size, ...size };
}
