import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunObservation } from "#core/run-order.ts";
import { admitted, idsOf, submission, testStore } from "#server/store/testing.ts";
import { asRun, engine, type Inside, openAgent, openInside, succeeded, usage } from "./testing.ts";

async function eventually<Value>(what: string, look: () => Promise<Value | null> | Value | null): Promise<Value> {
  for (const endMs = Date.now() + 10_000; ; ) {
    const found = await look();
    if (found !== null) return found;
    assert.ok(Date.now() < endMs, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function submit(inside: Inside) {
  const answer = await inside.submits.submit(submission([admitted()]));
  return answer.kind === "committed" ? idsOf(answer.body)[0] : assert.fail(JSON.stringify(answer));
}

test("of two servers one schedules, any answers, and the other takes over when it is gone", async () => {
  const store = await testStore();
  const first = await openInside(store.db);
  await eventually("a leader", () => first.leader.epoch());
  const second = await openInside(store.db);
  // The agent is served by the server that does not lead.
  const agent = await openAgent(second.desk);
  await agent.sync({ engine });
  const job = await submit(second);
  const { start } = await agent.sync({ waitMs: 5_000 });
  assert.deepEqual(
    start.map((order) => order.job),
    [job],
  );
  await agent.sync({ see: [succeeded(asRun(start[0]?.run ?? ""))] });
  const epoch = first.leader.epoch();

  await store.db.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir leader' and pid in (select pid from pg_locks where locktype = 'advisory' and granted)",
  );
  await eventually("a new leader", () => first.leader.epoch() ?? second.leader.epoch());
  const next = await submit(first);
  const placed = await agent.sync({ waitMs: 5_000 });
  assert.deepEqual(
    placed.start.map((order) => order.job),
    [next],
  );
  const { rows } = await store.db.pool.query("select value from counter where name = 'leader'");
  assert.ok(rows[0].value > (epoch ?? 0));
  assert.deepEqual(await first.transitions.place([], 0, epoch ?? 0), { kind: "fenced" });

  await second.close();
  await first.close();
  await store.end();
});

test("a world read at any moment and followed from there is the world of all the others", async () => {
  const store = await testStore();
  const first = await openInside(store.db);
  const agent = await openAgent(first.desk);
  await agent.sync({ engine });
  const stop = new AbortController();
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
            ? { kind: "ended", run: asRun(run), atMs: 1, end: { kind: "failed", exitCode: 1 }, usage, words: null }
            : succeeded(asRun(run)),
      );
      const answer = await agent.sync({ see, waitMs: see.length > 0 ? 0 : 20 });
      open = answer.start.map(({ run }) => run);
    }
  })();
  const others: Inside[] = [];
  for (let n = 0; n < 5; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    others.push(await openInside(store.db));
  }
  await submitting;
  await new Promise((resolve) => setTimeout(resolve, 100));
  stop.abort();
  await working;
  const { rows } = await store.db.pool.query(
    "select coalesce(sum(queued), 0)::int as queued, coalesce(sum(placed + starting + running), 0)::int as live from job",
  );
  for (const inside of [first, ...others])
    await eventually("all worlds to agree", () => {
      const { queued, live } = inside.scheduler.world.counts();
      return queued === rows[0].queued && live === rows[0].live ? true : null;
    });
  for (const inside of [...others, first]) await inside.close();
  await store.end();
});

test("a centre that falls silent becomes unreachable, and is back with its next word; old keys are forgotten", async () => {
  const store = await testStore();
  const inside = await openInside(store.db, { everyMs: 10, unreachableAfterMs: 150, keepKeysMs: -1_000 });
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const job = await submit(inside);
  const { start } = await agent.sync({ waitMs: 5_000 });
  const since = async () => {
    const { rows } = await store.db.pool.query("select unreachable_since_ms as since from job where id = $1", [job]);
    return rows[0].since;
  };
  const silent = await eventually("silence to be noticed", since);
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
  await agent.sync({ see: [succeeded(asRun(start[0]?.run ?? ""))] });
  assert.equal(await since(), null);
  const kinds = await store.db.pool.query("select kind from event where job_id = $1 order by xid, seq", [job]);
  assert.deepEqual(
    kinds.rows.map((row) => row.kind),
    ["submitted", "placed", "unreachable", "reachable", "ended"],
  );
  await eventually("keys to be forgotten", async () => {
    const { rows } = await store.db.pool.query("select count(*)::int as n from idempotency");
    return rows[0].n === 0 ? true : null;
  });
  await inside.close();
  await store.end();
});
