import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SyncRequest } from "#api/agent.ts";
import type { Client } from "#api/client.ts";
import { type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { passConnectionTest, startTestServer, type TestServer } from "#server/http/testing.ts";
import { enrol, newEnrolment, useCentreCredential } from "#server/identity/centre-credential.ts";
import { hashSecret } from "#server/identity/secret.ts";
import { holds, until } from "#server/patience-testing.ts";

let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
});
after(() => server.stop());

const agent = { agentVersion: "1", driver: "process" };

async function enrolment(centre: string): Promise<string> {
  const reply = await client.call("addEnrolment", { params: { centre }, body: {} });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  return reply.value.token;
}

async function enrolled(centre: string): Promise<string> {
  const reply = await client.call("enrol", { body: { token: await enrolment(centre), ...agent } });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  assert.equal(reply.value.centre, centre);
  return reply.value.credential;
}

function statusOf(reply: { kind: string; problem?: { status: number } }): number {
  return reply.kind === "problem" ? (reply.problem?.status ?? 0) : 200;
}

const engine: EngineReport = {
  pools: [oneMachine("n1", { cores: 4, memoryMib: 4096, memoryMibPerCore: 1024 })],
  offers: noOffers,
  mechanisms: { memory: "cgroup-v2" },
};

/** The scheduler has heard by the feed that the centre takes work. */
async function inService(centre: string): Promise<void> {
  const body = { command: ["true"], centres: { only: [centre] } };
  await until(async () => {
    const dry = await client.call("dryRun", { body });
    return dry.kind === "answer" && dry.value.wouldGoTo === centre ? true : null;
  });
}

function report(session: number, changes: Partial<SyncRequest> = {}): SyncRequest {
  const start = { protocol: 1, session, agentVersion: "1", server: "", generation: 0 } as const;
  return { ...start, waitMs: 0, engine: null, observations: [], ...changes };
}

test("a centre is registered once, shows as never connected, and enrols with a token that is good once", async () => {
  const made = await client.call("addCentre", { body: { id: "beta", nameZh: "乙中心", driver: "process" } });
  assert.deepEqual(made.kind === "answer" && [made.value.state, made.value.pools.length], ["never-connected", 1]);
  assert.deepEqual(made.kind === "answer" && [made.value.name, made.value.nameZh], ["beta", "乙中心"]);
  const all = await client.call("centres");
  const local = all.kind === "answer" ? all.value.centres.find(({ id }) => id === "local") : undefined;
  assert.deepEqual([local?.name, local?.nameZh], ["This machine", "本机"]);
  const again = await client.call("addCentre", { body: { id: "beta", driver: "process" } });
  assert.equal(again.kind === "problem" && again.problem.type, "/api/problems/already-exists");
  const token = await enrolment("beta");
  const other = await client.call("enrol", { body: { token, agentVersion: "1", driver: "slurm" } });
  assert.equal(other.kind === "problem" && other.problem.type, "/api/problems/enrolment-token-spent");
  assert.equal((await client.call("enrol", { body: { token, ...agent } })).kind, "answer");
  const twice = await client.call("enrol", { body: { token, ...agent } });
  assert.equal(twice.kind === "problem" && twice.problem.type, "/api/problems/enrolment-token-spent");
});

test("a token to join by is good for a day, a credential for ninety, each to the millisecond", async () => {
  const dayMs = 86_400_000;
  await client.call("addCentre", { body: { id: "timed", driver: "process" } });
  const made = await newEnrolment(server.db.pool, "timed", 0);
  assert.equal(made?.expiresMs, dayMs);
  const join = (token: string, atMs: number) => enrol(server.db, { token, ...agent }, atMs);
  assert.ok(made && "refusal" in (await join(made.token, dayMs)), "a day later it is over");
  const joined = await join(made.token, dayMs - 1);
  assert.ok("credential" in joined);
  const hash = hashSecret(joined.credential);
  const goodAt = async (ms: number) => (await useCentreCredential(server.db, hash, ms)) !== null;
  assert.deepEqual([await goodAt(91 * dayMs - 2), await goodAt(91 * dayMs - 1)], [true, false]);
});

