import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { type JoinedCentre, joinCentre, ordersOf } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds } from "#server/patience-testing.ts";

/** Granted core-hours, from what an administrator sets to what waits, starts again and is shown. */
let server: TestServer;
let client: Client;
let centre: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  centre = await joinCentre(server, "jinan", "process");
  await ok(client.call("addTenant", { body: { name: "bay" } }));
});
after(() => server.stop());

/** Each holds one core-hour. */
const hour: Input<"submit">["body"] = {
  command: ["true"],
  centres: { only: ["jinan"] },
  project: "default",
  timeLimitS: 3570,
  graceS: 30,
};
const coreMs = (hours: number) => `${hours * 3_600_000}`;

test("what is granted is held from; used up, work waits and says how much is left; what comes back starts more", async () => {
  const params = { project: "default" };
  const set = await ok(client.call("setProjectGrant", { params, body: { coreHours: 2 } }));
  assert.deepEqual(set.grants, [{ unit: "core-ms", granted: coreMs(2), left: coreMs(2) }]);
  const { id } = await ok(client.call("submit", { body: { ...hour, array: "0-3" } }));
  const [first = assert.fail()] = await ordersOf(centre, 2);
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job: id }, query: { index: 2 } }));
    assert.equal(why.rule, "project-grant-used");
    assert.match(why.words, /^its project was granted 2 core-hours and has 0 left, and for this 1 would be held/);
  });
  const zh = await ok(server.client(server.token, "zh").call("why", { params: { job: id }, query: { index: 3 } }));
  assert.match(zh.words, /^其项目获批 2 核时，余 0，而本作业按时限与宽限须预留 1/);
  const leftNow = async () =>
    (await ok(client.call("projects"))).projects.find(({ name }) => name === "default")?.grants;
  assert.deepEqual(await leftNow(), [{ unit: "core-ms", granted: coreMs(2), left: "0" }]);

  // It ran for no time worth speaking of: nearly its whole hour comes back, which is not enough for another.
  const usage = {
    startedMs: 1,
    wallMs: 60_000,
    cpuUserMs: 1,
    cpuSystemMs: 1,
    peakMemoryMib: 1,
    memoryWay: "sampled",
    droppedStdoutBytes: 0,
    droppedStderrBytes: 0,
    energyJoules: null,
  } as const;
  const end = { kind: "succeeded", exitCode: 0, signal: null, by: null, reason: null } as const;
  const atMs = Date.now();
  await centre.sync({ observations: [{ kind: "ended", run: first.run, atMs, end, usage, words: null }] });
  await holds(async () => {
    assert.deepEqual(await leftNow(), [{ unit: "core-ms", granted: coreMs(2), left: `${3_600_000 - 60_000}` }]);
    const why = await ok(client.call("why", { params: { job: id }, query: { index: 2 } }));
    assert.match(why.words, /and has 0\.98 left/);
  });

  // A new grant counts from now on, with what is held.
  await ok(client.call("setProjectGrant", { params, body: { coreHours: 2 } }));
  const [second] = await ordersOf(centre, 1);
  assert.equal(second?.job, id);
  await ok(client.call("setProjectGrant", { params, body: { coreHours: null } }));
  await ordersOf(centre, 1);
  assert.deepEqual(await leftNow(), []);
});

test("a tenant's grant counts all its projects; wrong numbers and names are refused", async () => {
  const params = { tenant: "bay" };
  const early = await ok(client.call("setTenantGrant", { params, body: { coreHours: 1 } }));
  assert.deepEqual(early.grants, [{ unit: "core-ms", granted: coreMs(1), left: coreMs(1) }], "also without a project");
  for (const name of ["tides", "winds"]) await ok(client.call("addProject", { body: { name, tenant: "bay" } }));
  const body = { coreHours: 5, cardHours: 7 };
  const { grants } = await ok(client.call("setTenantGrant", { params, body }));
  assert.deepEqual(grants, [
    { unit: "core-ms", granted: coreMs(5), left: coreMs(5) },
    { unit: "milli-card-ms", granted: `${7 * 3_600_000_000}`, left: `${7 * 3_600_000_000}` },
  ]);
  const fewer = await ok(client.call("setTenantGrant", { params, body: { cardHours: null } }));
  assert.deepEqual(
    fewer.grants.map(({ unit }) => unit),
    ["core-ms"],
  );
  const atOnce = [1, 2, 3, 4].map((coreHours) => client.call("setTenantGrant", { params, body: { coreHours } }));
  for (const set of atOnce) assert.equal((await ok(set)).grants.length, 1);
  const nobody = await client.call("setTenantGrant", { params: { tenant: "none" }, body });
  assert(nobody.kind === "problem" && nobody.problem.type.endsWith("not-found"));
  const half = await client.call("setProjectGrant", { params: { project: "tides" }, body: { coreHours: 0.5 } });
  assert(half.kind === "problem" && half.problem.type.endsWith("invalid-request"));
});
