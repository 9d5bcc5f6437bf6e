import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes, runScenario } from "./scenario-testing.ts";
import { createWorld } from "./world.ts";

/** Pools that share nodes (docs/decisions/0065): what is placed in one takes room of all that have its nodes. */
const scenarios: Record<string, string> = {
  "two pools over the same nodes have their cores once": `
    pool alpha/batch  2×8 named c[1-2]
    pool alpha/debug  2×8 named c[1-2]
    offers alpha partition=batch,debug
    job one    cores 8 asks partition=batch
    job two    cores 8 asks partition=debug
    job three  cores 8 asks partition=batch
    job four   cores 8 asks partition=debug
    expect one starts alpha/batch
    expect two starts alpha/debug
    expect three waits alpha: cores-busy
    place
    expect four waits alpha: cores-busy
    end one ok
    expect three starts alpha/batch
    expect four waits alpha: cores-busy
  `,
  "what may go anywhere goes to nodes that nobody else has, and leaves the others to those who may go there alone": `
    pool alpha/batch  3×8 named c[1-3]
    pool alpha/debug  1×8 named c1
    offers alpha partition=batch,debug
    job wide   cores 8 array 0-1 asks partition=batch
    job short  cores 8 asks partition=debug
    place
    expect nothing starts
    job more   cores 1 asks partition=batch
    expect more waits alpha: cores-busy
    end short ok
    expect more starts alpha/batch
  `,
  "a node that two overlapping pools share is given once": `
    pool alpha/left   2×8 named c[1-2]
    pool alpha/right  2×8 named c[2-3]
    offers alpha partition=left,right
    job lefts   cores 8 array 0-1 asks partition=left
    job rights  cores 8 array 0-1 asks partition=right
    expect lefts_0 starts alpha/left
    expect lefts_1 starts alpha/left
    expect rights_0 starts alpha/right
    expect rights_1 waits alpha: cores-busy
  `,
  "whoever waits for a pool keeps its nodes from those behind in another, and no other nodes": `
    pool alpha/batch  2×8 named c[1-2]
    pool alpha/all    3×8 named c[1-3]
    offers alpha partition=batch,all
    job now    cores 8 asks partition=batch
    place
    job large  nodes 2 cores 8 asks partition=batch
    job first  cores 8 asks partition=all
    job next   cores 8 asks partition=all
    expect large waits alpha: cores-busy
    expect first starts alpha/all
    expect next waits alpha: behind-in-queue
  `,
  "others' work and what is on the way are taken once, as the engine told of nodes": `
    pool alpha/batch  2×8 named c[1-2] free 8 foreign
    pool alpha/debug  1×8 named c1 free 8 foreign
    offers alpha partition=batch,debug
    job one   cores 8 asks partition=debug
    job two   cores 8 asks partition=batch
    job three cores 1 asks partition=batch
    place
    expect three waits alpha: cores-busy
    pool alpha/batch  1×8 named c1 free 0  1×8 named c2 free 8 foreign
    pool alpha/debug  1×8 named c1 free 0 foreign ours 8
    expect three waits alpha: cores-busy
    end two ok
    expect three starts alpha/batch
  `,
  "cards that only some of the pools have": `
    pool alpha/all   1×8 named c1  1×8 named g1 cards 2 x/npu
    pool alpha/gpu   1×8 named g1 cards 2 x/npu
    pool alpha/cpu   1×8 named c1
    offers alpha partition=all,gpu,cpu
    job plain  cores 8 asks partition=all
    job cards  cores 2 cards 1 x/npu asks partition=gpu
    job wrong  cores 1 cards 1 x/npu asks partition=cpu
    expect plain starts alpha/all
    expect cards starts alpha/gpu
    expect wrong waits alpha: no-such-accelerator
    place
    job again  cores 2 cards 2 x/npu asks partition=all
    expect again waits alpha: accelerators-busy
  `,
  "nodes that are down are of none of them, and their runs are nowhere else": `
    pool alpha/batch  2×8 named c[1-2]
    pool alpha/all    3×8 named c[1-3]
    offers alpha partition=batch,all
    job lost   cores 8 array 0-1 asks partition=batch
    place
    pool alpha/batch  2×8 named c[1-2] down
    pool alpha/all    2×8 named c[1-2] down  1×8 named c3
    job next   cores 8 asks partition=all
    expect next starts alpha/all
  `,
  "a share of the larger pool counts what runs in a pool within it": `
    pool alpha/all    4×8 named c[1-4] share 50
    pool alpha/debug  2×8 named c[1-2]
    offers alpha partition=all,debug
    job short  cores 8 array 0-1 asks partition=debug
    job large  cores 8 asks partition=all
    place
    expect large waits alpha: share-used
    end short_0 ok
    expect large starts alpha/all
  `,
  "a shared pool's own queue over nodes of a dedicated one": `
    pool alpha/ours   1×8 named c1
    pool alpha/theirs 2×8 named c[1-2] shared pending 1
    offers alpha partition=ours,theirs
    job one    cores 8 asks partition=ours
    job two    cores 8 asks partition=theirs
    job three  cores 8 asks partition=theirs
    job four   cores 8 asks partition=theirs
    expect two starts alpha/theirs
    place
    job five   cores 8 asks partition=theirs
    expect five waits alpha: pool-queue-full
  `,
};

