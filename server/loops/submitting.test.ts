import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createWorld } from "#core/scheduling/world.ts";
import { openFeed } from "#server/store/feed.ts";
import { readWorld } from "#server/store/read-world.ts";
import type { NumberedBatch } from "#server/store/submit-jobs.ts";
import { admitted, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { openSubmitWriter } from "#server/store/writer.ts";
import { openScheduler } from "./schedule.ts";
import { type Inside, openInside } from "./testing.ts";

let store: TestStore;
let inside: Inside;
before(async () => {
  store = await testStore();
  inside = await openInside(store.db);
});
after(async () => {
  await inside.close();
  await store.end();
});

// A new job is read back from the store only where another server wrote it: each time costs as much as the submission.
test("where the feed brings a job before its writer has heard that it is kept, the world waits for the writer", async () => {
  const { scheduler } = inside;
  const kept: NumberedBatch[] = [];
  const told = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  scheduler.noteSubmitting({
    // biome-ignore lint/suspicious/noThenProperty: that the world waits is what is to be seen
    then: (...given) => {
      waits.resolve();
      return told.promise.then(...given);
    },
  });
  const other = openSubmitWriter(store.db, { onCommitted: (batch) => kept.push(batch) });
  await other.submit(submission([admitted()]));
  const [batch = assert.fail()] = kept;
  await waits.promise;

  // Three tasks where the store has one, so that what the world knows tells where it has it from.
  const array = { ranges: [{ first: 0, last: 2, step: 1 }], throttle: null };
  const entries = batch.entries.map((entry) => ({ ...entry, specs: entry.specs.map((spec) => ({ ...spec, array })) }));
  scheduler.noteSubmitted({ ...batch, entries });
  told.resolve();
  await scheduler.caughtUp();
  assert.equal(scheduler.world.counts().queued, 3);
  await other.close();
});

test("an answer does not wait for ever for a world whose feed is held back", async () => {
  const world = createWorld();
  const { snapshot } = await readWorld(store.db, world.apply);
  const feed = openFeed(store.db, { from: snapshot });
  const { transitions, leader } = inside;
  const scheduler = openScheduler({ db: store.db, feed, transitions, leader, world, patienceMs: 50 });
  const open = await store.db.connect("test");
  await open.query("begin");
  await open.query("select pg_current_xact_id()");
  await inside.submits.submit(submission([admitted()]));
  const known = world.counts().queued;
  await scheduler.caughtUp();
  assert.equal(world.counts().queued, known, "it is not there yet");
  await open.query("rollback");
  await open.end();
  await scheduler.close();
  await feed.close();
});

test("a batch is told of while it is sent, and that it was kept before that ends", async () => {
  const heard: string[] = [];
  const sent: Promise<void>[] = [];
  const writer = openSubmitWriter(store.db, {
    onSending: (told) => sent.push(told.then(() => void heard.push("over"))),
    onCommitted: () => heard.push("kept"),
  });
  await writer.submit(submission([admitted()]));
  await Promise.all(sent);
  assert.deepEqual(heard, ["kept", "over"]);
  const nul = admitted({ name: "a\0b" });
  assert.equal((await writer.submit(submission([nul]))).kind, "refused");
  await Promise.all(sent);
  assert.deepEqual(heard, ["kept", "over", "over"]);
  await writer.close();
});
