import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createWorld } from "#core/scheduling/world.ts";
import { openFeed } from "#server/store/feed.ts";
import { readWorld } from "#server/store/read-world.ts";
import { type TestStore, testStore } from "#server/store/testing.ts";
import { openTransitionWriter } from "#server/store/transitions.ts";
import { openLeader } from "./lead.ts";
import { openScheduler } from "./schedule.ts";

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
