import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import type { ConnectionTest } from "#api/connection-test.ts";
import {
  type CheckName,
  type CheckResult,
  checkNames,
  type TestReport,
  type Verdict,
} from "#core/centre/connection-test.ts";
import { type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";
import { askTest, noteProgress } from "#server/store/connection-tests.ts";

// The goal: one test at a time, asked through the sync, graded and signed here, and no service without a passing grade.
let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
});
after(() => server.stop());

const engine: EngineReport = {
  pools: [oneMachine("n1", { cores: 4, memoryMib: 4096, memoryMibPerCore: 1024 })],
  offers: noOffers,
  mechanisms: {},
};

function checks(changes: Partial<Record<CheckName, Verdict>> = {}): CheckResult[] {
  return checkNames.map((check) => ({
    check,
    verdict: changes[check] ?? "pass",
    asked: `to ${check}`,
    seen: "所见",
    startedMs: 1,
    tookMs: 2,
  }));
}

/** A centre with an agent that syncs as this test says. */
async function openCentre(id: string) {
  const added = await client.call("addCentre", { body: { id, driver: "process" } });
  assert.equal(added.kind === "answer" && added.value.lifeCycle, "trial");
  const token = await client.call("addEnrolment", { params: { centre: id }, body: {} });
  if (token.kind !== "answer") throw new Error(token.problem.detail);
  const enrolled = await client.call("enrol", {
    body: { token: token.value.token, agentVersion: "1", driver: "process" },
  });
  if (enrolled.kind !== "answer") throw new Error(enrolled.problem.detail);
  const agent = server.client(enrolled.value.credential);
  const begun = await agent.call("session", { body: { agentVersion: "1" } });
  const session = begun.kind === "answer" ? begun.value.session : 0;
  const start = { protocol: 1 as const, session, agentVersion: "1", observations: [] };
  let known = { server: "", generation: 0 };
  const sync = async (waitMs: number, described = false) => {
    const reply = await agent.call("sync", { body: { ...start, ...known, waitMs, engine: described ? engine : null } });
    if (reply.kind !== "answer") throw new Error(reply.problem.detail);
    known = { server: reply.value.server, generation: reply.value.generation };
    return reply.value;
  };
  const told = (id: number, results: readonly CheckResult[], ended: boolean, nowMs = Date.now()) =>
    agent.call("postTest", { body: { test: id, session, agentVersion: "1", nowMs, checks: [...results], ended } });
  await sync(0, true);
  return { sync, told };
}

async function ask(centre: string): Promise<ConnectionTest> {
  const reply = await client.call("addTest", { params: { centre }, body: {} });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  return reply.value;
}

async function read(centre: string, id: number): Promise<ConnectionTest> {
  const reply = await client.call("test", { params: { centre, test: id } });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  return reply.value;
}

async function lifeCycleOf(id: string): Promise<string | undefined> {
  const reply = await client.call("centres");
  return reply.kind === "answer" ? reply.value.centres.find((centre) => centre.id === id)?.lifeCycle : undefined;
}

test("a centre on trial gets no work, is tested through its long poll, and goes into service with a passing grade", async () => {
  const { sync, told } = await openCentre("beta");
  const asks = { command: ["true"], centres: { only: ["beta"] } };
  // Who submits is heard by the scheduler, which hears of the centre by the feed.
  await holds(async () => {
    const early = await client.call("submit", { body: asks });
    assert.equal(early.kind === "problem" && early.problem.type, "/api/problems/no-centre-fits");
  });
  const polling = sync(20_000);
  const asked = await ask("beta");
  assert.deepEqual([asked.state, asked.of, asked.askedBy], ["asked", checkNames.length, "admin"]);
  const answer = await polling;
  assert.deepEqual(answer.test, {
    id: asked.id,
    person: { id: 1, name: "admin" },
    project: { id: 1, name: "default" },
    pool: null,
  });
  assert.deepEqual(answer.start, []);
  // Asked again while it is under way: the same one. Said again with each answer, without hurry.
  assert.equal((await ask("beta")).id, asked.id);
  assert.equal((await sync(100)).test?.id, asked.id);

  assert.equal((await told(asked.id, checks().slice(0, 3), false)).kind, "answer");
  const running = await read("beta", asked.id);
  assert.deepEqual([running.state, running.checks.length, running.grade], ["running", 3, null]);
  assert.equal(await lifeCycleOf("beta"), "trial");

  await told(asked.id, checks({ throughput: "fail", accelerator: "not-offered" }), true);
  const ended = await read("beta", asked.id);
  assert.deepEqual([ended.state, ended.grade], ["ended", "B"]);
  assert.deepEqual(ended.costs, [{ check: "throughput", why: "failed", leaves: "B" }]);
  assert.equal(await lifeCycleOf("beta"), "in-service");
  await holds(async () => assert.equal((await sync(0)).test, undefined));
  // A late repetition of the report changes nothing.
  assert.equal((await told(asked.id, checks(), true)).kind, "problem");
  assert.equal((await read("beta", asked.id)).grade, "B");

  await holds(async () => {
    const job = await client.call("submit", { body: asks });
    assert.equal(job.kind, "answer", JSON.stringify(job));
  });
  const order = await until(async () => (await sync(2_000)).start[0]);
  assert.equal(order.pool, "default");
});

