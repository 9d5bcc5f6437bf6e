import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import type { JobRequest, JobSummary } from "#api/job.ts";
import { centreId, jobId, runId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { RunUsage } from "#core/run-order.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";

let server: TestServer;
let client: Client;
/** A member of project `other` of another tenant. */
let stranger: Client;
/** A member of project `default`, no administrator. */
let colleague: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
  await client.call("addTenant", { body: { name: "elsewhere" } });
  await client.call("addProject", { body: { name: "other", tenant: "elsewhere" } });
  stranger = server.client(await signInAs(server, "eve", ["other"]));
  colleague = server.client(await signInAs(server, "ada", ["default"]));
});
after(() => server.stop());

async function submit(body: Partial<JobRequest> = {}, by: Client = client): Promise<number> {
  const reply = await by.call("submit", { body: { command: ["true"], ...body } });
  assert.equal(reply.kind, "answer", reply.kind === "problem" ? reply.problem.detail : "");
  return reply.kind === "answer" ? reply.value.id : 0;
}

const allocation = { ...sampleAllocation, coresPerTask: 2, coresPerNode: 2, memoryMibPerNode: 1024 };

const usage = {
  startedMs: 1,
  wallMs: 1000,
  cpuUserMs: 900,
  cpuSystemMs: 50,
  peakMemoryMib: 17,
  memoryWay: "sampled",
  droppedStdoutBytes: 0,
  droppedStderrBytes: 0,
  energyJoules: null,
} as const;

/** What the scheduler and an agent would do. */
async function run(job: number, end: RunEnd | null, index = 0, used: RunUsage = usage, words: string | null = null) {
  const local = centreId("local");
  const epoch = await server.transitions.takeEpoch();
  const ref = { job: jobId(job), index, attempt: 1 };
  const decision = [{ centre: local, rule: null, holds: "now", facts: { free: 8, total: 8 } }] as const;
  const placement = { ...ref, centre: local, pool: "default", allocation, ...startsNow, candidates: decision };
  await server.transitions.place([placement], Date.now(), epoch);
  const observations = [
    { kind: "accepted", run: runId(ref), atMs: 1 },
    ...(used.startedMs === null ? [] : [{ kind: "started", run: runId(ref), atMs: 1, evidence: "pid 1" } as const]),
    ...(end ? [{ kind: "ended", run: runId(ref), atMs: 2, end, usage: used, words } as const] : []),
  ] as const;
  await server.transitions.observe(local, session, observations);
}
const startsNow = { starts: "now", leaseMs: null } as const;
const session = 0;

type Filter = NonNullable<Input<"jobs">["query"]>;

async function ids(by: Client, query: Filter): Promise<number[]> {
  const reply = await by.call("jobs", { query });
  assert.equal(reply.kind, "answer", reply.kind === "problem" ? reply.problem.detail : "");
  return reply.kind === "answer" ? reply.value.jobs.map((job: JobSummary) => job.id) : [];
}

test("a job is answered with its id, its defaults and its quote, and can be read back", async () => {
  const reply = await client.call("submit", { body: { command: ["sleep", "1"], name: "first", coresPerTask: 2 } });
  assert.equal(reply.kind, "answer");
  if (reply.kind !== "answer") return;
  assert.equal(reply.status, 201);
  assert.equal(reply.value.state, "queued");
  assert.ok(reply.value.defaults.some((one) => one.field === "timeLimitS"));
  // Two cores for an hour and half a minute of grace.
  assert.equal(reply.value.quote.total.coreMs, String(2 * 3_630_000));
  assert.deepEqual(reply.value.quote.cost, { tariffVersion: "free", currency: "CNY", amountMicroYuan: "0" });
  const job = await client.call("job", { params: { job: reply.value.id } });
  assert.equal(job.kind, "answer");
  if (job.kind !== "answer") return;
  assert.equal(job.value.name, "first");
  assert.deepEqual(job.value.spec.command, ["sleep", "1"]);
  assert.equal(job.value.actions.cancel, true);
  assert.deepEqual(
    job.value.firstTasks.map((task) => task.state),
    ["queued"],
  );
});