test("a credential that is taken while its agent waits for news ends the wait with that word", async () => {
  await client.call("addCentre", { body: { id: "taken", driver: "process" } });
  const taken = server.client(await enrolled("taken"));
  const begun = await taken.call("session", { body: { agentVersion: "1" } });
  const { session } = begun.kind === "answer" ? begun.value : assert.fail();
  const first = await taken.call("sync", { body: report(session, { engine }) });
  const { server: instance, generation } = first.kind === "answer" ? first.value : assert.fail();
  const waits = taken.call("sync", { body: report(session, { server: instance, generation, waitMs: 20_000 }) });
  // One that has just begun may be refused at the door with the same word.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const askedMs = performance.now();
  await client.call("revokeCredentials", { params: { centre: "taken" } });
  const reply = await waits;
  assert.equal(reply.kind === "problem" && reply.problem.type, "/api/problems/credential-revoked");
  assert.ok(performance.now() - askedMs < 15_000);
});

test("an agent of another version is told so, with both versions and the remedy, and spends nothing", async () => {
  const said = (reply: Awaited<ReturnType<typeof client.call>>) =>
    reply.kind === "problem" ? [reply.problem.status, reply.problem.type, reply.problem.detail] : ["answer"];
  const words = (agentVersion: string) =>
    `The agent is of version ${agentVersion}, this server of 1; their first two numbers have to be the same. Install the agent's package that the server's own version makes (npm run agent-package; then weir-agent install). What runs goes on meanwhile.`;
  const refused = [409, "/api/problems/agent-version", words("2.0.1")];
  const token = await enrolment("beta");
  assert.deepEqual(said(await client.call("enrol", { body: { token, ...agent, agentVersion: "2.0.1" } })), refused);
  const enrolled = await client.call("enrol", { body: { token, ...agent } });
  if (enrolled.kind !== "answer") throw new Error(enrolled.problem.detail);
  const beta = server.client(enrolled.value.credential);
  assert.deepEqual(said(await beta.call("session", { body: { agentVersion: "2.0.1" } })), refused);
  assert.equal((await beta.call("session", { body: { agentVersion: "1" } })).kind, "answer");
  // The first agents of 0.1 said it with each sync only, and a refusal made them give up their credential.
  const begun = await beta.call("session", { body: {} });
  if (begun.kind !== "answer") throw new Error(begun.problem.detail);
  assert.equal((await beta.call("sync", { body: report(begun.value.session) })).kind, "answer");
  // The server was upgraded under an agent that goes on.
  assert.deepEqual(
    said(await beta.call("sync", { body: report(begun.value.session, { agentVersion: "2.0.1" }) })),
    refused,
  );
});

test("the old credential is good until the new one was used, and of lost new ones only the last counts", async () => {
  const first = await enrolled("local");
  const rotate = async (credential: string) => {
    const reply = await server.client(credential).call("rotate", { body: {} });
    if (reply.kind !== "answer") throw new Error(reply.problem.detail);
    return reply.value.credential;
  };
  const use = async (credential: string) =>
    statusOf(await server.client(credential).call("session", { body: { agentVersion: "1" } }));
  const lost = await rotate(first);
  const second = await rotate(first);
  assert.equal(await use(first), 200);
  assert.equal(await use(lost), 401);
  assert.equal(await use(second), 200);
  assert.equal(await use(first), 401);
  assert.equal(await use(second), 200);
});

test("an agent syncs, is fenced by a newer session, and its capacity is shown", async () => {
  const credential = await enrolled("beta");
  const beta = server.client(credential);
  const begin = async () => {
    const reply = await beta.call("session", { body: { agentVersion: "1" } });
    return reply.kind === "answer" ? reply.value.session : 0;
  };
  const session = await begin();
  const synced = await beta.call("sync", { body: report(session, { engine }) });
  assert.equal(synced.kind === "answer" && synced.value.whole, true);
  const centres = await client.call("centres");
  const shown = centres.kind === "answer" ? centres.value.centres.find((centre) => centre.id === "beta") : undefined;
  assert.deepEqual([shown?.state, shown?.pools[0]?.cores, shown?.mechanisms.memory], ["connected", 4, "cgroup-v2"]);
  const nodes = await client.call("nodes", { query: { centre: "beta" } });
  assert.deepEqual(nodes.kind === "answer" && nodes.value.nodes.map((node) => node.name), ["n1"]);
  await begin();
  const fenced = await beta.call("sync", { body: report(session) });
  assert.equal(fenced.kind === "problem" && fenced.problem.type, "/api/problems/fenced");
});

