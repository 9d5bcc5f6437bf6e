import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { type JoinedCentre, joinCentre, ordersOf } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

// Accounts at a Slurm centre: asked for by the first job that could go there, answered by ids alone, kept for ever.
let server: TestServer;
let client: Client;
let sync: JoinedCentre["sync"];
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  ({ sync } = await joinCentre(server, "jinan", "slurm"));
});
after(() => server.stop());

const jinan = { params: { centre: "jinan" } } as const;

test("a job asks for its pair's account, waits for it by name, and goes there once it is ready", async () => {
  const body = { script: "#!/bin/sh\nexit 0\n", centres: { only: ["jinan"] } };
  const { id: job } = await ok(client.call("submit", { body: body as Input<"submit">["body"] }));
  const why = async () => {
    const { candidates } = await ok(client.call("why", { params: { job }, query: {} }));
    const found = candidates.find(({ centre }) => centre === "jinan");
    return found && `${found.rule} ${found.facts.readiness}`;
  };
  const asked = await until(async () => (await sync({ waitMs: 500 })).accounts);
  assert.equal(asked.length, 1);
  const [{ person, project } = assert.fail()] = asked;
  await holds(async () => assert.equal(await why(), "no-account-here requested"));
  const list = await ok(client.call("accounts", jinan));
  assert.deepEqual(
    list.accounts.map((one) => [one.person, one.project, one.readiness, one.answered]),
    [[person, project, "requested", false]],
  );

  const pair = { person: person.id, project: project.id };
  await sync({ accounts: [{ ...pair, readiness: "created" }] });
  await holds(async () => assert.equal(await why(), "no-account-here created"));
  await sync({
    accounts: [
      { ...pair, readiness: "ready" },
      { person: 99, project: 99, readiness: "ready" },
    ],
  });
  const [order] = await ordersOf({ sync }, 1);
  assert.equal(order?.job, job);
  const after = await ok(client.call("accounts", jinan));
  assert.deepEqual(
    after.accounts.map(({ readiness, answered }) => [readiness, answered]),
    [["ready", true]],
  );

  await sync({ accounts: [{ ...pair, readiness: "needs-credential" }] });
  assert.equal((await ok(client.call("accounts", jinan))).accounts[0]?.readiness, "needs-credential");
  await sync({ accounts: [{ ...pair, readiness: "removed" }] });
  assert.equal((await ok(client.call("accounts", jinan))).accounts[0]?.readiness, "removed");
});

test("an administrator asks beforehand; who is not there is said so; a process centre needs none", async () => {
  await ok(client.call("addPerson", { body: { name: "li", projects: ["default"] } as Input<"addPerson">["body"] }));
  const asked = await ok(client.call("askAccounts", { ...jinan, body: { person: "li" } }));
  assert.deepEqual(asked.accounts.map(({ person }) => person.name).toSorted(), ["admin", "li"]);
  const twice = await ok(client.call("askAccounts", { ...jinan, body: { person: "li", project: "default" } }));
  assert.equal(twice.accounts.length, 2);
  assert.equal((await client.call("askAccounts", { ...jinan, body: { person: "nobody" } })).kind, "problem");
  await ok(client.call("addCentre", { body: { id: "plain", driver: "process" } }));
  assert.equal((await ok(client.call("accounts", { params: { centre: "plain" } }))).needed, false);
});
