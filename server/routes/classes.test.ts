import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { jobId } from "#core/ids.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";
import { readWorld } from "#server/store/read-world.ts";

/** Priority classes as submitters meet them: those of the policy in force. Nobody schedules, so that all stay queued. */
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
});
after(() => server.stop());

type Job = Input<"submit">["body"];
const asked: Job = { command: ["true"], timeLimitS: 60 };

test("jobs are of the classes of the policy in force; a dropped one counts as the default, and that is said", async () => {
  const named = (priorityClass: string, more: Partial<Job> = {}) =>
    client.call("submit", { body: { ...asked, ...more, priorityClass } });
  const classes = [
    { name: "urgent", longestS: 3600, projects: ["default"] },
    { name: "theirs", tenants: ["science"] },
    { name: "standard" },
  ];
  await server.db.pool.query("insert into tenant (name, title, created_ms) values ('science', 'science', 0)");
  await ok(client.call("setPolicy", { body: { classes, defaultClass: "standard" } }));
  const waits = await ok(named("urgent", { timeLimitS: 3600 }));
  const plain = await ok(client.call("submit", { body: asked }));
  const specOf = async (job: number) => (await ok(client.call("job", { params: { job } }))).spec.priorityClass;
  assert.deepEqual([await specOf(waits.id), await specOf(plain.id)], ["urgent", "standard"]);
  const refusals = [
    [named("urgnt"), 400, /urgent, standard; is urgent meant/],
    [named("normal"), 400, /class of the policy in force: urgent, standard/],
    [named("theirs"), 422, /project default may not be of class theirs; choose one of these: urgent, standard/],
    [named("urgent", { timeLimitS: 3601 }), 422, /may ask for 3600 s at most/],
  ] as const;
  for (const [answer, status, words] of refusals) {
    const refused = await answer;
    assert(refused.kind === "problem" && refused.problem.status === status, JSON.stringify(refused));
    assert.match(refused.problem.detail, words);
  }
  const why = async (job: number) => (await ok(client.call("why", { params: { job }, query: {} }))).order;
  await until(async () => (await why(waits.id))?.class === "urgent");
  await ok(client.call("setPolicy", { body: { classes: [{ name: "standard" }] } }));
  const order = await why(waits.id);
  assert.deepEqual([order?.class, order?.droppedClass], ["standard", "urgent"]);
  assert.match(
    order?.words ?? "",
    /its class urgent is none of this policy's any more, so it counts as the default, standard/,
  );
  assert.equal(await specOf(waits.id), "urgent", "what was asked stays as it was");
  const restarted = createWorld();
  await readWorld(server.db, restarted.apply);
  const there = restarted.explain({ job: jobId(waits.id), index: 0 }, Date.now());
  assert.equal(there.kind === "waiting" && there.order?.droppedClass, "urgent");
});
