import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { type EnginePool, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds } from "#server/patience-testing.ts";
import { reportEngine } from "#server/store/report-engine.ts";

/** Nodes that pools share (docs/decisions/0065), as they are counted and listed. */
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
});
after(() => server.stop());

const machine = oneMachine("c1", { cores: 8, memoryMib: 1000, memoryMibPerCore: 100 });
const cards = [{ vendor: "x", model: "npu", count: 2 }];

function pool(name: string, ...groups: readonly (readonly [names: string, count: number])[]): EnginePool {
  const [node = assert.fail()] = machine.nodes;
  const nodes = groups.map(([names, count]) => ({ ...node, names, count, accelerators: cards }));
  return { ...machine, name, nodes };
}

async function told(...pools: readonly EnginePool[]) {
  await reportEngine(
    server.db,
    { centre: centreId("jinan"), session: 0 },
    "1",
    { pools, offers: noOffers, mechanisms: {} },
    1_000_000,
  );
  const { centres } = await ok(client.call("centres"));
  const { nodes } = await ok(client.call("nodes", { query: { centre: "jinan" } }));
  return {
    centre: centres.find(({ id }) => id === "jinan") ?? assert.fail(),
    nodes: nodes.map(({ name, pool: first, pools: all }) => [name, first, all]),
  };
}

test("each node is counted once in a centre and the network, and listed once with all its pools", async () => {
  const before = (await ok(client.call("glance"))).cores.total;
  await ok(client.call("addCentre", { body: { id: "jinan", driver: "slurm" } }));
  await server.db.pool.query("update centre set life_cycle = 'in-service' where id = 'jinan'");
  const { centre, nodes } = await told(
    pool("batch", ["c[1-2]", 2], ["c[3-4]", 2]),
    pool("debug", ["c[1-2]", 2]),
    pool("big", ["d1", 1]),
  );
  assert.deepEqual(
    centre.pools.map(({ name, nodes: count, cores, sharesNodesWith }) => [name, count, cores, sharesNodesWith]),
    [
      ["batch", 4, 32, ["debug"]],
      ["debug", 2, 16, ["batch"]],
      ["big", 1, 8, []],
    ],
  );
  const { nodes: count, nodesUp, cores, memoryMib, accelerators, free } = centre.together;
  assert.deepEqual([count, nodesUp, cores, memoryMib, free.cores], [5, 5, 40, 5000, 40]);
  assert.deepEqual(accelerators, [{ vendor: "x", model: "npu", count: 10 }]);
  assert.deepEqual(nodes, [
    ["c[1-2]", "batch", ["batch", "debug"]],
    ["c[3-4]", "batch", ["batch"]],
    ["d1", "big", ["big"]],
  ]);
  // It is kept for a second.
  await holds(async () => assert.equal((await ok(client.call("glance"))).cores.total, before + 40));
});

test("a report of an earlier agent, whose groups are not those of other pools, is counted once too", async () => {
  const { centre } = await told(pool("batch", ["c[1-4]", 4]), pool("debug", ["c[1-2]", 2]));
  assert.deepEqual([centre.together.nodes, centre.together.cores], [4, 32]);
});
