import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import type { AccountLimits } from "#core/centre/account-limits.ts";
import { noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { readCentreStates } from "#server/store/read-centre-states.ts";
import { reportEngine } from "#server/store/report-engine.ts";

/** What binds whom at a centre, told by ids and shown by name, to those whom it concerns. */
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
});
after(() => server.stop());

const bound: AccountLimits = {
  person: null,
  project: null,
  submitted: 2,
  mostRunning: null,
  mostSubmitted: 3,
  mostTimeS: 3600,
  together: [{ name: "cpu", most: 12 }],
  togetherMinutes: [],
  fairShare: 0.25,
};

test("an administrator sees all by name, anybody else what binds themselves; a pool's maintenance stands by the clock", async () => {
  const { person: me } = await ok(client.call("me"));
  await ok(client.call("addCentre", { body: { id: "jinan", driver: "slurm" } }));
  const pool = oneMachine("n1", { cores: 4, memoryMib: 4096, memoryMibPerCore: 1024 });
  const [node] = pool.nodes;
  assert(node);
  const maintained = { ...node, maintenance: { startsInMs: 60_000, endsInMs: 120_000 } };
  const found = await server.db.pool.query<{ id: number }>("select id from project where name = 'default'");
  const project = found.rows[0]?.id ?? null;
  const report = {
    pools: [{ ...pool, name: "batch", nodes: [maintained] }],
    offers: noOffers,
    mechanisms: {},
    limits: [
      { ...bound, person: me.id },
      { ...bound, person: 999 },
      { ...bound, project },
    ],
  };
  await reportEngine(server.db, { centre: centreId("jinan"), session: 0 }, "1", report, 1_000_000);

  const [seen] = await readCentreStates(server.db.pool, [centreId("jinan")]);
  assert.equal(seen?.limits?.get(`${me.id}.*`)?.mostSubmitted, 3, "the scheduler has them");
  assert.deepEqual(seen?.pools[0]?.nodes[0]?.maintenance, maintained.maintenance);

  const all = await ok(client.call("limits", { params: { centre: "jinan" } }));
  assert.deepEqual(
    all.limits.map(({ person, project, mostTimeS }) => [person, project, mostTimeS]),
    [
      [{ id: me.id, name: me.name }, null, 3600],
      [{ id: 999, name: "999" }, null, 3600],
      [null, { id: project, name: "default" }, 3600],
    ],
  );
  const member = server.client(await signInAs(server, "wang", ["default"]));
  const theirs = await ok(member.call("limits", { params: { centre: "jinan" } }));
  assert.deepEqual(theirs.limits, [{ ...bound, project: { id: project, name: "default" } }]);
  const missing = await client.call("limits", { params: { centre: "nowhere" } });
  assert.equal(missing.kind, "problem");

  const { centres } = await ok(client.call("centres", { query: {} }));
  const shown = centres.find(({ id }) => id === "jinan")?.pools[0]?.maintenance;
  assert.deepEqual(shown, [{ names: "n1", nodes: 1, startsMs: 1_060_000, endsMs: 1_120_000 }]);
});
