import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import type { JobRequest, WhatIf } from "#api/job.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

// What to ask instead so that a job that waits starts now: from the store to the answer in two languages.

let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
});
after(() => server.stop());

async function submit(more: JobRequest): Promise<number> {
  const reply = await client.call("submit", { body: { command: ["true"], ...more } });
  return reply.kind === "answer" ? reply.value.id : assert.fail(reply.problem.detail);
}

async function whatIf(job: number, language: "en" | "zh" = "en"): Promise<WhatIf> {
  const reply = await server.client(server.token, language).call("whatIf", { params: { job }, query: {} });
  return reply.kind === "answer" ? reply.value : assert.fail(reply.problem.detail);
}

test("a job that waits for cores is told with how many it would start now, where, and how to say it", async () => {
  const first = await submit({ coresPerTask: 6, centres: { only: ["local"] } });
  await until(async () => ((await whatIf(first)).state === "queued" ? null : true));
  assert.deepEqual((await whatIf(first)).answers, []);
  assert.equal((await whatIf(first)).words, "it is not waiting for a centre");
  const large = await submit({ coresPerTask: 8, timeLimitS: 7200, centres: { only: ["local"] } });
  const answer = await until(async () => {
    const told = await whatIf(large);
    return told.answers.length > 0 ? told : null;
  });
  assert.deepEqual(answer.answers, [
    {
      changes: [{ kind: "cores-per-task", from: 8, to: 2, words: "cores per task 8 → 2" }],
      centre: "local",
      pool: "default",
      options: ["--cpus-per-task=2"],
    },
  ]);
  assert.equal(answer.words, "would start now, cancelled and submitted again, with any one of these");
  assert.equal((await whatIf(large, "zh")).answers[0]?.changes[0]?.words, "每任务核数 8 → 2");
});

test("where nothing smaller would start it, that is said", async () => {
  const chained = await submit({ timeLimitS: 60, centres: { only: ["local"] }, array: "0-1%1" });
  // Its first task starts beside the large one, and the second waits for it.
  await holds(async () => {
    const { index, state, answers, words } = await whatIf(chained);
    assert.deepEqual([index, state, answers], [1, "queued", []]);
    assert.match(words, /^no smaller request would start now either: the array allows 1 task/);
  });
});
