import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { networkTime } from "#core/centre/hours.ts";
import type { Hours } from "#core/centre/terms.ts";
import { runId } from "#core/ids.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { openFeed } from "#server/store/feed.ts";
import { readBeyondHours } from "#server/store/read/beyond-hours.ts";
import { readWorld } from "#server/store/read-world.ts";
import { admitted, idsOf, member, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { openTransitionWriter } from "#server/store/transitions.ts";
import { openLeader } from "./lead.ts";
import { openScheduler } from "./schedule.ts";
import { engine, openAgent, openInside } from "./testing.ts";

let store: TestStore;
before(async () => {
  store = await testStore();
});
after(() => store.end());

test("when a pool's hours begin it decides again, though nothing happened", { timeout: 120_000 }, async () => {
  const { db } = store;
  const world = createWorld();
  const { snapshot } = await readWorld(db, (event) => world.apply(event));
  const feed = openFeed(db, { from: snapshot });
  const transitions = openTransitionWriter(db, {});
  const leader = openLeader(db, transitions, { retryMs: 50 });
  const beginMs = Date.now() + 500;
  const atBegin = Promise.withResolvers<void>();
  const decide: typeof world.decide = (nowMs, most) => {
    if (nowMs >= beginMs) atBegin.resolve();
    return { ...world.decide(nowMs, most), againMs: nowMs < beginMs ? beginMs : null };
  };
  const scheduler = openScheduler({ db, feed, transitions, leader, world: { ...world, decide } });
  await atBegin.promise;
  assert.equal(scheduler.world.counts().jobs, 0);
  await scheduler.close();
  await leader.close();
  await transitions.close();
  await feed.close();
});

test("what waits under a lease that reaches beyond hours agreed since is asked back; what is sent within them is not", async () => {
  const { pool } = store.db;
  const agree = (hours: readonly Hours[]) => {
    const own = { contract: "shared", maxPending: 8, leaseS: null, sharePercent: null, hours };
    return pool.query(
      `with set as (insert into centre_terms (centre_id, terms, person_id, at_ms) values ('alpha', $1, $2, 0))
       insert into event (at_ms, kind, centre_id, cause) values (0, 'centre-changed', 'alpha', 'terms')`,
      [JSON.stringify({ pools: {}, otherPools: own, priceList: "free" }), member],
    );
  };
  await agree([]);
  const inside = await openInside(store.db, { everyMs: 20 });
  const agent = await openAgent(inside.desk);
  const full = engine.pools.map((one) => ({
    ...one,
    nodes: one.nodes.map((group) => ({ ...group, free: { cores: 0, memoryMib: 0, accelerators: [] } })),
    foreign: { kind: "hidden", why: "a test" } as const,
  }));
  await agent.sync({ engine: { ...engine, pools: full } });
  const polled = async (kind: "start" | "withdraw") => {
    for (;;) {
      const answer = await agent.sync({ waitMs: 5_000 });
      const runs = kind === "start" ? answer.start.map(({ run }) => run) : answer.withdraw;
      if (runs.length > 0) return runs;
    }
  };
  const answer = await inside.submits.submit(submission([admitted()]));
  const [job = assert.fail()] = answer.kind === "committed" ? idsOf(answer.body) : [];
  const run = runId({ job, index: 0, attempt: 1 });
  assert.deepEqual(await polled("start"), [run]);
  const latestMs = async () =>
    (await pool.query("select latest_start_ms as ms from run where job_id = $1 order by attempt desc", [job])).rows[0]
      .ms;
  assert.ok((await latestMs()) > Date.now() + 6 * 86_400_000);

  const { day } = networkTime(Date.now());
  const later = (days: number) => ((day - 1 + days) % 7) + 1;
  await agree([{ days: [later(3)], from: "00:00", to: "24:00" }]);
  assert.deepEqual(await polled("withdraw"), [run]);
  const { rows } = await pool.query("select cause from event where job_id = $1 and kind = 'withdraw-requested'", [job]);
  assert.match(
    rows[0]?.cause,
    /^by its terms work may be started in pool default of alpha until .*, and its lease is longer$/,
  );
  // It came back, and is placed again within hours that end tomorrow: its lease ends with them, and it stays.
  await agree([{ days: [day, later(1)], from: "00:00", to: "24:00" }]);
  const end = { kind: "withdrawn", evidence: "taken out of the queue" } as const;
  const usage = { ...sampleUsage, startedMs: null, wallMs: 0 };
  await agent.sync({ see: [{ kind: "ended", run, atMs: Date.now(), end, usage, words: null }] });
  assert.deepEqual(await polled("start"), [runId({ job, index: 0, attempt: 2 })]);
  assert.ok((await latestMs()) < Date.now() + 2 * 86_400_000);
  assert.deepEqual(await readBeyondHours(pool, Date.now()), []);
  await inside.close();
});
