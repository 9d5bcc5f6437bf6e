import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOfCentres, nodesLoad } from "./capacity.ts";

type Sited = Parameters<typeof loadOfCentres>[0][number];

test("nothing is free at a centre where nothing can start", () => {
  const ofEach = () => ({ used: 1, others: 2, free: 5, total: 8 });
  const open: Sited = { lifeCycle: "in-service", intake: "open", state: "connected", pools: [] };
  const closed: readonly Sited[] = [
    { ...open, state: "unreachable" },
    { ...open, intake: "draining" },
    { ...open, lifeCycle: "trial" },
  ];
  assert.deepEqual(loadOfCentres([open], ofEach), { used: 1, others: 2, free: 5, total: 8 });
  for (const one of closed)
    assert.deepEqual(loadOfCentres([open, one], ofEach), { used: 2, others: 4, free: 5, total: 16 }, one.state);
});

test("a line of nodes tells what the network uses of all of them, and what is free on all of them", () => {
  const free = { cores: 8, memoryMib: 100, accelerators: [] };
  const line = { count: 4, cores: 64, memoryMib: 1000, free, coresInUse: 30, memoryMibInUse: 3900 };
  assert.deepEqual(nodesLoad(line).cores, { used: 30, total: 256, free: 32 });
  // What began since the engine reported is no longer free.
  assert.deepEqual(nodesLoad(line).memory, { used: 3900, total: 4000, free: 100 });
});