for (const [name, scenario] of Object.entries(scenarios)) test(name, () => void runScenario(scenario));

test("a place that is reserved in one pool is not delayed by another that shares its nodes", () => {
  runScenario(
    `
    pool alpha/batch  2×8 named c[1-2]
    pool alpha/debug  2×8 named c[1-2]
    offers alpha partition=batch,debug
    job now     cores 8 time 600 asks partition=batch
    place
    job large   nodes 2 cores 8 time 600 asks partition=batch
    job long    cores 8 time 3600 asks partition=debug
    job short   cores 8 time 300 asks partition=debug
    expect large waits alpha: cores-busy
    expect long waits alpha: reserved-for-earlier
    expect short starts alpha/debug
    at 600
    end now ok
    expect large starts alpha/batch
  `,
    policies.easy,
  );
});

test("what is planned ahead of one pool is minded in another that shares its nodes, where others work too", () => {
  runScenario(
    `
    pool alpha/batch  2×8 named c[1-2] foreign
    pool alpha/debug  2×8 named c[1-2] foreign
    offers alpha partition=batch,debug
    job now     cores 8 time 600 asks partition=batch
    place
    running now
    pool alpha/batch  1×8 named c1 free 0 1×8 named c2 free 8 foreign ours 8
    pool alpha/debug  1×8 named c1 free 0 1×8 named c2 free 8 foreign
    job large   nodes 2 cores 8 time 600 asks partition=batch
    job long    cores 8 time 36000 asks partition=debug
    expect long waits alpha: another-order
  `,
    policies.weir,
  );
});

test("headroom says of each pool what is left of nodes that it shares", () => {
  const world = createWorld(policies.fcfs);
  const alpha = centreId("alpha");
  const nodes = [{ names: "c[1-2]", count: 2, cores: 8 }];
  const pools = [poolOfNodes("batch", nodes), poolOfNodes("debug", nodes)];
  const fixed = { driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" } as const;
  world.apply({ kind: "centre-changed", centre: { id: alpha, ...fixed, pools, offers: noOffers, accounts: null } });
  const allocation = {
    ...{ nodes: 1, tasks: 1, coresPerTask: 8, coresPerNode: 8, memoryMibPerNode: 0 },
    ...{ acceleratorsPerNode: 0, acceleratorVendor: null, acceleratorModel: null },
  };
  const startable = () => [...world.headroom(alpha)].map(([pool, [shape]]) => [pool, shape?.nodes]);
  assert.deepEqual(startable(), [
    ["batch", 2],
    ["debug", 2],
  ]);
  world.apply({
    ...{ kind: "job-queued", job: jobId(1), submittedMs: 1, name: "one", timeLimitS: 60, array: null },
    ...{ project: projectId(1), person: personId(1), dependencies: [], demands: null, past: null },
    shape: { nodes: 1, tasks: 1, coresPerTask: 8, memory: { kind: "default" }, accelerators: null },
    wishes: { only: [], except: [], prefer: [] },
  });
  world.apply({
    ...{ kind: "task-placed", job: jobId(1), index: 0, attempt: 1, centre: alpha, pool: "debug", allocation },
    ...{ phase: "sent", atMs: 1 },
  });
  assert.deepEqual(startable(), [
    ["batch", 1],
    ["debug", 1],
  ]);
});
