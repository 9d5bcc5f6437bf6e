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

test("what a grant does not cover is said when it is submitted, and in its dry run, in either language", async () => {
  const zh = server.client(server.token, "zh");
  const params = { project: "default" };
  const foretold = async (of: Client, more: Partial<typeof hour>) =>
    (await ok(of.call("dryRun", { body: { ...hour, ...more } }))).warnings;
  assert.deepEqual(await foretold(client, { timeLimitS: 7200 }), [], "nothing is granted, so nothing is short");
  await ok(client.call("setProjectGrant", { params, body: { coreHours: 1 } }));
  const never =
    "as things stand it can never start: 1.001 core-hours would be held for it (by its time limit and grace), and its project was granted 1 core-hour, of which 1 core-hour can come free at most (the rest is used); ask for less, or have an administrator grant more (weir admin project set)";
  // The world hears of it by the feed.
  await holds(async () => assert.deepEqual(await foretold(client, { timeLimitS: 3571 }), [never]));
  const neverZh = /^按目前额度永远无法启动：本作业.*须冻结 2 核时，而其项目获批 1 核时，其中至多可腾出 1 核时/;
  assert.match((await foretold(zh, { coresPerTask: 2 }))[0] ?? "", neverZh);
  assert.deepEqual(await foretold(client, {}), []);
  assert.match(
    (await foretold(client, { array: "0-3" }))[0] ?? "",
    /^not all of its 4 tasks can run at once: 4 core-hours/,
  );

  const one = await ok(client.call("submit", { body: { ...hour, timeLimitS: 3571 } }));
  assert.deepEqual(one.warnings, [never]);
  const { jobs } = await ok(zh.call("submitBulk", { body: { jobs: [{ ...hour, coresPerTask: 2 }] } }));
  assert.match(jobs[0]?.warnings[0] ?? "", neverZh);
  for (const id of [one.id, jobs[0]?.id ?? 0]) await ok(client.call("cancel", { params: { job: id }, body: {} }));
  await ok(client.call("setProjectGrant", { params, body: { coreHours: null } }));
});

test("what is granted is held from; used up, work waits and says how much is left; what comes back starts more", async () => {
  const params = { project: "default" };
  const set = await ok(client.call("setProjectGrant", { params, body: { coreHours: 2 } }));
  assert.deepEqual(set.grants, [{ unit: "core-ms", granted: coreMs(2), left: coreMs(2) }]);
  const { id } = await ok(client.call("submit", { body: { ...hour, array: "0-3" } }));
  const [first = assert.fail()] = await ordersOf(centre, 2);
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job: id }, query: { index: 2 } }));
    assert.equal(why.rule, "project-grant-used");
    assert.match(
      why.candidates[0]?.words ?? "",
      /^has room for it: \d of \d cores (is|are) free$/,
      "there is room, and nothing says that it starts for all that",
    );
    assert.equal(why.candidates[0]?.score, null);
    assert.match(why.words, /^its project was granted 2 core-hours and has 0 left, and for this 1 would be held/);
  });
  const zh = await ok(server.client(server.token, "zh").call("why", { params: { job: id }, query: { index: 3 } }));
  assert.match(zh.words, /^其项目获批 2 核时，余 0，而本作业按时限与宽限须冻结 1/);
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
    assert.match(why.words, /and has 0\.983 left/);
  });

  // A new grant counts from now on, with what is held.
  await ok(client.call("setProjectGrant", { params, body: { coreHours: 2 } }));
  const [second] = await ordersOf(centre, 1);
  assert.equal(second?.job, id);
  await ok(client.call("setProjectGrant", { params, body: { coreHours: null } }));
  await ordersOf(centre, 1);
  assert.deepEqual(await leftNow(), []);
});

test("what asks for more cores than its project may hold at once can never start, and is told so by submit and why", async () => {
  const params = { project: "default" };
  const wide = { ...hour, coresPerTask: 3 };
  assert.deepEqual((await ok(client.call("dryRun", { body: wide }))).warnings, []);
  await ok(client.call("setProjectCores", { params, body: { mostCores: 2 } }));
  const never = /^as things stand it can never start: its project may hold 2 cores at once .* 3[; ].*--most-cores\)$/;
  await holds(async () => {
    const { warnings, waits } = await ok(client.call("dryRun", { body: wide }));
    assert.match(warnings[0] ?? "", never);
    assert.match(waits ?? "", never);
  });
  const zh = await ok(server.client(server.token, "zh").call("dryRun", { body: wide }));
  assert.match(zh.warnings[0] ?? "", /^按目前上限永远无法启动：其项目在全网同时至多占用 2 核，而本作业申请 3 核/);
  assert.deepEqual((await ok(client.call("dryRun", { body: { ...hour, coresPerTask: 2 } }))).warnings, []);
  const { id, warnings } = await ok(client.call("submit", { body: wide }));
  assert.match(warnings[0] ?? "", never);
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job: id }, query: {} }));
    assert.deepEqual([why.rule, why.start], ["project-cores-too-few", null]);
    assert.match(why.words, never);
  });
  await ok(client.call("cancel", { params: { job: id }, body: {} }));
  await ok(client.call("setProjectCores", { params, body: { mostCores: null } }));
});

test("of nothing granted submit, why and what-if say the same: it can never start, and there is no less to ask for", async () => {
  const params = { project: "default" };
  await ok(client.call("setProjectGrant", { params, body: { coreHours: 0 } }));
  const never =
    /^as things stand it can never start: .*; an administrator has to grant more \(weir admin project set\)$/;
  const dryRun = () => client.call("dryRun", { body: hour });
  await holds(async () => assert.match((await ok(dryRun())).warnings[0] ?? "", never));
  const said = await ok(dryRun());
  assert.match(said.waits ?? "", never);
  assert.deepEqual([said.wouldGoTo, said.candidates.flatMap(({ score }) => score ?? [])], [null, []]);
  const one = await ok(client.call("submit", { body: hour }));
  assert.match(one.warnings[0] ?? "", never);
  const job = { params: { job: one.id }, query: {} };
  await holds(async () => {
    const why = await ok(client.call("why", job));
    assert.deepEqual([why.rule, why.start], ["project-grant-too-small", null]);
    assert.match(why.words, never);
  });
  const { words, answers } = await ok(client.call("whatIf", job));
  assert.deepEqual(answers, []);
  assert.match(words.replace("no smaller request would start now either: ", ""), never);
  await ok(client.call("cancel", { params: { job: one.id }, body: {} }));
  await ok(client.call("setProjectGrant", { params, body: { coreHours: null } }));
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