test("what was said at the submission is read in the reader's language, whoever submitted", async () => {
  const chinese = server.client(server.token, "zh");
  const script = "#!/bin/sh\n#SBATCH --nice=5\ntrue\n";
  const tried = await chinese.call("dryRun", { body: { script } });
  const zh = ["未采用 --nice（第 2 行）：排队次序由算力网决定；见 --priority-class"];
  assert.deepEqual(tried.kind === "answer" && tried.value.warnings, zh);
  const submitted = await chinese.call("submitBulk", { body: { jobs: [{ script }] } });
  assert.ok(submitted.kind === "answer");
  assert.deepEqual(submitted.value.jobs[0]?.warnings, zh);
  const params = { job: submitted.value.jobs[0]?.id ?? 0 };
  const seen = await Promise.all([client, chinese].map((by) => by.call("job", { params })));
  const said = seen.map((one) => one.kind === "answer" && [one.value.warnings[0], one.value.defaults[5]?.value]);
  assert.deepEqual(said, [
    [
      "--nice (line 2) is left out: order within the queue is the network's; see --priority-class",
      "the centre's memory per core × cores",
    ],
    [zh[0], "中心的每核内存 × 核数"],
  ]);
  await client.call("cancel", { params, body: {} });
  const refused = await chinese.call("submit", { body: { script: "#!/bin/sh\n#SBATCH -N 0\n" } });
  assert.match(
    refused.kind === "problem" ? refused.problem.detail : "",
    /^-N（第 2 行）不能为 "0"。应为：不小于 1 的节点数/,
  );
  const large = await chinese.call("submit", { body: { command: ["true"], coresPerTask: 99 } });
  assert.match(
    large.kind === "problem" ? large.problem.detail : "",
    /^申请：节点 1，核 99。local：需要 99 核，.*节点 1，核 8 @ local。/,
  );
});

test("the same key and body is one job, alone, in a bulk, and at once; another body is refused", async () => {
  const body = { command: ["true"] as [string], name: "keyed" };
  const options = { idempotencyKey: "submit-1" };
  const replies = await Promise.all([1, 2, 3].map(() => client.call("submit", { body }, options)));
  assert.deepEqual(replies[0], replies[1]);
  assert.deepEqual(replies[0], replies[2]);
  const other = await client.call("submit", { body: { ...body, name: "changed" } }, options);
  assert.equal(other.kind === "problem" && other.problem.type, "/api/problems/idempotency-conflict");
  const foreign = await colleague.call("submit", { body }, options);
  assert.equal(foreign.kind === "problem" && foreign.problem.status, 409, "a key is not another person's");
  assert.equal((await ids(client, { name: "keyed" })).length, 1);
  const bulk = { jobs: [{ command: ["true"] as [string], name: "bulk-keyed" }] };
  const twice = [
    await client.call("submitBulk", { body: bulk }, { idempotencyKey: "bulk-1" }),
    await client.call("submitBulk", { body: bulk }, { idempotencyKey: "bulk-1" }),
  ];
  assert.deepEqual(twice[0], twice[1]);
});

