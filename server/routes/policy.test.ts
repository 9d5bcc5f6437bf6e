import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { policies } from "#core/scheduling/policy.ts";
import { parsePolicy } from "#core/scheduling/policy-file.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";
import { readWorld } from "#server/store/read-world.ts";

/** The policy of a live network: set by an administrator, kept in versions, taken up without a restart. */
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
});
after(() => server.stop());

test("a tenant's home is kept in the scheduler, and by who starts later", async () => {
  const params = { tenant: "default" };
  const homes = async () => (await ok(client.call("policy", {}))).homes;
  assert.deepEqual(await homes(), []);
  await ok(client.call("setHome", { params, body: { home: "local" } }));
  assert.deepEqual(await until(async () => ((await homes()).length > 0 ? homes() : null)), [
    { centre: "local", started: 0, lateShare: 0, lateByP99S: 0 },
  ]);
  const restarted = createWorld();
  await readWorld(server.db, restarted.apply);
  assert.deepEqual(
    restarted.homes().map(({ centre, tenants }) => [centre, tenants]),
    [["local", [1]]],
  );
  await ok(client.call("setHome", { params, body: { home: null } }));
  await until(async () => ((await homes()).length === 0 ? true : null));
});

test("weir ships; a version that is set is in force at once, kept with who set it, and read at the next start", async () => {
  const first = await ok(client.call("policy", {}));
  assert.deepEqual([first.version, first.name, first.setBy, first.versions], [0, "weir", null, []]);
  assert.deepEqual(parsePolicy(first.policy), { kind: "policy", policy: policies.weir });

  // Nothing of it starts: the machine has 8 cores.
  const body = { command: ["true"], coresPerTask: 8, timeLimitS: 600 };
  await ok(client.call("submit", { body }));
  const { id } = await ok(client.call("submit", { body }));
  const order = async () => (await ok(client.call("why", { params: { job: id } }))).order;
  const before = await until(order);
  assert.deepEqual([before.policy, before.class, before.factor, before.predictedS], ["weir", "normal", 1, 300]);
  assert.equal(before.home, null);
  assert.match(
    before.words,
    /policy weir, priority normal; queue score \d+.*fairness factor of 1.*its run time taken as 5 min, as too few jobs of its submitter have ended/,
  );

  const file = { name: "plain", like: "easy" };
  const set = await ok(client.call("setPolicy", { body: file }));
  assert.deepEqual([set.version, set.name, set.setBy, set.versions.length], [1, "plain", "admin", 1]);
  const now = await until(async () => ((await order())?.policy === "plain" ? order() : null));
  assert.deepEqual([now.class, now.score, now.factor, now.predictedS], ["plain", null, null, null]);

  const weighed = { name: "weighed", fairness: { weights: { default: 3 }, promises: { default: 3600 } } };
  const stale = await client.call("setPolicy", { query: { base: 0 }, body: weighed });
  assert(stale.kind === "problem" && stale.problem.status === 409);
  assert.match(stale.problem.detail, /^admin set version 1 of the policy on /);
  assert.equal((await ok(client.call("setPolicy", { body: file }))).versions.length, 1, "the same makes no version");
  const second = await ok(client.call("setPolicy", { query: { base: 1 }, body: weighed }));
  assert.deepEqual(
    second.versions.map(({ version, name, setBy }) => [version, name, setBy]),
    [
      [2, "weighed", "admin"],
      [1, "plain", "admin"],
    ],
  );
  const { rows } = await server.db.pool.query(
    "select cause from event where kind = 'policy-changed' order by xid, seq",
  );
  assert.deepEqual(
    rows.map(({ cause }) => cause.replace(/\d+/, "N")),
    ["person:N: policy, version 1", "person:N: policy, version 2"],
  );
  const restarted = createWorld();
  const told: WorldEvent[] = [];
  await readWorld(server.db, (event) => {
    told.push(event);
    restarted.apply(event);
  });
  assert.deepEqual(restarted.policy().fairness?.weights, { default: 3 });
  assert.deepEqual(
    told.flatMap((event) => (event.kind === "policy-set" ? event.promises?.map(([, promiseS]) => promiseS) : [])),
    [3600],
  );
});

test("who is no administrator may read it and not set it", async () => {
  const member = server.client(await signInAs(server, "ada", ["default"]));
  assert.equal((await ok(member.call("policy", {}))).version, 2);
  const refused = await member.call("setPolicy", { body: { like: "easy" } });
  assert.equal(refused.kind === "problem" && refused.problem.type, "/api/problems/forbidden");
});

test("a file that is wrong, that only a replay can follow, or that weighs nobody's tenant is refused with what would be right", async () => {
  const cases = [
    [{ maxWait: 5 }, /maxWait.*Did you mean maxWaitS/],
    [{ like: "rl-fcfs" }, /head.*replays alone/],
    [{ fairness: { weights: { nobody: 2 } } }, /fairness\.weights\.nobody.*no tenant nobody/],
    [{ fairness: { promises: { nobody: 60 } } }, /fairness\.promises\.nobody.*no tenant nobody/],
    [
      { classes: [{ name: "now", tenants: ["nobody"] }, { name: "normal" }] },
      /classes\[0\]\.tenants.*no tenant nobody/,
    ],
    [{ classes: [{ name: "now", projects: ["none"] }, { name: "normal" }] }, /classes\[0\]\.projects.*no project none/],
    [{ fairness: { weights: { default: -1 } } }, /fairness\.weights\.default.*from 0\.001/],
  ] as const;
  for (const [body, words] of cases) {
    const refused = await client.call("setPolicy", { body });
    assert(refused.kind === "problem");
    assert.equal(refused.problem.type, "/api/problems/invalid-request");
    assert.match(refused.problem.detail + JSON.stringify(refused.problem.facts), words);
    assert.doesNotMatch(refused.problem.detail, /[.?;]\./, "one full stop");
  }
  assert.equal((await ok(client.call("policy", {}))).version, 2);
});

test("a version that this server cannot read leaves the policy that ships in force, and says so", async () => {
  await server.db.pool.query(
    `insert into policy (file, person_id, at_ms) select '{"fairness": {"of": "tomorrow"}}', id, 1 from person where name = 'admin'`,
  );
  const inForce = await ok(client.call("policy", {}));
  assert.deepEqual([inForce.version, inForce.name], [3, "weir"]);
  assert.match(inForce.unreadable.join(), /fairness\.of/);
});
