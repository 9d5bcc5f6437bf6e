import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { centreId, type JobId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { holds, until } from "#server/patience-testing.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, member, submission, type TestStore, tenant, testStore } from "#server/store/testing.ts";
import { pauseLeftMs } from "./schedule.ts";
import { asRun, engine, type Inside, openAgent, openInside, succeeded } from "./testing.ts";

const alpha = centreId("alpha");
let store: TestStore;
let inside: Inside;
let agent: Awaited<ReturnType<typeof openAgent>>;
before(async () => {
  store = await testStore();
  inside = await openInside(store.db);
  agent = await openAgent(inside.desk);
  const first = await agent.sync({ engine });
  assert.deepEqual([first.whole, first.start], [true, []]);
});
after(async () => {
  await inside.close();
  await store.end();
});

async function submit(...jobs: ReturnType<typeof admitted>[]): Promise<JobId[]> {
  const answer = await inside.submits.submit(submission(jobs));
  return answer.kind === "committed" ? idsOf(answer.body) : assert.fail(JSON.stringify(answer));
}

async function state(job: JobId | undefined): Promise<unknown> {
  const { rows } = await store.db.pool.query("select state, outcome ->> 'kind' as outcome from job where id = $1", [
    job,
  ]);
  return rows[0]?.outcome ?? rows[0]?.state;
}

const orders = (count: number) => agent.orders(count);

function started(run: string): RunObservation {
  return { kind: "started", run: asRun(run), atMs: 5_000, evidence: "pid 7" };
}

test("after a decision that took long the next one waits for what comes meanwhile, and after a quiet time for nothing", () => {
  assert.equal(pauseLeftMs(0.9, 0), 0, "it was quick");
  assert.equal(pauseLeftMs(2, 0), 18);
  assert.equal(pauseLeftMs(30, 0), 50);
  assert.equal(pauseLeftMs(30, 40), 10);
  assert.equal(pauseLeftMs(30, 5_000), 0, "the time has gone by");
});

test("a submitted job reaches its agent, and its end is committed", async () => {
  const [job] = await submit(admitted({ work: { kind: "script", text: "#!/bin/sh\necho 1\n", arguments: ["x"] } }));
  const [order = assert.fail()] = await orders(1);
  assert.deepEqual(
    [order.run, order.taskJob, order.project.name, order.person.name],
    [`${job}.0.1`, job, "default", "ada"],
  );
  assert.deepEqual(order.work, { kind: "script", text: "#!/bin/sh\necho 1\n", arguments: ["x"] });
  assert.ok(order.startWithinMs > 0 && order.startWithinMs <= 60_000);
  assert.equal(order.memoryMibPerCore, null);
  const told = await agent.sync({ see: [started(order.run), succeeded(asRun(order.run))] });
  assert.deepEqual(told.committed, [order.run]);
  assert.equal(await state(job), "succeeded");
  const shape = { nodes: 1, tasks: 1, coresPerTask: 2, accelerators: null } as const;
  await submit(admitted({ shape: { ...shape, memory: { kind: "per-core", mib: 64 } } }));
  const [asked = assert.fail()] = await orders(1);
  assert.deepEqual([asked.memoryMibPerCore, asked.allocation.memoryMibPerNode], [64, 128]);
  await agent.sync({ see: [succeeded(asRun(asked.run))] });
});

test("what does not fit waits for room; an array keeps its throttle; dependencies follow", async () => {
  const array = { ranges: [{ first: 0, last: 4, step: 1 }], throttle: 2 };
  const [many = assert.fail()] = await submit(admitted({ array }, "0-4%2"));
  const [gather] = await submit(admitted({ dependencies: [{ kind: "afterok", job: many, index: null }] }));
  const seen: string[] = [];
  let open = await orders(2);
  assert.deepEqual((await agent.sync()).start, []);
  while (seen.length < 5) {
    const [next = assert.fail(), ...rest] = open;
    seen.push(next.run);
    await agent.sync({ see: [succeeded(asRun(next.run))] });
    open = [...rest, ...(await orders(seen.length < 4 ? 1 : seen.length === 5 ? 1 : 0))];
  }
  assert.equal(new Set(seen).size, 5);
  assert.deepEqual(
    open.map((order) => order.job),
    [gather],
  );
  await agent.sync({
    see: [
      {
        kind: "ended",
        run: asRun(open[0]?.run ?? ""),
        atMs: 1,
        end: { kind: "failed", exitCode: 1 },
        usage: sampleUsage,
        words: null,
      },
    ],
  });
  const [never, afterThat] = await submit(
    admitted({ dependencies: [{ kind: "afterok", job: gather ?? 0, index: null }] }),
    admitted(),
  );
  const [order = assert.fail()] = await orders(1);
  assert.equal(order.job, afterThat);
  await agent.sync({ see: [succeeded(asRun(order.run))] });
  // That the first one has failed is heard a moment later.
  await holds(async () => assert.equal(await state(never), "cancelled"));
});

test("a cancel reaches the agent that has the run, and one that has not been told yet is told only of the cancel", async () => {
  const [job = assert.fail()] = await submit(admitted());
  const [order = assert.fail()] = await orders(1);
  await agent.sync({ see: [started(order.run)] });
  const cancel = {
    tenant,
    person: member,
    idempotency: null,
    job,
    index: null,
    by: "user",
    reason: "enough",
    status: 200,
    answer: String,
  } as const;
  const poll = agent.sync({ waitMs: 25_000 });
  await inside.transitions.cancel(cancel);
  assert.deepEqual((await poll).cancel, [{ run: order.run, by: "user", reason: "enough" }]);
  await agent.sync({
    see: [
      {
        kind: "ended",
        run: asRun(order.run),
        atMs: 1,
        end: { kind: "cancelled", by: "user", reason: "enough" },
        usage: sampleUsage,
        words: null,
      },
    ],
  });
  assert.equal(await state(job), "cancelled");
});

test("a run declared lost is asked to end should its centre come back, also of a server started since", async () => {
  const [job = assert.fail()] = await submit(admitted());
  const [{ run } = assert.fail()] = await orders(1);
  await agent.sync({ see: [started(run)] });
  await inside.transitions.contact(alpha, { kind: "unreachable", sinceMs: 1_000 });
  const lost = { tenant, person: member, idempotency: null, job, index: null, reason: "gone", status: 200 };
  const declared = await inside.transitions.declareLost({ ...lost, answer: String });
  assert.equal(declared.kind, "committed");
  assert.equal(await state(job), "lost");
  await settle();
  const cancel = { run, by: "operator", reason: "declared lost: gone" } as const;
  assert.deepEqual((await agent.sync()).cancel, [cancel]);
  await inside.close();
  inside = await openInside(store.db);
  agent = await openAgent(inside.desk);
  const whole = await agent.sync({ engine });
  assert.deepEqual([whole.start, whole.expected, whole.cancel], [[], [run], [{ ...cancel, reason: null }]]);
  const end = { kind: "cancelled", by: "operator", reason: "declared lost: gone" } as const;
  const told = await agent.sync({
    see: [{ kind: "ended", run: asRun(run), atMs: 1, end, usage: sampleUsage, words: null }],
  });
  assert.deepEqual(told.committed, [run]);
  assert.equal(await state(job), "lost");
  await settle();
  assert.deepEqual((await (await openAgent(inside.desk)).sync()).cancel, [], "it has been heard of");
  agent = await openAgent(inside.desk);
  await agent.sync();
});

test("another agent of the same centre fences this one, and gets the whole list", async () => {
  const [job] = await submit(admitted());
  const [order = assert.fail()] = await orders(1);
  const poll = agent.sync({ waitMs: 25_000 });
  const newer = await openAgent(inside.desk);
  await assert.rejects(poll, /fenced/);
  const whole = await newer.sync();
  assert.deepEqual([whole.whole, whole.start.map(({ run }) => run)], [true, [order.run]]);
  assert.deepEqual((await newer.sync({ see: [succeeded(asRun(order.run))] })).committed, [order.run]);
  assert.equal(await state(job), "succeeded");
  agent = newer;
});

test("a log is asked of the agent that has it", async () => {
  const [job = assert.fail()] = await submit(admitted());
  await orders(1);
  const poll = agent.sync({ waitMs: 25_000 });
  const piece = inside.desk.requestRead({ job, index: 0, attempt: 1 }, "stdout", 0, 100, 60_000);
  const [read = assert.fail()] = (await poll).reads;
  assert.deepEqual([read.run, read.stream, read.offset, read.maxBytes], [`${job}.0.1`, "stdout", 0, 100]);
  const base64 = Buffer.from("line\n").toString("base64");
  await inside.desk.answers(alpha, [
    { id: read.id, kind: "bytes", offset: 0, sizeBytes: 5, base64, final: true, words: "" },
  ]);
  assert.deepEqual(await piece, {
    kind: "chunk",
    chunk: { run: `${job}.0.1`, stream: "stdout", offset: 0, nextOffset: 5, sizeBytes: 5, base64, final: true },
  });
  const silent = await inside.desk.requestRead({ job, index: 0, attempt: 1 }, "stdout", 0, 100, 20);
  assert.equal(silent.kind === "refused" && silent.refusal.kind, "log-unavailable");
  await agent.sync({ see: [succeeded(asRun(`${job}.0.1`))] });
});

test("a world read from the store is the world kept from the feed; a restarted server goes on where it was", async () => {
  const array = { ranges: [{ first: 0, last: 19, step: 1 }], throttle: null };
  const [many = assert.fail()] = await submit(admitted({ array, retries: 1 }, "0-19"));
  await submit(
    admitted({ dependencies: [{ kind: "afterok", job: many, index: 3 }] }),
    admitted({ dependencies: [{ kind: "singleton" }] }),
  );
  const open = await orders(4);
  const failed = (run: string): RunObservation => ({
    kind: "ended",
    run: asRun(run),
    atMs: 1,
    end: { kind: "failed", exitCode: 1 },
    usage: sampleUsage,
    words: null,
  });
  const [first = assert.fail(), second = assert.fail()] = open;
  await agent.sync({ see: [succeeded(asRun(first.run)), failed(second.run)] });
  const more = await orders(2);
  const fresh = createWorld();
  await readWorld(store.db, (event) => fresh.apply(event));
  // Four run again and nothing else can start: once the feed has told of that, the two are the same.
  await holds(() => {
    assert.deepEqual(fresh.counts(), inside.scheduler.world.counts());
    // When both tell their ranks anew: until then one goes by what it had learnt at its last decision.
    const nowMs = Date.now() + 10_000;
    for (let index = 0; index < 20; index += 1)
      assert.deepEqual(
        fresh.explain({ job: many, index }, nowMs),
        inside.scheduler.world.explain({ job: many, index }, nowMs),
        `task ${index}`,
      );
  });
  await inside.close();
  inside = await openInside(store.db);
  agent = await openAgent(inside.desk);
  const whole = await agent.sync();
  assert.deepEqual(
    new Set(whole.start.map(({ run }) => run)),
    new Set([...open.slice(2), ...more].map(({ run }) => run)),
  );
  let left = whole.start;
  await until(async () => {
    if (left.length > 0) await agent.sync({ see: left.map(({ run }) => succeeded(asRun(run))) });
    left = (await agent.sync({ waitMs: 300 })).start;
    const { rows } = await store.db.pool.query("select count(*)::int as n from job where state <> 'ended'");
    return rows[0].n === 0 ? true : null;
  });
});

/** Until the feed has told the desk of everything that is committed now. */
async function settle(): Promise<void> {
  const { rows } = await store.db.pool.query("select pg_current_xact_id()::text as xid");
  await inside.feed.reached(BigInt(rows[0].xid));
}