test("an array says how many of its tasks ended in which way; a job of one task does not", async () => {
  const array = await submit({ array: "0-3" });
  await run(array, { kind: "succeeded" }, 0);
  await run(array, { kind: "failed", exitCode: 3 }, 1);
  await run(array, { kind: "signalled", signal: 9 }, 2);
  await client.call("cancel", { params: { job: array }, body: { index: 3 } });
  const one = await submit();
  await run(one, { kind: "failed", exitCode: 1 });
  const outcomes = [];
  for (const job of [array, one]) {
    const reply = await client.call("job", { params: { job } });
    outcomes.push(reply.kind === "answer" && reply.value.outcomes);
  }
  const ways = [
    { kind: "succeeded", count: 1, first: 0, exitCodes: null },
    { kind: "failed", count: 2, first: 1, exitCodes: null },
    { kind: "cancelled", count: 1, first: 3, exitCodes: null },
  ];
  const failing = await submit({ array: "1-3" });
  for (const index of [1, 2, 3]) await run(failing, { kind: "failed", exitCode: 5 - index }, index);
  const failed = await client.call("job", { params: { job: failing } });
  assert.deepEqual(failed.kind === "answer" && failed.value.outcomes, [
    { kind: "failed", count: 3, first: 1, exitCodes: { least: 2, greatest: 4 } },
  ]);
  const whole = await submit({ array: "0-1" });
  for (const index of [0, 1]) await run(whole, { kind: "succeeded" }, index);
  const reply = await client.call("job", { params: { job: whole } });
  assert.deepEqual(reply.kind === "answer" && reply.value.outcomes, [
    { kind: "succeeded", count: 2, first: 0, exitCodes: null },
  ]);
  assert.deepEqual(outcomes, [ways, []]);
});

test("a run that never started is billed nothing, and is not said to be", async () => {
  const job = await submit();
  await run(job, { kind: "cancelled", by: "user", reason: null }, 0, { ...usage, startedMs: null, wallMs: 0 });
  const detail = await ok(client.call("job", { params: { job } }));
  assert.equal(detail.firstTasks[0]?.runs[0]?.billed, false);
  const used = await ok(client.call("usage", { query: { by: "job" } }));
  assert.ok(!used.rows.some(({ key }) => key === `${job}`));
});

test("a centre that is not there is refused by name: alone, in a bulk, and in a trial", async () => {
  const body = { command: ["true"], name: "astray", centres: { prefer: ["nope"] } };
  const replies = [
    await client.call("submit", { body }),
    await client.call("submitBulk", { body: { jobs: [body] } }),
    await client.call("dryRun", { body }),
  ];
  for (const reply of replies) {
    assert.equal(reply.kind === "problem" && reply.problem.type, "/api/problems/not-offered");
    assert.match(reply.kind === "problem" ? reply.problem.detail : "", /There is no centre "nope"\. Known: local\./);
  }
  assert.deepEqual(await ids(client, { name: "astray" }), []);
});

test("a bulk is kept whole or not at all, and a refusal names the job", async () => {
  const bad = await client.call("submitBulk", {
    body: {
      jobs: [
        { command: ["true"], name: "half" },
        { command: ["true"], coresPerTask: 99 },
      ],
    },
  });
  assert.equal(bad.kind === "problem" && bad.problem.type, "/api/problems/no-centre-fits");
  assert.match(bad.kind === "problem" ? bad.problem.detail : "", /^jobs\[1\]: /);
  assert.deepEqual(await ids(client, { name: "half" }), []);
  const cycle = await client.call("submitBulk", {
    body: {
      jobs: [
        { key: "a", command: ["true"], dependencies: [{ kind: "afterok", job: "b" }] },
        { key: "b", command: ["true"], dependencies: [{ kind: "afterok", job: "a" }] },
      ],
    },
  });
  assert.equal(cycle.kind === "problem" && cycle.problem.type, "/api/problems/dependency-cycle");
  const good = await client.call("submitBulk", {
    body: {
      jobs: [
        { key: "a", command: ["true"], array: "1-3" },
        { key: "b", command: ["true"], dependencies: [{ kind: "afterok", job: "a" }] },
      ],
    },
  });
  assert.equal(good.kind, "answer");
  if (good.kind !== "answer") return;
  const [a, b] = good.value.jobs;
  assert.equal(b?.id, (a?.id ?? 0) + 3, "an array takes as many ids as it has tasks");
  const job = await client.call("job", { params: { job: b?.id ?? 0 } });
  assert.deepEqual(job.kind === "answer" && job.value.spec.dependencies, [`afterok:${a?.id}`]);
});

test("a dry run says what it would be, cost and where it would go, and keeps nothing", async () => {
  const before = await ids(client, {});
  const reply = await client.call("dryRun", { body: { command: ["true"], array: "1-10%2" } });
  assert.equal(reply.kind, "answer");
  if (reply.kind !== "answer") return;
  assert.equal(reply.value.tasks, 10);
  assert.equal(reply.value.wouldGoTo, "local");
  assert.equal(reply.value.candidates[0]?.holds, "now");
  assert.deepEqual(await ids(client, {}), before);
});