test("a job goes to the agent by its long poll, runs, and is explained, logged and seen at a glance", async () => {
  const credential = await enrolled("beta");
  const beta = server.client(credential);
  await passConnectionTest(server, "beta", credential);
  const begun = await beta.call("session", { body: { agentVersion: "1" } });
  const session = begun.kind === "answer" ? begun.value.session : 0;
  const first = await beta.call("sync", { body: report(session, { engine }) });
  if (first.kind !== "answer") throw new Error(first.problem.detail);
  const known = { server: first.value.server, generation: first.value.generation };
  await inService("beta");
  const waiting = beta.call("sync", { body: report(session, { ...known, waitMs: 25_000 }) });
  const submitted = await client.call("submit", {
    body: { command: ["true"], coresPerTask: 3, centres: { only: ["beta"] } },
  });
  if (submitted.kind !== "answer") throw new Error(submitted.problem.detail);
  const job = submitted.value.id;
  const polled = await waiting;
  if (polled.kind !== "answer") throw new Error(polled.problem.detail);
  const [order] = polled.value.start;
  assert.equal(order?.job, job);
  const run = order?.run ?? "";

  const waits = await client.call("submit", {
    body: { command: ["true"], coresPerTask: 2, centres: { only: ["beta"] } },
  });
  const waiter = waits.kind === "answer" ? waits.value.id : 0;
  const observations = [
    { kind: "accepted", run, atMs: 1 },
    { kind: "started", run, atMs: 1, evidence: "pid 7" },
  ] as const;
  await beta.call("sync", { body: report(session, { ...known, observations: [...observations] }) });

  await holds(async () => {
    const why = await client.call("why", { params: { job: waiter }, query: {} });
    assert(why.kind === "answer");
    assert.equal(why.value.state, "queued");
    const beside = why.value.candidates.find((candidate) => candidate.centre === "beta");
    assert.deepEqual([beside?.rule, beside?.holds, beside?.facts.free], ["cores-busy", "later", 1]);
  });
  const placed = await server.client(server.token, "zh").call("why", { params: { job } });
  assert.equal(placed.kind === "answer" && placed.value.words, "已派发到 beta");
  assert.equal(placed.kind === "answer" && placed.value.candidates.find((one) => one.centre === "beta")?.rule, null);

  const glance = await client.call("glance");
  assert.deepEqual(glance.kind === "answer" && [glance.value.cores.total, glance.value.tasks.running], [12, 1]);
  const centres = glance.kind === "answer" ? glance.value.centres.total : 0;
  await client.call("addCentre", { body: { id: "gone", driver: "simulated" } });
  await server.db.pool.query("update centre set life_cycle = 'retired' where id = 'gone'");
  // It is kept for a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const later = await client.call("glance");
  assert.equal(
    later.kind === "answer" && later.value.centres.total,
    centres,
    "one that is out for good is not counted",
  );

  await server.db.pool.query(
    "update centre set engine = beta.engine from centre beta where centre.id = 'gone' and beta.id = 'beta'",
  );
  await server.db.pool.query(
    "insert into pool (centre_id, name, contract, life_cycle) select 'gone', name, contract, life_cycle from pool where centre_id = 'beta'",
  );
  const listed = await client.call("centres", { query: {} });
  const gone = listed.kind === "answer" ? listed.value.centres.find(({ id }) => id === "gone") : undefined;
  assert.deepEqual(
    [
      gone?.pools.map((pool) => [pool.free.cores, pool.runs]),
      gone?.together.free.cores,
      (gone?.together.cores ?? 0) > 0,
    ],
    [[[0, 0]], 0, true],
    "of what it had nothing is free",
  );
  const nodes = await client.call("nodes", { query: {} });
  assert.deepEqual(nodes.kind === "answer" && nodes.value.nodes.filter(({ centre }) => centre === "gone"), []);

  /** The agent's side of one read: asked by its long poll, which other news may end too, answered by a post. */
  const answerOne = async () => {
    const ask = () =>
      beta.call("sync", { body: report(session, { ...known, generation: polled.value.generation, waitMs: 25_000 }) });
    let asked = await ask();
    while (asked.kind === "answer" && asked.value.reads.length === 0) asked = await ask();
    const [read] = asked.kind === "answer" ? asked.value.reads : [];
    const offset = read?.offset ?? 0;
    const piece = {
      id: read?.id ?? "",
      kind: "bytes" as const,
      offset,
      sizeBytes: 6,
      base64: Buffer.from("hello\n").subarray(offset).toString("base64"),
      final: true,
      words: "",
    };
    // Another centre's word on it counts for nothing.
    const forged = { ...piece, base64: Buffer.from("forged").toString("base64") };
    assert.equal(statusOf(await eve.call("answerRead", { body: { answers: [forged] } })), 200);
    await beta.call("answerRead", { body: { answers: [piece] } });
  };
  await client.call("addCentre", { body: { id: "eve", driver: "process" } });
  const eve = server.client(await enrolled("eve"));
  const follow = async (options: { lastEventId?: string }) => {
    const [followed] = await Promise.all([client.stream("followLog", { params: { job } }, options), answerOne()]);
    if (followed.kind !== "stream") throw new Error(followed.problem.detail);
    const texts: string[] = [];
    for await (const message of followed.messages)
      if (message.kind === "data")
        texts.push(`${message.id} ${Buffer.from(message.value.base64, "base64").toString()}`);
    return texts;
  };
  assert.deepEqual(await follow({}), ["6 hello\n"]);
  assert.deepEqual(await follow({ lastEventId: "2" }), ["6 llo\n"], "a stream that was cut goes on where it was");
  const [log] = await Promise.all([client.call("log", { params: { job } }), answerOne()]);
  assert.deepEqual(log.kind === "answer" && [log.value.run, log.value.nextOffset, log.value.final], [run, 6, true]);
});

