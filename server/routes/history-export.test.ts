import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";

// Goal: administrators, and nobody else, get all that has run, page by page, by ids alone (M13).

let server: TestServer;
before(async () => {
  server = await startTestServer({ schedules: false });
});
after(() => server.stop());

/** A job with a run a task that started and ended, written as the writers leave it. */
async function ran(id: number, tasks: readonly { readonly index: number; readonly attempts: number }[]): Promise<void> {
  const { pool } = server.db;
  await pool.query(
    `insert into job (id, tenant_id, project_id, person_id, name, spec, task_count, defaults, warnings, submitted_ms,
       state, queued, placed, starting, running, ended, runs, centres)
     values ($1, 1, 1, 1, 'a secret name', '{"timeLimitS": 60}', $2, '[]', '[]', $3,
       'ended', 0, 0, 0, 0, $2, $2, '{local}')`,
    [id, tasks.length, id * 1000],
  );
  for (const [position, { index, attempts }] of tasks.entries()) {
    await pool.query(
      `insert into task (job_id, index, position, state, since_ms, attempts, retries_left, ended_ms)
       values ($1, $2, $3, 'ended', 0, $4, 0, 1)`,
      [id, index, position, attempts],
    );
    for (let attempt = 1; attempt <= attempts; attempt += 1)
      await pool.query(
        `insert into run (job_id, index, attempt, centre_id, pool, state, allocation, tariff_version, decision, placed_ms,
           latest_start_ms, started_ms, ended_ms, words)
         values ($1, $2, $3, 'local', 'p', 'ended',
           '{"nodes": 2, "coresPerNode": 3, "memoryMibPerNode": 1, "acceleratorsPerNode": 1,
            "acceleratorVendor": "huawei", "acceleratorModel": "ascend-910b"}', 'free', '{}', 0, 0, $4, $5,
           'a secret word')`,
        [id, index, attempt, id * 1000 + attempt * 100, id * 1000 + attempt * 100 + 50],
      );
  }
}

test("the last run of each task, in pages that join without a gap", async () => {
  await ran(10, [{ index: 0, attempts: 2 }]);
  await ran(20, [
    { index: 3, attempts: 1 },
    { index: 7, attempts: 1 },
    { index: 11, attempts: 0 },
  ]);
  await ran(30, [{ index: 0, attempts: 1 }]);
  const told = async (job: number, data: object) =>
    server.db.pool.query("update job set spec = (spec::jsonb || $2)::json where id = $1", [job, { data }]);
  await told(10, { at: [{ centre: "local", fromMs: 0 }], elsewhereMs: 90_000 });
  await told(20, { at: [{ centre: "local", fromMs: 20_080 }], elsewhereMs: 20_050 });
  const client = server.client();
  const all = await client.call("exportHistory", { query: { limit: 100 } });
  assert.ok(all.kind === "answer");
  assert.deepEqual(
    all.value.runs.map(({ job, index, number }) => [job, index, number]),
    [
      [10, 0, 10],
      [20, 3, 20],
      [20, 7, 21],
      [30, 0, 30],
    ],
  );
  assert.deepEqual(all.value.runs[0], {
    ...{
      job: 10,
      index: 0,
      number: 10,
      centre: "local",
      project: 1,
      person: 1,
      cores: 6,
      accelerators: 2,
      deviceClass: "huawei/ascend-910b",
      shareMilli: 1000,
      timeLimitS: 60,
    },
    ...{ submittedMs: 10_000, startedMs: 10_200, endedMs: 10_250 },
  });
  const submitted = all.value.runs.map(({ job, submittedMs }) => [job, submittedMs]);
  assert.deepEqual(
    submitted.slice(1),
    [
      [20, 20_050],
      [20, 20_050],
      [30, 30_000],
    ],
    "no sooner than its data were anywhere",
  );
  assert.equal(all.value.next, null);
  assert.ok(all.value.centres.some(({ centre, cores }) => centre === "local" && cores > 0));
  assert.doesNotMatch(JSON.stringify(all.value), /secret|admin|default/, "no names");

  const seen: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("exportHistory", { query: { limit: 1, ...(cursor !== undefined && { cursor }) } });
    assert.ok(page.kind === "answer");
    seen.push(...page.value.runs);
    cursor = page.value.next ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(seen, all.value.runs);

  const back = await client.call("exportHistory", { query: { limit: 3, order: "newest" } });
  assert.ok(back.kind === "answer" && back.value.next !== null);
  const query = { limit: 3, order: "newest", cursor: back.value.next } as const;
  const rest = await client.call("exportHistory", { query });
  assert.ok(rest.kind === "answer");
  assert.deepEqual([...back.value.runs, ...rest.value.runs], all.value.runs.toReversed());
});

test("members are refused, and cursors that are not ours", async () => {
  const member = await signInAs(server, "li", ["default"]);
  const refused = await server.client(member).call("exportHistory", { query: { limit: 10 } });
  assert.ok(refused.kind === "problem" && refused.problem.status === 403);
  for (const cursor of ["0", "1.x", "-1.0", "1.2.3", "99999999999999999999.1"]) {
    const reply = await server.client().call("exportHistory", { query: { limit: 10, cursor } });
    assert.ok(reply.kind === "problem" && reply.problem.status === 400, cursor);
  }
});