test("another tenant's job is not there: neither to read, nor to cancel, nor to depend on, nor in any list", async () => {
  const job = await submit({ name: "secret" });
  const params = { job };
  const replies = await Promise.all([
    stranger.call("job", { params }),
    stranger.call("tasks", { params }),
    stranger.call("task", { params: { job, index: 0 } }),
    stranger.call("history", { params }),
    stranger.call("why", { params }),
    stranger.call("whatIf", { params }),
    stranger.call("log", { params }),
    stranger.stream("followLog", { params }),
    stranger.stream("events", { query: { job } }),
    stranger.call("cancel", { params, body: {} }),
  ]);
  for (const [place, reply] of replies.entries()) {
    assert.equal(reply.kind === "problem" && reply.problem.status, 404, `request ${place}`);
    assert.equal(reply.kind === "problem" && reply.problem.facts?.id, String(job));
  }
  const depends = await stranger.call("submit", {
    body: { command: ["true"], dependencies: [{ kind: "afterok", job }] },
  });
  assert.equal(depends.kind === "problem" && depends.problem.type, "/api/problems/unknown-dependency");
  assert.deepEqual(await ids(stranger, {}), []);
  assert.deepEqual(await ids(stranger, { name: "secret" }), []);
  const project = await stranger.call("jobs", { query: { project: "default" } });
  assert.equal(project.kind === "problem" && project.problem.status, 404);
  const usage = await stranger.call("usage", { query: { project: "default" } });
  assert.equal(usage.kind === "problem" && usage.problem.status, 404);
});

test("colleagues see a job and may not cancel it; its owner and an administrator may, once", async () => {
  const own = await submit({}, colleague);
  const admins = await submit();
  assert.ok((await ids(colleague, {})).includes(admins));
  const refused = await colleague.call("cancel", { params: { job: admins }, body: {} });
  assert.equal(refused.kind === "problem" && refused.problem.status, 403);
  const shown = await colleague.call("job", { params: { job: admins } });
  assert.equal(shown.kind === "answer" && shown.value.actions.cancel, false);
  const done = await colleague.call("cancel", { params: { job: own }, body: { reason: "not needed" } });
  assert.deepEqual(done.kind === "answer" && done.value, { tasks: 1, ended: 1, asked: 0, endedBefore: 0 });
  const again = await colleague.call("cancel", { params: { job: own }, body: {} });
  assert.equal(again.kind === "problem" && again.problem.type, "/api/problems/already-ended");
  const ended = await colleague.call("job", { params: { job: own } });
  assert.equal(ended.kind === "answer" && ended.value.outcome?.kind, "cancelled");
  assert.equal(ended.kind === "answer" && ended.value.outcome?.by, "user");
  const options = { idempotencyKey: "cancel-1" };
  const first = await client.call("cancel", { params: { job: admins }, body: {} }, options);
  const repeated = await client.call("cancel", { params: { job: admins }, body: {} }, options);
  assert.equal(first.kind, "answer");
  assert.deepEqual(first, repeated);
});