test("the report is signed, and verifies with the public key alone; a changed one does not", async () => {
  const { told } = await openCentre("gamma");
  const asked = await ask("gamma");
  await told(asked.id, checks(), true);
  const { document, signature, key } = await read("gamma", asked.id);
  const keys = await server.client("").call("networkKeys");
  const open = keys.kind === "answer" ? keys.value.keys.find(({ id }) => id === key) : undefined;
  assert.equal(open?.algorithm, "Ed25519");
  const holds = (text: string) =>
    verify(null, Buffer.from(text), createPublicKey(open?.publicKeyPem ?? ""), Buffer.from(signature ?? "", "base64"));
  assert.equal(holds(document ?? ""), true);
  assert.equal(holds((document ?? "").replace('"grade":"A"', '"grade":"B"')), false);
  const report: TestReport = JSON.parse(document ?? "");
  assert.deepEqual(
    [report.kind, report.centre, report.test, report.askedBy, report.grade, report.checks[0]?.seen],
    ["weir-connection-test", "gamma", asked.id, "admin", "A", "所见"],
  );
});

test("without a passing grade, or with a clock that is off, a centre stays on trial", async () => {
  const { told } = await openCentre("delta");
  const first = await ask("delta");
  await told(first.id, checks({ "second-start": "fail" }), true);
  const second = await ask("delta");
  assert.notEqual(second.id, first.id);
  await told(second.id, checks(), true, Date.now() - 90_000);
  const third = await ask("delta");
  await told(third.id, [], true);
  const listed = await client.call("tests", { params: { centre: "delta" }, query: { limit: 2 } });
  const page = listed.kind === "answer" ? listed.value : null;
  assert.deepEqual(
    page?.tests.map(({ id, grade, costs }) => [id, grade, costs[0]?.check]),
    [
      [third.id, null, "submit"],
      [second.id, null, "clock-skew"],
    ],
  );
  const rest = await client.call("tests", { params: { centre: "delta" }, query: { cursor: page?.next ?? "" } });
  assert.deepEqual(rest.kind === "answer" && rest.value.tests.map(({ id }) => id), [first.id]);
  assert.equal(await lifeCycleOf("delta"), "trial");
});

test("a test of which nothing is heard is abandoned when it is asked for anew", async () => {
  const { told } = await openCentre("epsilon");
  const first = await ask("epsilon");
  await server.db.pool.query("update connection_test set asked_ms = asked_ms - 600001 where id = $1", [first.id]);
  const second = await ask("epsilon");
  assert.notEqual(second.id, first.id);
  assert.equal((await read("epsilon", first.id)).state, "abandoned");
  assert.equal((await told(first.id, checks(), true)).kind, "problem");
});

test("a long test is not abandoned while it is heard of; one that is over, or another centre's, takes no word more", async () => {
  const { told } = await openCentre("patient");
  await openCentre("neighbour");
  const minuteMs = 60_000;
  const asked = { centre: "patient", person: 1, project: 1, pool: null };
  const at = (nowMs: number) => askTest(server.db.pool, { ...asked, nowMs });
  const first = (await at(0)) ?? assert.fail();
  const heard = (centre: string, nowMs: number) =>
    noteProgress(server.db.pool, { centre: centreId(centre), test: first, checks: [], nowMs });
  assert.deepEqual([await heard("neighbour", 1), await heard("patient", 8 * minuteMs)], [false, true]);
  assert.equal(await at(17 * minuteMs), first, "nine minutes after the last word");
  const second = await at(18 * minuteMs + 1);
  assert.notEqual(second, first);
  assert.equal(await heard("patient", 19 * minuteMs), false);
  assert.equal((await told(first, checks(), true)).kind, "problem", "nor is it graded");
});

test("who may ask, and what is not there", async () => {
  const member = server.client(await signInAs(server, "li", ["default"]));
  const refused = await member.call("addTest", { params: { centre: "beta" }, body: {} });
  assert.equal(refused.kind === "problem" && refused.problem.type, "/api/problems/forbidden");
  assert.equal((await member.call("tests", { params: { centre: "beta" } })).kind, "answer");
  const nowhere = await client.call("addTest", { params: { centre: "nowhere" }, body: {} });
  assert.equal(nowhere.kind === "problem" && nowhere.problem.status, 404);
  const project = await client.call("addTest", { params: { centre: "beta" }, body: { project: "none" } });
  assert.equal(project.kind === "problem" && project.problem.type, "/api/problems/unknown-project");
  const { told } = await openCentre("zeta");
  const asked = await ask("beta");
  assert.equal((await told(asked.id, checks(), true)).kind, "problem", "another centre's test");
});

test("a pool that the centre does not have is refused with those it has, and no test is made", async () => {
  await openCentre("pools");
  const [known] = engine.pools;
  const asked = (pool: string) => client.call("addTest", { params: { centre: "pools" }, body: { pool } });
  const refused = await asked("nope");
  assert(refused.kind === "problem" && refused.problem.status === 400);
  assert.match(refused.problem.detail, new RegExp(`^pool: there is no pool nope at pools; there is ${known?.name}\\.`));
  const { tests } = await client
    .call("tests", { params: { centre: "pools" }, query: { limit: 9 } })
    .then((reply) => (reply.kind === "answer" ? reply.value : { tests: [null] }));
  assert.deepEqual(tests, []);
  assert.equal((await asked(known?.name ?? "")).kind, "answer");
});
