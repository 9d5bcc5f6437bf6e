import assert from "node:assert/strict";
import { test } from "node:test";
import { coresLoad, loadOfCentres, nodesLoad } from "./capacity.ts";

type Sited = Parameters<typeof loadOfCentres>[0][number];

const nothing = { cores: 0, memoryMib: 0, accelerators: [] };

test("nothing is free at a centre where nothing can start", () => {
  const ofEach = () => ({ used: 1, others: 2, free: 5, total: 8 });
  const together = { nodes: 0, nodesUp: 0, cores: 0, memoryMib: 0, accelerators: [], free: nothing };
  const open: Sited = { lifeCycle: "in-service", intake: "open", state: "connected", pools: [], together };
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

test("of pools that share nodes a centre has each node once", () => {
  const free = { ...nothing, cores: 3 };
  const pool = {
    ...nothing,
    lifeCycle: "in-service",
    foreign: { kind: "none" },
    free,
    cores: 8,
    coresInUse: 2,
    sharesNodesWith: ["other"],
  };
  const pools = [pool, { ...pool, coresInUse: 1 }] as unknown as Sited["pools"];
  const together = { ...nothing, nodes: 2, nodesUp: 2, cores: 8, free };
  const centre: Sited = { lifeCycle: "in-service", intake: "open", state: "connected", pools: [...pools], together };
  assert.deepEqual(loadOfCentres([centre], coresLoad), { used: 3, others: 0, free: 5, total: 8 });
});

test("nothing is free of a pool that is not in service, beside one that is", () => {
  const pool = { ...nothing, foreign: { kind: "none" }, free: nothing, cores: 8, coresInUse: 2, sharesNodesWith: [] };
  const stages = ["in-service", "planned"].map((lifeCycle) => ({ ...pool, lifeCycle }));
  const together = { ...nothing, nodes: 2, nodesUp: 2, cores: 16, free: nothing };
  const of = (pools: unknown) =>
    loadOfCentres(
      [{ lifeCycle: "in-service", intake: "open", state: "connected", pools, together } as Sited],
      coresLoad,
    );
  assert.deepEqual(of(stages), { used: 4, others: 0, free: 6, total: 16 });
  assert.deepEqual(of(stages.slice(1)), { used: 2, others: 0, free: 0, total: 8 });
  const sharing = stages.map((one) => ({ ...one, sharesNodesWith: ["other"] }));
  assert.equal(of(sharing.toReversed()).free, 12, "nodes of both are there for work by the one in service");
});