test("an administrator alone may declare lost, only what is unreachable, and the history names who", async () => {
  const job = await submit({ name: "burnt" });
  const params = { job };
  const body = { reason: "the hall burnt down" };
  await run(job, null);
  const answers = await client.call("declareLost", { params, body });
  assert.equal(answers.kind === "problem" && answers.problem.type, "/api/problems/not-unreachable");
  assert.match(answers.kind === "problem" ? answers.problem.detail : "", /no run of \d+ is such\. local answers\./);
  const before = await client.call("job", { params });
  assert.equal(before.kind === "answer" && before.value.actions.declareLost, false);
  await server.transitions.contact(centreId("local"), { kind: "unreachable", sinceMs: 1 });
  const refused = await colleague.call("declareLost", { params, body });
  assert.equal(refused.kind === "problem" && refused.problem.status, 403);
  const seen = await Promise.all([client, colleague].map((by) => by.call("job", { params })));
  assert.deepEqual(
    seen.map((one) => one.kind === "answer" && one.value.actions.declareLost),
    [true, false],
  );
  const unexplained = await client.call("declareLost", { params, body: { reason: "" } });
  assert.equal(unexplained.kind === "problem" && unexplained.problem.status, 400);
  const done = await client.call("declareLost", { params, body });
  assert.deepEqual(done.kind === "answer" && done.value, { tasks: 1 });
  const acts = await client.call("acts", { query: { about: `job:${job}` } });
  const told = acts.kind === "answer" ? acts.value.acts.map(({ by, kind, words }) => ({ by, kind, words })) : [];
  assert.deepEqual(told, [{ by: "admin", kind: "declared-lost", words: "declared lost" }]);
  await server.transitions.contact(centreId("local"), { kind: "reachable" });
  const after = await client.call("job", { params });
  assert.ok(after.kind === "answer");
  assert.deepEqual(after.value.outcome, {
    ...{ kind: "lost", exitCode: null, signal: null },
    ...{ by: "operator", reason: "the hall burnt down" },
  });
  const history = await client.call("history", { params, query: {} });
  const events = history.kind === "answer" ? history.value.events : [];
  assert.equal(events.find((one) => one.kind === "declared-lost")?.cause, "admin: the hall burnt down");
});

test("each filter of the list finds what it names and nothing else", async () => {
  const tag = { name: "filter-a", labels: { study: "s1", note: "x=y" } };
  const queued = await submit(tag);
  const ok = await submit({ ...tag, name: "filter-b" });
  const failed = await submit({ ...tag, name: "filter-c_" }, colleague);
  const killed = await submit({ ...tag, name: "filter-d%" });
  const running = await submit({ ...tag, name: "filter-e" });
  await run(ok, { kind: "succeeded" });
  await run(failed, { kind: "failed", exitCode: 3 });
  await run(killed, { kind: "signalled", signal: 9 });
  await run(running, null);
  const only = { label: "study=s1" };
  assert.deepEqual(await ids(client, only), [running, killed, failed, ok, queued]);
  assert.deepEqual(await ids(client, { ...only, state: "queued" }), [queued]);
  assert.deepEqual(await ids(client, { ...only, state: "running" }), [running]);
  assert.deepEqual(await ids(client, { ...only, state: "ended" }), [killed, failed, ok]);
  assert.deepEqual(await ids(client, { ...only, outcome: "failed" }), [killed, failed], "a signal is a failure");
  assert.deepEqual(await ids(client, { ...only, outcome: "succeeded" }), [ok]);
  assert.deepEqual(await ids(client, { ...only, person: "ada" }), [failed]);
  const nobody = await client.call("jobs", { query: { ...only, person: "nobody" } });
  assert.deepEqual(nobody.kind === "problem" && [nobody.problem.status, nobody.problem.detail.includes("nobody")], [
    404,
    true,
  ]);
  assert.deepEqual(await ids(client, { ...only, centre: "local" }), [running, killed, failed, ok]);
  const query = { centre: "nowhere" };
  for (const nowhere of [
    client.call("jobs", { query }),
    client.call("nodes", { query }),
    client.call("offers", { query }),
  ]) {
    const refused = await nowhere;
    const words = refused.kind === "problem" && refused.problem.detail;
    assert.equal(words, 'There is no centre "nowhere". Known: local. Choose one of these; weir centres says more.');
  }
  assert.deepEqual(await ids(client, { label: "note=x=y", state: "queued" }), [queued]);
  assert.deepEqual(await ids(client, { label: "study" }), []);
  assert.deepEqual(await ids(client, { name: "filter-" }), [running, killed, failed, ok, queued]);
  assert.deepEqual(await ids(client, { name: "filter-c_" }), [failed], "an underscore is itself");
  assert.deepEqual(await ids(client, { name: "%" }), []);
  assert.deepEqual(await ids(colleague, { name: "filter-", project: "default", state: "running" }), [running]);
  assert.deepEqual(await ids(client, { name: "filter-", project: "other" }), []);
  const one = await client.call("job", { params: { job: ok } });
  const at = one.kind === "answer" ? one.value.submittedMs : 0;
  assert.ok((await ids(client, { ...only, submittedFromMs: at, submittedToMs: at + 1 })).includes(ok));
  assert.deepEqual(await ids(client, { ...only, submittedToMs: at - 60_000 }), []);
  assert.deepEqual(await ids(client, { submittedFromMs: at + 3_600_000 }), []);
});

