import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { type JoinedCentre, joinCentre, ordersOf, smallEngine } from "#server/http/joined-centre-testing.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
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

test("who is told to be one local account shares its places in the centre's own queue, and why says with whom", async () => {
  const name = "ji-shared";
  const centre = { params: { centre: name } } as const;
  // Others have all of the pool.
  const { pools } = smallEngine;
  const full = pools.map((pool) => ({
    ...pool,
    nodes: pool.nodes.map((node) => ({ ...node, free: { ...node.free, cores: 0 } })),
    foreign: { kind: "seen" as const, running: [], waiting: { jobs: 0, cores: 0 } },
  }));
  const joined = await joinCentre(server, name, "slurm", { ...smallEngine, pools: full });
  const { terms } = await ok(client.call("terms", centre));
  const otherPools = { ...terms.otherPools, contract: "shared" as const, maxPending: 2 };
  await ok(client.call("setTerms", { ...centre, body: { ...terms, otherPools } }));
  for (const project of ["beta", "gamma"])
    await ok(client.call("addProject", { body: { name: project, tenant: "default" } as Input<"addProject">["body"] }));
  const wang = server.client(await signInAs(server, "wang", ["default", "beta"]));
  const zhao = server.client(await signInAs(server, "zhao", ["gamma"]));
  const submit = async (of: Client, project: string) => {
    const body = { script: "#!/bin/sh\nexit 0\n", project, centres: { only: [name] } };
    return (await ok(of.call("submit", { body: body as Input<"submit">["body"] }))).id;
  };
  for (const person of ["wang", "zhao"]) await ok(client.call("askAccounts", { ...centre, body: { person } }));
  const { accounts } = await ok(client.call("accounts", centre));
  const told = (keyOf: (project: string) => string | undefined) =>
    accounts.map(({ person, project }) => ({
      person: person.id,
      project: project.id,
      readiness: "ready" as const,
      ...(keyOf(project.name) && { localAccount: keyOf(project.name) }),
    }));
  const one = "00112233445566aa";
  await joined.sync({ accounts: told(() => one) });
  const [first, second] = [await submit(wang, "default"), await submit(wang, "beta")];
  const orders = await ordersOf(joined, 2);
  assert.deepEqual(orders.map(({ job }) => job).toSorted(), [first, second].toSorted());
  const third = await submit(zhao, "gamma");
  const fourth = await submit(wang, "beta");
  const why = async (of: Client, job: number) => {
    const { candidates } = await ok(of.call("why", { params: { job }, query: {} }));
    return candidates[0] ?? assert.fail();
  };
  await holds(async () => assert.equal((await why(zhao, third)).rule, "pool-queue-full"));
  await holds(async () => assert.equal((await why(wang, fourth)).rule, "pool-queue-full"));
  const { words, facts } = await why(zhao, third);
  assert.match(
    words,
    /2 runs of its local account's like it wait .* \(2\); that account is shared with 2 other projects;/,
  );
  assert.doesNotMatch(JSON.stringify(facts), /default|beta|00112233/);
  assert.match((await why(wang, fourth)).words, /shared with project default and 1 more project;/);
  assert.match((await why(client, fourth)).words, /shared with projects default, gamma;/);
  assert.match((await why(server.client(undefined, "zh"), fourth)).words, /该账号与项目 default、gamma 共用；/);
  const everything = JSON.stringify([await ok(client.call("accounts", centre)), await ok(client.call("centres"))]);
  assert.doesNotMatch(everything, new RegExp(one), "the key is nobody's to read");

  await joined.sync({ accounts: told((project) => (project === "gamma" ? "ffffffffffffffff" : one)) });
  const [own] = await ordersOf(joined, 1);
  assert.equal(own?.job, third, "an account of its own has places of its own");
  // An agent that tells none: of each project as many as may.
  await joined.sync({ accounts: told(() => undefined) });
  assert.equal((await ordersOf(joined, 1))[0]?.job, fourth);
  assert.equal((await joined.agent.call("sync", wrongKey)).kind, "problem", "a name is no key");
});

const wrongKey = {
  body: {
    ...{ protocol: 1, session: 1, agentVersion: "1", server: "", generation: 0, waitMs: 0, engine: null },
    observations: [],
    accounts: [{ person: 1, project: 1, readiness: "ready", localAccount: "wang" }],
  },
} as Input<"sync">;

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

test("what a project may use there comes with its accounts, and again once it changes", async () => {
  const none = { coreHours: null, cardHours: null, cores: null };
  const quotas = async () =>
    until(async () => {
      const answer = await sync({ waitMs: 500 });
      assert.equal(answer.quotas === undefined, answer.accounts === undefined);
      return answer.quotas;
    });
  // As with each session's first list.
  await ok(client.call("setProjectGrant", { params: { project: "default" }, body: { coreHours: 500, cardHours: 20 } }));
  const [first] = await quotas();
  assert.deepEqual(first?.quota, { project: { coreHours: 500, cardHours: 20, cores: null }, tenant: none });
  await ok(client.call("setTenantCores", { params: { tenant: "default" }, body: { mostCores: 64 } }));
  const [second] = await quotas();
  assert.deepEqual([second?.project, second?.quota.tenant], [first?.project, { ...none, cores: 64 }]);
  await ok(client.call("setProjectGrant", { params: { project: "default" }, body: { coreHours: null } }));
  assert.equal((await quotas())[0]?.quota.project.coreHours, null);
});
