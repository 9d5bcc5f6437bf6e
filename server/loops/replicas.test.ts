import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { centreId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { admitted, idsOf, submission, testStore } from "#server/store/testing.ts";
import { openTending } from "./tend.ts";
import { asRun, engine, type Inside, openAgent, openInside, succeeded } from "./testing.ts";

/** Far more than a busy machine needs: what is waited for comes, or the code is wrong. */
const patienceMs = 60_000;

/** A store, and servers on it. All are closed when the test ends, the newest first, also where an assertion fails. */
async function stage(t: TestContext) {
  const closers: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const store = await testStore();
  closers.push(store.end);
  const open = async (): Promise<Inside> => {
    const inside = await openInside(store.db);
    closers.push(inside.close);
    return inside;
  };
  return { store, open, closers };
}

async function eventually<Value>(what: string, look: () => Promise<Value | null> | Value | null): Promise<Value> {
  for (const endMs = Date.now() + patienceMs; ; ) {
    const found = await look();
    if (found !== null) return found;
    assert.ok(Date.now() < endMs, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function submit(inside: Inside, job = admitted()) {
  const answer = await inside.submits.submit(submission([job]));
  return answer.kind === "committed" ? idsOf(answer.body)[0] : assert.fail(JSON.stringify(answer));
}

test("of two servers one schedules, any answers, and the other takes over when it is gone", {
  timeout: 3 * patienceMs,
}, async (t) => {
  const { store, open } = await stage(t);
  const first = await open();
  await eventually("a leader", () => first.leader.epoch());
  const second = await open();
  // The agent is served by the server that does not lead.
  const agent = await openAgent(second.desk);
  await agent.sync({ engine });
  const job = await submit(second);
  const start = await agent.orders(1);
  assert.deepEqual(
    start.map((order) => order.job),
    [job],
  );
  await agent.sync({ see: [succeeded(asRun(start[0]?.run ?? ""))] });
  const epoch = first.leader.epoch();

  await store.db.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir leader' and pid in (select pid from pg_locks where locktype = 'advisory' and granted)",
  );
  // The first may not have heard yet that it leads no more.
  await eventually("a new leader", () => {
    const now = first.leader.epoch() ?? second.leader.epoch();
    return now === epoch ? null : now;
  });
  const next = await submit(first);
  assert.deepEqual(
    (await agent.orders(1)).map((order) => order.job),
    [next],
  );
  const { rows } = await store.db.pool.query("select value from counter where name = 'leader'");
  assert.ok(rows[0].value > (epoch ?? 0));
  assert.deepEqual(await first.transitions.place([], 0, epoch ?? 0), { kind: "fenced" });
});

test("no order goes to a session that another server has ended, and no report is kept of it, though nobody has told of it yet", async (t) => {
  const { store, open } = await stage(t);
  const inside = await open();
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  await inside.scheduler.caughtUp();
  await agent.sync();
  await submit(inside);
  await eventually("a placement", async () => {
    const { rowCount } = await store.db.pool.query("select from run");
    return rowCount === 0 ? null : true;
  });
  await inside.scheduler.caughtUp();
  // As takeSession does, but without the event that every server hears of it by.
  await store.db.pool.query("update centre set session = session + 1");
  const late = await agent.sync().catch((error: Error) => error.message);
  assert.ok(typeof late === "string" ? late.includes("fenced") : late.start.length === 0, JSON.stringify(late));
  await agent.sync({ engine: { ...engine, pools: [] } }).catch(() => undefined);
  const kept = await store.db.pool.query("select jsonb_array_length(engine -> 'pools') as pools from centre");
  assert.deepEqual(kept.rows, [{ pools: engine.pools.length }]);
});

test("a world read at any moment and followed from there is the world of all the others", {
  timeout: 3 * patienceMs,
}, async (t) => {
  const { store, open, closers } = await stage(t);
  const first = await open();
  const agent = await openAgent(first.desk);
  await agent.sync({ engine });
  const stop = new AbortController();
  closers.push(() => stop.abort());
  const array = { ranges: [{ first: 0, last: 2, step: 1 }], throttle: 2 };
  const submitting = Promise.all(
    [1, 2, 3].map(async () => {
      for (let n = 0; n < 60; n += 1) {
        const answer = await first.submits.submit(submission([admitted({ retries: 1 }), admitted({ array }, "0-2%2")]));
        assert.equal(answer.kind, "committed");
      }
    }),
  );
  const working = (async () => {
    let open: readonly string[] = [];
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const see = open.map(
        (run, i): RunObservation =>
          (n + i) % 5 === 0
            ? {
                kind: "ended",
                run: asRun(run),
                atMs: 1,
                end: { kind: "failed", exitCode: 1 },
                usage: sampleUsage,
                words: null,
              }
            : succeeded(asRun(run)),
      );
      const answer = await agent.sync({ see, waitMs: see.length > 0 ? 0 : 20 });
      open = answer.start.map(({ run }) => run);
    }
  })();
  const others: Inside[] = [];
  for (let n = 0; n < 5; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    others.push(await open());
  }
  await submitting;
  stop.abort();
  await working;
  // The leader may place what is left for a while yet, so both sides are looked at anew each time.
  await eventually("all worlds to agree with the store", async () => {
    const { rows } = await store.db.pool.query<{ queued: number; live: number }>(
      "select coalesce(sum(queued), 0)::int as queued, coalesce(sum(placed + starting + running), 0)::int as live from job",
    );
    const counted = [first, ...others].map((inside) => inside.scheduler.world.counts());
    return counted.every(({ queued, live }) => queued === rows[0]?.queued && live === rows[0]?.live) ? true : null;
  });
});

test("a centre that falls silent becomes unreachable, and is back with its next word; old keys are forgotten", {
  timeout: 3 * patienceMs,
}, async (t) => {
  const { store, open, closers } = await stage(t);
  const inside = await open();
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const job = await submit(inside);
  const [order = assert.fail()] = await agent.orders(1);
  // Only from here on, and until it is noticed: however slow the machine, the centre falls silent once.
  const { transitions, leader } = inside;
  const tending = openTending({ db: store.db, transitions, leader, everyMs: 10, unreachableAfterMs: 150 });
  closers.push(tending.close);
  const since = async () => {
    const { rows } = await store.db.pool.query("select unreachable_since_ms as since from job where id = $1", [job]);
    return rows[0].since;
  };
  const silent = await eventually("silence to be noticed", since);
  await tending.close();
  const seen = await store.db.pool.query("select last_seen_ms, unreachable_since_ms from centre where id = 'alpha'");
  assert.equal(silent, seen.rows[0].unreachable_since_ms);
  const log = await inside.desk.requestRead(
    { job: job ?? assert.fail(), index: 0, attempt: 1 },
    "stdout",
    0,
    10,
    5_000,
  );
  assert.equal(log.kind === "refused" && log.refusal.kind, "log-unavailable");
  await agent.sync({ see: [succeeded(asRun(order.run))] });
  assert.equal(await since(), null);
  const kinds = await store.db.pool.query("select kind from event where job_id = $1 order by xid, seq", [job]);
  assert.deepEqual(
    kinds.rows.map((row) => row.kind),
    ["placed", "unreachable", "reachable", "ended"],
  );
  const dayMs = 24 * 3_600_000;
  const ages = { young: dayMs - 600_000, old: dayMs + 600_000 };
  for (const [key, ageMs] of Object.entries(ages))
    await store.db.pool.query(
      "insert into idempotency (tenant_id, key, body_hash, status, answer, at_ms) values (1, $1, '', 201, '', $2)",
      [key, Date.now() - ageMs],
    );
  closers.push(openTending({ db: store.db, transitions, leader, everyMs: 10 }).close);
  const kept = await eventually("keys to be forgotten", async () => {
    const { rows } = await store.db.pool.query("select key from idempotency where key in ('young', 'old')");
    return rows.length < 2 ? rows : null;
  });
  assert.deepEqual(kept, [{ key: "young" }], "24 hours");
});

test("restart-after: the task goes on at another centre; the first run, found again, is ended, shown and not billed", {
  timeout: 3 * patienceMs,
}, async (t) => {
  const { store, open } = await stage(t);
  const inside = await open();
  const alpha = await openAgent(inside.desk);
  await alpha.sync({ engine });
  const job = await submit(inside, admitted({ onUnreachable: { kind: "restart-after", delayS: 1 } }));
  const [first = assert.fail()] = await alpha.orders(1);
  const saw = (run: string): RunObservation => ({ kind: "started", run: asRun(run), atMs: 5_000, evidence: "pid 7" });
  await alpha.sync({ see: [saw(first.run)] });

  // From here on alpha is silent, and its run goes on. Another centre comes. (How silence is noticed: the test above.)
  await store.db.pool.query(
    `insert into centre (id, name, driver, life_cycle, created_ms) values ('beta', 'Beta', 'process', 'in-service', 0);
     insert into pool (centre_id, name, contract, life_cycle) values ('beta', 'default', 'dedicated', 'in-service')`,
  );
  const beta = await openAgent(inside.desk, centreId("beta"));
  await inside.transitions.contact(centreId("alpha"), { kind: "unreachable", sinceMs: Date.now() });
  const second = await eventually("a second run elsewhere", async () => {
    const { start } = await beta.sync({ engine, waitMs: 50 });
    return start[0] ?? null;
  });
  assert.deepEqual([first.run, second.run], [`${job}.0.1`, `${job}.0.2`]);
  assert.equal(second.taskJob, first.taskJob, "the same job to its script");

  // Alpha is back and still has the first run: it is told to end it, and what it says then changes nothing of the task.
  const cancel = await eventually("the cancel", async () => {
    const back = await alpha.sync({ waitMs: 5_000 });
    return back.cancel.length > 0 ? back.cancel : null;
  });
  assert.deepEqual(
    cancel.map(({ run, by }) => [run, by]),
    [[first.run, "network"]],
  );
  const killed: RunObservation = {
    kind: "ended",
    run: asRun(first.run),
    atMs: 7_000,
    end: { kind: "cancelled", by: "network", reason: null },
    usage: { ...sampleUsage, wallMs: 2_000 },
    words: null,
  };
  assert.deepEqual((await alpha.sync({ see: [killed] })).committed, [first.run]);
  await beta.sync({ see: [saw(second.run), succeeded(asRun(second.run))] });

  const runs = await store.db.pool.query(
    `select attempt, centre_id, "end" ->> 'kind' as "end", billed, (usage ->> 'wallMs')::int as wall from run where job_id = $1 order by attempt`,
    [job],
  );
  assert.deepEqual(runs.rows, [
    { attempt: 1, centre_id: "alpha", end: "cancelled", billed: false, wall: 2_000 },
    { attempt: 2, centre_id: "beta", end: "succeeded", billed: true, wall: sampleUsage.wallMs },
  ]);
  const task = await store.db.pool.query("select state, outcome ->> 'kind' as outcome from job where id = $1", [job]);
  assert.deepEqual(task.rows, [{ state: "ended", outcome: "succeeded" }]);
  const books = await store.db.pool.query(
    "select attempt, kind, amount::int as amount from transfer where job_id = $1 and unit = 'wall-ms' and kind <> 'pending' order by attempt",
    [job],
  );
  assert.deepEqual(books.rows, [
    { attempt: 1, kind: "void", amount: 0 },
    { attempt: 2, kind: "post", amount: sampleUsage.wallMs },
  ]);
});