test("pages follow each other without a gap or a repeat, whatever bounds them", async () => {
  const made: number[] = [];
  for (let i = 0; i < 7; i++) made.push(await submit({ name: `paged-${i}`, labels: { paged: "yes" } }));
  await client.call("addMember", { params: { project: "other" }, body: { person: "ada" } });
  const filters: Filter[] = [{ name: "paged-" }, { label: "paged=yes" }, { name: "paged-", state: "queued" }];
  for (const by of [client, colleague])
    for (const query of filters) {
      const seen: number[] = [];
      for (let cursor: string | undefined; ; ) {
        const reply = await by.call("jobs", { query: { ...query, limit: 3, ...(cursor && { cursor }) } });
        assert.equal(reply.kind, "answer");
        if (reply.kind !== "answer") return;
        seen.push(...reply.value.jobs.map((job) => job.id));
        if (reply.value.next === null) break;
        cursor = reply.value.next;
      }
      assert.deepEqual(seen, [...made].reverse());
    }
  const bad = await client.call("jobs", { query: { cursor: "1x" } });
  assert.equal(bad.kind === "problem" && bad.problem.type, "/api/problems/bad-cursor");
  const response = await server.fetch("/api/v1/jobs?limit=1&limit=2", {
    headers: { authorization: `Bearer ${server.token}` },
  });
  assert.equal(response.status, 400, "a parameter given twice");
});

test("an array is one line with its counts; its tasks are paged, and each has its own runs", async () => {
  const job = await submit({ array: "0-20:2", name: "spread" });
  await run(job, { kind: "succeeded" }, 4, { ...usage, energyJoules: 4_500_000 });
  const line = await client.call("jobs", { query: { name: "spread" } });
  assert.equal(line.kind, "answer");
  if (line.kind !== "answer") return;
  assert.deepEqual(line.value.jobs[0]?.counts, { queued: 10, placed: 0, starting: 0, running: 0, ended: 1 });
  assert.equal(line.value.jobs[0]?.array, "0-20:2");
  const page = await client.call("tasks", { params: { job }, query: { limit: 3, cursor: "2" } });
  assert.deepEqual(page.kind === "answer" && page.value.tasks.map((task) => [task.index, task.taskJob - job]), [
    [4, 2],
    [6, 3],
    [8, 4],
  ]);
  const task = await client.call("task", { params: { job, index: 4 } });
  assert.equal(task.kind, "answer");
  if (task.kind !== "answer") return;
  const [first] = task.value.runs;
  assert.equal(first?.id, `${job}.4.1`);
  assert.equal(first?.billed, true);
  assert.deepEqual(first?.amounts, { coreMs: "2000", milliCardMs: "0", memoryMibS: "1024", wallMs: "1000" });
  assert.deepEqual([first?.usage?.peakMemoryMib, first?.usage?.energyJoules], [17, 4_500_000]);
  assert.match(first?.candidates[0]?.words ?? "", /fits/);
  await run(job, { kind: "succeeded" }, 6);
  const whole = await client.call("job", { params: { job } });
  assert.equal(whole.kind === "answer" && whole.value.usage.coreMs, "4000", "of both tasks");
  const missing = await client.call("task", { params: { job, index: 5 } });
  assert.equal(missing.kind === "problem" && missing.problem.facts?.id, `${job}_5`);
});

