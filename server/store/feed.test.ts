import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { until as untilThere } from "#server/patience-testing.ts";
import type { FeedEvent } from "./event.ts";
import { isAfter, parsePosition, positionText } from "./event.ts";
import { type Feed, openFeed } from "./feed.ts";
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

async function transaction(): Promise<pg.Client> {
  const client = new pg.Client(store.config);
  await client.connect();
  await client.query("begin");
  return client;
}

test("an open transaction is not skipped, although younger ones have committed", async () => {
  const feed = openFeed(store.db, { from: await currentSnapshot(store.db.pool), pollMs: 5 });
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
  await feed.close();
});

test("a feed that starts from a snapshot brings exactly what the snapshot has not seen", async () => {
  const open = await transaction();
  await note(open, "open at the snapshot");
  await note(store.db.pool, "in the snapshot");
  const snapshot = await currentSnapshot(store.db.pool);
  await note(store.db.pool, "after the snapshot");
  await open.query("commit");
  await open.end();
  const feed = openFeed(store.db, { from: snapshot, pollMs: 5 });
  const seen: string[] = [];
  feed.subscribe((events) => seen.push(...events.map((event) => event.cause)));
  await until(() => seen.length >= 2);
  assert.deepEqual(seen, ["open at the snapshot", "after the snapshot"]);
  await feed.close();
});

test("who resumes from an id gets all that follows it, once and in order, while jobs keep coming", async () => {
  const feed = openFeed(store.db, { from: await currentSnapshot(store.db.pool) });
  const live: FeedEvent[] = [];
  feed.subscribe((events) => live.push(...events));
  const writer = openSubmitWriter(store.db, { onCommitted: () => feed.wake() });
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
  await writer.close();
  await feed.close();
});

test("what comes by the hundred a second is looked for at once where it comes alone, and then together", async () => {
  const { feed, seen } = await pacedFeed(600_000);
  await note(store.db.pool, "alone");
  feed.wakeSoon();
  await until(() => seen.length === 1);
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
  await feed.close();
});

test("what came soon after another is looked for when the pace allows", async () => {
  const paceMs = 500;
  const { feed, seen } = await pacedFeed(paceMs);
  const beganMs = performance.now();
  for (const cause of ["alone", "soon after"]) {
    await note(store.db.pool, cause);
    feed.wakeSoon();
    await until(() => seen.at(-1)?.at(-1) === cause);
  }
  assert.ok(performance.now() - beganMs >= paceMs);
  await feed.close();
});

/** A feed that has looked and looks again only when it is woken, and what it brings. */
async function pacedFeed(paceMs: number): Promise<{ readonly feed: Feed; readonly seen: string[][] }> {
  const feed = openFeed(store.db, { from: await currentSnapshot(store.db.pool), pollMs: 600_000, paceMs });
  const seen: string[][] = [];
  feed.subscribe((events) => seen.push(events.map((event) => event.cause)));
  await note(store.db.pool, "before");
  feed.wake();
  await until(() => seen.length === 1);
  seen.length = 0;
  return { feed, seen };
}

test("the feed goes on after its connection was cut", async () => {
  const feed = openFeed(store.db, { from: await currentSnapshot(store.db.pool), pollMs: 5 });
  const seen: string[] = [];
  feed.subscribe((events) => seen.push(...events.map((event) => event.cause)));
  await note(store.db.pool, "before");
  await until(() => seen.length === 1);
  await store.db.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir feed'",
  );
  await note(store.db.pool, "after");
  await until(() => seen.length === 2);
  await feed.close();
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
