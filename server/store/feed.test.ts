import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { until as untilThere } from "#server/patience-testing.ts";
import type { FeedEvent } from "./event.ts";
import { isAfter, parsePosition, positionText } from "./event.ts";
import { type Feed, type FeedSettings, openFeed } from "./feed.ts";
import { currentSnapshot, parseSnapshot } from "./snapshot.ts";
import { admitted, submission, type TestStore, testStore } from "./testing.ts";
import { openSubmitWriter } from "./writer.ts";

let store: TestStore;
before(async () => {
  store = await testStore();
});
after(() => store.end());

async function note(client: pg.ClientBase | pg.Pool, cause: string): Promise<void> {
  await client.query("insert into event (at_ms, kind, cause) values (0, 'centre-changed', $1)", [cause]);
}

async function until(condition: () => boolean): Promise<void> {
  await untilThere(() => (condition() ? true : null));
}

/** Ended with its test, also with one that fails: it would keep the process. */
function openFor(t: TestContext, settings: FeedSettings): Feed {
  const feed = openFeed(store.db, settings);
  t.after(() => feed.close());
  return feed;
}

async function transaction(): Promise<pg.Client> {
  const client = new pg.Client(store.config);
  await client.connect();
  await client.query("begin");
  return client;
}

test("an open transaction is not skipped, although younger ones have committed", async (t) => {
  const feed = openFor(t, { from: await currentSnapshot(store.db.pool), pollMs: 5 });
  const seen: string[] = [];
  feed.subscribe((events) => seen.push(...events.map((event) => event.cause)));
  const slow = await transaction();
  await note(slow, "slow");
  await note(store.db.pool, "quick");
  await until(() => feed.lagMs() > 30);
  assert.deepEqual(seen, [], "an event was served before an older transaction ended");
  await slow.query("commit");
  await slow.end();
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ["slow", "quick"]);
  await until(() => feed.lagMs() === 0);
});

test("a feed that starts from a snapshot brings exactly what the snapshot has not seen", async (t) => {
  const open = await transaction();
  await note(open, "open at the snapshot");
  await note(store.db.pool, "in the snapshot");
  const snapshot = await currentSnapshot(store.db.pool);
  await note(store.db.pool, "after the snapshot");
  await open.query("commit");
  await open.end();
  const feed = openFor(t, { from: snapshot, pollMs: 5 });
  const seen: string[] = [];
  feed.subscribe((events) => seen.push(...events.map((event) => event.cause)));
  await until(() => seen.length >= 2);
  assert.deepEqual(seen, ["open at the snapshot", "after the snapshot"]);
});

test("who resumes from an id gets all that follows it, once and in order, while jobs keep coming", async (t) => {
  const feed = openFor(t, { from: await currentSnapshot(store.db.pool) });
  const live: FeedEvent[] = [];
  feed.subscribe((events) => live.push(...events));
  const writer = openSubmitWriter(store.db, { onCommitted: () => feed.wake() });
  t.after(() => writer.close());
  await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i / 10));
      await writer.submit(submission([admitted()]));
    }),
  );
  await until(() => live.length === 300);
  for (const [i, event] of live.slice(1).entries()) assert.ok(isAfter(event, live[i] ?? event));
  const from = parsePosition(positionText(live[99] ?? assert.fail())) ?? assert.fail();
  const read = await feed.read(from, 1_000);
  assert.deepEqual(read, live.slice(100));
  const some = await feed.read(from, 1);
  assert.ok(some.length > 0, "at least what is left of the row");
  assert.deepEqual(some, live.slice(100, 100 + some.length));
  // The last job of a commit has nothing left of its row.
  await writer.submit(submission([admitted(), admitted()]));
  await writer.submit(submission([admitted()]));
  await until(() => live.length === 303);
  const [, last = assert.fail(), next] = live.slice(300);
  assert.deepEqual(await feed.read(last, 1), [next]);
});

test("what comes by the hundred a second is looked for at once where it comes alone, and then together", async (t) => {
  const { feed, seen } = await pacedFeed(t, 600_000);
  await note(store.db.pool, "alone");
  feed.wakeSoon();
  await until(() => seen.length === 1);
  await asleep();
  for (const cause of ["one", "two", "three"]) {
    await note(store.db.pool, cause);
    feed.wakeSoon();
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(seen, [["alone"]]);
  // Somebody waits for this, and gets what is before it.
  await note(store.db.pool, "waited for");
  feed.wake();
  await until(() => seen.length === 2);
  assert.deepEqual(seen, [["alone"], ["one", "two", "three", "waited for"]]);
});

test("what came soon after another is looked for when the pace allows", async (t) => {
  const paceMs = 1_000;
  const { feed, seen } = await pacedFeed(t, paceMs);
  const beganMs = performance.now();
  for (const cause of ["alone", "soon after"]) {
    await note(store.db.pool, cause);
    feed.wakeSoon();
    await until(() => seen.at(-1)?.at(-1) === cause);
    await asleep();
  }
  assert.ok(performance.now() - beganMs >= paceMs);
});

/** A feed that has looked and looks again only when it is woken, and what it brings. */
async function pacedFeed(t: TestContext, paceMs: number): Promise<{ readonly feed: Feed; readonly seen: string[][] }> {
  const feed = openFor(t, { from: await currentSnapshot(store.db.pool), pollMs: 600_000, paceMs });
  const seen: string[][] = [];
  feed.subscribe((events) => seen.push(events.map((event) => event.cause)));
  await note(store.db.pool, "before");
  feed.wake();
  await until(() => seen.length === 1);
  await asleep();
  seen.length = 0;
  return { feed, seen };
}

/** Until the feed's last look is over and no other follows: what is noted now is not seen by one that was due before. */
async function asleep(): Promise<void> {
  const look = async () => {
    const asked = "select state, query_start::text as at from pg_stat_activity where application_name = 'weir feed'";
    const { rows } = await store.db.pool.query<{ readonly state: string; readonly at: string }>(asked);
    return rows.map(({ state, at }) => (state === "idle" ? at : null));
  };
  await untilThere(async () => {
    const [before, after] = [await look(), await delay(50).then(look)];
    return before.length > 0 && before.every((at, n) => at !== null && at === after[n]) ? true : null;
  });
}

test("the feed goes on after its connection was cut", async (t) => {
  const feed = openFor(t, { from: await currentSnapshot(store.db.pool), pollMs: 5 });
  const seen: string[] = [];
  feed.subscribe((events) => seen.push(...events.map((event) => event.cause)));
  await note(store.db.pool, "before");
  await until(() => seen.length === 1);
  await store.db.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir feed'",
  );
  await note(store.db.pool, "after");
  await until(() => seen.length === 2);
});

test("a snapshot says which transactions it has seen", () => {
  const snapshot = parseSnapshot("10:15:11,13");
  assert.deepEqual([9n, 10n, 11n, 12n, 13n, 14n, 15n].map(snapshot.sees), [
    true,
    true,
    false,
    true,
    false,
    true,
    false,
  ]);
});