test("the history tells every step with its cause, in pages", async () => {
  const job = await submit({ name: "told" });
  await run(job, { kind: "succeeded" });
  const whole = await client.call("history", { params: { job } });
  assert.equal(whole.kind, "answer");
  if (whole.kind !== "answer") return;
  const kinds = whole.value.events.map((event) => event.kind);
  assert.deepEqual([kinds[0], kinds.at(-1)], ["submitted", "ended"]);
  assert.ok(kinds.includes("placed") && kinds.includes("started"), kinds.join());
  assert.equal(whole.value.events[0]?.cause, "admin", "a name, where the store has an id");
  const pages: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const reply = await client.call("history", { params: { job }, query: { limit: 2, ...(cursor && { cursor }) } });
    if (reply.kind !== "answer") throw new Error(reply.problem.detail);
    pages.push(...reply.value.events.map((event) => event.kind));
    if (reply.value.next === null) break;
    cursor = reply.value.next;
  }
  assert.deepEqual(pages, kinds);
  // Transactions are numbered, not spelt: the 99th is before the 100th.
  await server.db.pool.query(
    `insert into event (xid, at_ms, project_id, job_id, kind, cause)
     select xid::text::xid8, 1, 1, $1, 'later-evidence', xid from unnest('{100,99}'::text[]) as xid`,
    [job],
  );
  const again = await client.call("history", { params: { job } });
  const causes = again.kind === "answer" ? again.value.events.map((event) => event.cause) : [];
  assert.deepEqual(causes.slice(1, 3), ["99", "100"]);
});

test("usage is what the books say, by each grouping and in any period, and the books balance", async () => {
  const since = Date.now();
  const job = await submit({ name: "metered" }, colleague);
  await run(job, { kind: "succeeded" });
  const unbilled = await submit({ name: "unmetered" }, colleague);
  await run(unbilled, { kind: "node-failed", reason: "power" });
  const until = Date.now() + 1;
  const total = { coreMs: "2000", milliCardMs: "0", memoryMibS: "1024", wallMs: "1000" };
  for (const [by, key] of [
    ["project", "default"],
    ["person", "ada"],
    ["centre", "local"],
    ["job", String(job)],
    ["day", new Date(since + 8 * 3_600_000).toISOString().slice(0, 10)],
  ] as const) {
    const reply = await client.call("usage", { query: { by, fromMs: since, toMs: until } });
    assert.equal(reply.kind, "answer");
    if (reply.kind !== "answer") return;
    assert.deepEqual(
      reply.value.rows.map((row) => [row.key, row.runs, row.amounts]),
      [[key, 1, total]],
      by,
    );
    assert.deepEqual(reply.value.total.amounts, total);
  }
  const whole = await client.call("usage", { query: { by: "person" } });
  const ada = whole.kind === "answer" ? whole.value.rows.find((row) => row.key === "ada") : undefined;
  assert.ok(BigInt(ada?.amounts.coreMs ?? 0) >= 2000n);
  const none = await stranger.call("usage");
  assert.deepEqual(none.kind === "answer" && none.value.rows, []);
  const later = await client.call("usage", { query: { fromMs: until, toMs: until - 1 } });
  assert.equal(later.kind === "problem" && later.problem.status, 400);
  const check = await client.call("ledgerCheck");
  assert.deepEqual(check.kind === "answer" && [check.value.balanced, check.value.findings], [true, []]);
});

test("the check of the books finds a total that was changed", async () => {
  await server.db.pool.query(
    "update account set debits_posted = debits_posted + 1 where code like 'project:%' and unit = 'core-ms'",
  );
  const check = await client.call("ledgerCheck");
  assert.equal(check.kind === "answer" && check.value.balanced, false);
  assert.ok(check.kind === "answer" && check.value.findings.some((finding) => finding.includes("core-ms")));
  await server.db.pool.query(
    "update account set debits_posted = debits_posted - 1 where code like 'project:%' and unit = 'core-ms'",
  );
});

