import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Message } from "#api/client.ts";
import type { Event } from "#api/job.ts";
import { signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";

let server: TestServer;
let client: Client;
let stranger: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
  await client.call("addTenant", { body: { name: "elsewhere" } });
  await client.call("addProject", { body: { name: "other", tenant: "elsewhere" } });
  stranger = server.client(await signInAs(server, "eve", ["other"]));
});
after(() => server.stop());

async function submit(by: Client, name: string): Promise<number> {
  const reply = await by.call("submit", { body: { command: ["true"], name } });
  if (reply.kind !== "answer") throw new Error(reply.problem.detail);
  return reply.value.id;
}

/** Opens a stream; `next` waits for its next event. */
async function open(by: Client, query: { job?: number; after?: string } = {}, lastEventId?: string) {
  const cut = new AbortController();
  const options = { signal: cut.signal, ...(lastEventId && { lastEventId }) };
  const reply = await by.stream("events", { query }, options);
  if (reply.kind !== "stream") throw new Error(reply.problem.type);
  const next = async (): Promise<Event> => {
    const { value } = (await reply.messages.next()) as { value: Message<Event> | undefined };
    if (value?.kind !== "data") throw new Error(`no event but ${JSON.stringify(value)}`);
    assert.equal(value.id, value.value.id);
    return value.value;
  };
  return { next, cut: () => cut.abort() };
}

test("changes come as they happen, and only of what one may see", async () => {
  const mine = await open(client);
  const theirs = await open(stranger);
  const hidden = await submit(client, "hidden");
  const first = await mine.next();
  assert.deepEqual([first.job, first.kind, first.state], [hidden, "submitted", "queued"]);
  const seen = await submit(stranger, "seen");
  assert.equal((await theirs.next()).job, seen);
  assert.equal((await mine.next()).job, seen, "an administrator sees all");
  mine.cut();
  theirs.cut();
});

test("a stream cut and resumed by its last id misses nothing and repeats nothing, while more comes in", async () => {
  const first = await open(client);
  const jobs = [await submit(client, "r0")];
  const last = await first.next();
  first.cut();
  for (let i = 1; i < 20; i++) jobs.push(await submit(client, `r${i}`));
  const resumed = await open(client, {}, last.id);
  const later = (async () => {
    for (let i = 20; i < 40; i++) jobs.push(await submit(client, `r${i}`));
  })();
  const seen = [last.job];
  while (seen.length < 40) seen.push((await resumed.next()).job);
  await later;
  assert.deepEqual(seen, jobs);
  resumed.cut();
  const byQuery = await open(client, { after: last.id });
  assert.equal((await byQuery.next()).job, jobs[1]);
  byQuery.cut();
});

test("one job's stream has its steps alone", async () => {
  const job = await submit(client, "watched");
  const stream = await open(client, { job }, "0-0");
  assert.deepEqual([(await stream.next()).kind], ["submitted"]);
  await submit(client, "other");
  await client.call("cancel", { params: { job }, body: {} });
  const ended = await stream.next();
  assert.deepEqual([ended.job, ended.kind, ended.state], [job, "ended", "ended"]);
  stream.cut();
});

test("an id that is none of ours is refused", async () => {
  for (const id of ["x", "1", "1-", "-1-2"]) {
    const reply = await client.stream("events", {}, { lastEventId: id });
    assert.equal(reply.kind === "problem" && reply.problem.type, "/api/problems/bad-cursor", id);
  }
});