test("a log that is not there yet, and one whose agent says nothing, are refused with the reason", async () => {
  const reply = await client.call("submit", {
    body: { command: ["true"], coresPerTask: 4, centres: { only: ["beta"] } },
  });
  const job = reply.kind === "answer" ? reply.value.id : 0;
  const log = await client.call("log", { params: { job } });
  assert.equal(log.kind === "problem" && log.problem.type, "/api/problems/log-unavailable");
  assert.match(log.kind === "problem" ? log.problem.detail : "", /has not been placed yet/);
});

test("before any agent has said what its centre has, a job is taken and waits", async () => {
  const fresh = await startTestServer({ describedCentre: false });
  const reply = await fresh.client().call("submit", { body: { command: ["true"], coresPerTask: 64 } });
  assert.equal(reply.kind, "answer", reply.kind === "problem" ? reply.problem.detail : "");
  await fresh.stop();
});

test("an agent that says goodbye leaves its centre unreachable at once, and a newer session unharmed", async () => {
  await client.call("addCentre", { body: { id: "gamma", driver: "process" } });
  const credential = await enrolled("gamma");
  const gamma = server.client(credential);
  await passConnectionTest(server, "gamma", credential);
  const begin = async () => {
    const begun = await gamma.call("session", { body: { agentVersion: "1" } });
    const session = begun.kind === "answer" ? begun.value.session : 0;
    const first = await gamma.call("sync", { body: report(session, { engine }) });
    return { session, first: first.kind === "answer" ? first.value : assert.fail(first.problem.detail) };
  };
  const stateOf = async () => {
    const all = await client.call("centres");
    return all.kind === "answer" ? all.value.centres.find(({ id }) => id === "gamma")?.state : null;
  };
  const { session, first } = await begin();
  await inService("gamma");
  const poll = { server: first.server, generation: first.generation, waitMs: 25_000 };
  const body = { command: ["true"], centres: { only: ["gamma"] } };
  const waiting = gamma.call("sync", { body: report(session, poll) });
  const submitted = await client.call("submit", { body });
  const job = submitted.kind === "answer" ? submitted.value.id : 0;
  const polled = await waiting;
  assert.deepEqual(polled.kind === "answer" && polled.value.start.map((order) => order.job), [job]);
  const left = await gamma.call("sync", { body: report(session, { goodbye: true }) });
  assert.equal(left.kind, "answer");
  assert.equal(await stateOf(), "unreachable");
  const why = await client.call("why", { params: { job } });
  assert.match(
    why.kind === "answer" ? why.value.words : "",
    /^was placed at gamma; centre gamma cannot be reached since \d{4}-\d\d-\d\dT[\d:]+\+08:00; how the job is doing there is known once its agent reports again/,
  );
  const history = await client.call("history", { params: { job } });
  assert.equal(history.kind === "answer" && history.value.events.at(-1)?.cause, "its agent ended cleanly");
  await holds(async () => {
    const next = await client.call("dryRun", { body });
    assert.equal(next.kind === "answer" && next.value.wouldGoTo, null);
  });

  await begin();
  assert.equal(await stateOf(), "connected");
  const late = await gamma.call("sync", { body: report(session, { goodbye: true }) });
  assert.equal(late.kind === "problem" && late.problem.type, "/api/problems/fenced");
  await server.transitions.contact(centreId("gamma"), { kind: "goodbye", sinceMs: 1, session });
  assert.equal(await stateOf(), "connected");
});