test("why one that has ended did: its outcome, its reason, and what its run said", async () => {
  const cancelled = await submit();
  await client.call("cancel", { params: { job: cancelled }, body: { reason: "not needed" } });
  const why = async (job: number, language: "en" | "zh") => {
    const reply = await server.client(server.token, language).call("why", { params: { job }, query: {} });
    return reply.kind === "answer" ? reply.value.words : assert.fail(reply.problem.detail);
  };
  assert.equal(await why(cancelled, "en"), "was cancelled by its owner: not needed");
  assert.equal(await why(cancelled, "zh"), "由所有者取消：not needed");
  const failed = await submit();
  await run(failed, { kind: "failed", exitCode: 3 });
  assert.equal(await why(failed, "en"), "failed with exit code 3; was placed at local");
  assert.equal(await why(failed, "zh"), "失败，退出码 3；已派发到 local");
  const lost = await submit();
  const evidence = "no process, and no end of it";
  await run(lost, { kind: "lost", evidence }, 0, usage, evidence);
  assert.equal(await why(lost, "en"), "was lost: no process, and no end of it; was placed at local");
  const never = await submit();
  await server.db.pool.query(
    `update task set state = 'ended', outcome = '{"kind":"cancelled","by":"network","reason":"dependency-never-satisfied"}' where job_id = $1`,
    [never],
  );
  assert.equal(
    await why(never, "en"),
    "was cancelled by the network: a job that it depends on did not end as the dependency asks",
  );
  assert.equal(await why(never, "zh"), "由算力网取消：所依赖的作业未按依赖要求结束");

  // A dependency that can no longer be met is accepted, and said.
  const good = await submit();
  await run(good, { kind: "succeeded" });
  const open = await submit();
  const warnings = async (word: string, language: "en" | "zh" = "en", array?: string) => {
    const body = { command: ["true"], sbatchOptions: [`--dependency=${word}`], ...(array && { array }) };
    const reply = await server.client(server.token, language).call("submit", { body });
    return reply.kind === "answer" ? reply.value.warnings : assert.fail(reply.problem.detail);
  };
  const unmet = "can no longer be met, by how that job ended: this job will end cancelled without a start";
  assert.deepEqual(await warnings(`afterok:${failed}`), [`afterok:${failed} ${unmet}`]);
  assert.deepEqual(await warnings(`afternotok:${good}`), [`afternotok:${good} ${unmet}`]);
  assert.match((await warnings(`afterok:${failed}`, "zh"))[0] ?? "", /不可能满足/);
  const pair = await submit({ array: "0-1" });
  await run(pair, { kind: "failed", exitCode: 3 });
  assert.match(
    (await warnings(`aftercorr:${pair}`, "en", "0-1"))[0] ?? "",
    /tasks whose counterpart has ended otherwise/,
  );
  for (const word of [`afterany:${failed}`, `afternotok:${failed}`, `afterok:${good}`, `afterok:${open}`])
    assert.deepEqual(await warnings(word), [], word);
});

test("a list of what is under way in all projects, of a period, and of names is that of its filter", async () => {
  const { rows } = await server.db.pool.query<{ id: number; state: string; submitted_ms: number }>(
    "select id, state, submitted_ms from job order by id desc",
  );
  const administrator = server.client(server.token);
  for (const state of ["queued", "running", "ended"] as const)
    assert.deepEqual(
      await ids(administrator, { state, limit: 1000 }),
      rows.filter((row) => row.state === state).map(({ id }) => id),
    );
  // As jobs come seconds apart, over days: each period is found, also before the first and after the last.
  await server.db.pool.query("update job set submitted_ms = 1000000000 + id * 3600000");
  for (const [from, to] of [
    [0, 5],
    [3, 9],
    [9, 9],
    [10, 1_000_000],
  ] as const)
    assert.deepEqual(
      await ids(administrator, {
        submittedFromMs: 1_000_000_000 + from * 3_600_000,
        submittedToMs: 1_000_000_000 + to * 3_600_000,
        limit: 1000,
      }),
      rows.map(({ id }) => id).filter((id) => id >= from && id < to),
    );
});
