import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { type EnginePool, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";
import { reportEngine } from "#server/store/report-engine.ts";

/** A pool whose nodes are the network's for a time (docs/decisions/0077), from the agent's report to what is read. */
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
});
after(() => server.stop());

const machine = oneMachine("c1", { cores: 8, memoryMib: 1000, memoryMibPerCore: 100 });
// As where PrivateData hides jobs: it would be shared, were it not reserved.
const night: EnginePool = { ...machine, name: "night", foreign: { kind: "hidden", why: "PrivateData=jobs" } };

async function told(pool: EnginePool, atMs: number) {
  const report = { pools: [pool], offers: noOffers, mechanisms: {} };
  await reportEngine(server.db, { centre: centreId("jinan"), session: 0 }, "1", report, atMs);
  const { centres } = await ok(client.call("centres"));
  return centres.find(({ id }) => id === "jinan")?.pools.find(({ name }) => name === pool.name) ?? assert.fail();
}

test("one that was not there when it was first told is the network's own too", async () => {
  await ok(client.call("addCentre", { body: { id: "jinan", driver: "simulated" } }));
  const seen = { kind: "seen", running: [], waiting: { jobs: 0, cores: 0 } } as const;
  const first = { ...night, name: "other", foreign: seen, nodes: [], state: "down", shut: "no-reservation" } as const;
  assert.equal((await told(first, 1)).contract, "dedicated");
});

test("its time is kept as moments; it is dedicated; and weir why says what it waits for", async () => {
  await server.db.pool.query("update centre set life_cycle = 'in-service' where id = 'jinan'");
  const nowMs = Date.now();
  const open = await told({ ...night, window: { startsInMs: 3_600_000, endsInMs: 7_200_000 } }, nowMs);
  assert.deepEqual(
    [open.contract, open.shut, open.reserved],
    ["dedicated", null, { startsMs: nowMs + 3_600_000, endsMs: nowMs + 7_200_000 }],
  );
  const body = { command: ["true"], timeLimitS: 60, centres: { only: ["jinan"] } };
  // Its being in service is heard of with the report.
  const id = await until(async () => {
    const reply = await client.call("submit", { body });
    return reply.kind === "answer" ? reply.value.id : null;
  });
  const rule = async () => {
    const { candidates } = await ok(client.call("why", { params: { job: id }, query: { index: 0 } }));
    return candidates.find((one) => one.centre === "jinan")?.rule ?? null;
  };
  const waitsFor = (wanted: string) => until(async () => ((await rule()) === wanted ? true : null));
  await waitsFor("reservation-ahead");
  await told({ ...night, window: { startsInMs: 0, endsInMs: 30_000 } }, nowMs + 1000);
  await waitsFor("reservation-ends");
  const shut = await told({ ...night, nodes: [], state: "down", shut: "no-reservation" }, nowMs + 2000);
  assert.deepEqual([shut.contract, shut.shut, shut.reserved, shut.nodes], ["dedicated", "no-reservation", null, 0]);
  await waitsFor("pool-without-reservation");
  await told({ ...night, window: { startsInMs: 0, endsInMs: 3_600_000 } }, nowMs + 3000);
  await until(async () => ((await rule()) === null ? true : null));
});
