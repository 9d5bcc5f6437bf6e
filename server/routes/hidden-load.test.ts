import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { noOffers } from "#core/centre/engine.ts";
import { type JoinedCentre, joinCentre } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";

/** A centre that hides its own users' jobs (PrivateData): what is foretold of a start there says that it is rough. */
let server: TestServer;
let client: Client;
let centre: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  centre = await joinCentre(server, "jinan", "simulated");
  const otherPools = { contract: "shared" as const, maxPending: 8, leaseS: null, sharePercent: null, hours: [] };
  await ok(
    client.call("setTerms", { params: { centre: "jinan" }, body: { pools: {}, otherPools, priceList: "free" } }),
  );
});
after(() => server.stop());

const amounts = { cores: 8, memoryMib: 8192, accelerators: [] };
const group = { names: "a1", count: 1, state: "up", reason: null, features: [], ...amounts };
const pool = {
  name: "batch",
  state: "up",
  memoryMibPerCore: 1024,
  limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
  nodes: [{ ...group, free: { cores: 0, memoryMib: 0, accelerators: [] } }],
  ours: { cores: 0, memoryMib: 0, accelerators: [] },
};

test("why and the job's page say that a start there is rough, as long as the load is hidden", async () => {
  await tell({ kind: "hidden", why: "PrivateData=jobs" });
  const { id } = await ok(client.call("submit", { body: { command: ["true"], centres: { only: ["jinan"] } } }));
  const order = await until(async () => (await centre.sync({ waitMs: 500 })).start.find(({ job }) => job === id));
  const waiting = { kind: "waiting", run: order.run, atMs: 5, engineId: "812", reason: "Priority" } as const;
  await centre.sync({ observations: [{ ...waiting, startsInMs: 60_000 }] });
  await starts(id, /as the engine of jinan says; rough: the jobs of jinan's own users are hidden$/);
  await tell({ kind: "seen", running: [], waiting: { jobs: 1, cores: 8 } });
  await starts(id, /as the engine of jinan says$/);

  async function starts(job: number, words: RegExp): Promise<void> {
    await until(async () => {
      const { start } = await ok(client.call("why", { params: { job } }));
      const { firstTasks } = await ok(client.call("job", { params: { job } }));
      const said = [start?.words, firstTasks[0]?.runs[0]?.waiting?.start?.words];
      return said.every((one) => words.test(one ?? "")) ? true : null;
    });
  }
});

async function tell(foreign: object): Promise<void> {
  const pools = [{ ...pool, foreign }];
  const engine = { pools, offers: noOffers, mechanisms: {} } as unknown as Input<"sync">["body"]["engine"];
  await centre.sync({ engine });
}
