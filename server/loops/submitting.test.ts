import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { holds, until } from "#server/patience-testing.ts";
import type { NumberedBatch } from "#server/store/submit-jobs.ts";
import { admitted, submission, type TestStore, testStore } from "#server/store/testing.ts";
import { openSubmitWriter } from "#server/store/writer.ts";
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
  const { feed, scheduler } = inside;
  const kept: NumberedBatch[] = [];
  const brought: (number | null)[] = [];
  const unsubscribe = feed.subscribe((events) => brought.push(...events.map(({ job }) => job)));
  const told = Promise.withResolvers<void>();
  scheduler.noteSubmitting(told.promise);
  const other = openSubmitWriter(store.db, { onCommitted: (batch) => kept.push(batch) });
  await other.submit(submission([admitted()]));
  const [batch = assert.fail()] = kept;
  const id = batch.entries[0]?.ids[0];
  await until(() => (brought.includes(id ?? 0) ? true : null));

  // Three tasks where the store has one, so that what the world knows tells where it has it from.
  const array = { ranges: [{ first: 0, last: 2, step: 1 }], throttle: null };
  const entries = batch.entries.map((entry) => ({ ...entry, specs: entry.specs.map((spec) => ({ ...spec, array })) }));
  scheduler.noteSubmitted({ ...batch, entries });
  told.resolve();
  await holds(() => assert.equal(scheduler.world.counts().queued, 3));
  unsubscribe();
  await other.close();
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
