import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import { type TestContext, test } from "node:test";
import { type DoubtSettings, doubts } from "./doubts.ts";
import { type Engine, EngineSilent, type Listing, PolicyRefusal } from "./engine.ts";
import type { JobWord } from "./job-word.ts";
import type { ChunkFacts } from "./notebook.ts";

// A submission in doubt is looked for by its tag, and sent again only once it is proved that it never arrived (R3).

const facts = (chunk: string) => ({ user: "li", chunk, submittedMs: -5_000 }) as ChunkFacts;
const job = (jobId: number, tag: string, arrayJob: number | null = null) =>
  ({ jobId, arrayJob, name: `x.weir-${tag}`, comment: null }) as JobWord;
const nothing: Listing = { queue: [], accounting: [], isPartial: false };

function looking(t: TestContext, answer: (nowMs: number) => Listing | Error, changes: Partial<DoubtSettings> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  // Also for those who have imported it already.
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.timers.reset();
    syncBuiltinESMExports();
  });
  let nowMs = 0;
  const asked: (readonly [user: string, tag: string, sinceS: number, atMs: number])[] = [];
  const notes: string[] = [];
  const list: Engine["list"] = async (user, tag, sinceS) => {
    asked.push([user, tag, sinceS, nowMs]);
    const said = answer(nowMs);
    if (said instanceof Error) throw said;
    return said;
  };
  const doubtful = doubts({
    engine: { list } as Engine,
    note: (words) => notes.push(words),
    messageTimeoutMs: async () => 10_000,
    listEveryMs: 10_000,
    ...{ nowMs: () => nowMs, monotonicMs: () => nowMs, signal: new AbortController().signal },
    ...changes,
  });
  const turn = async () => {
    for (let at = 0; at < 10; at += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  /** How it has been settled after so many seconds; undefined: not yet. */
  const after = async <Value>(settled: Promise<Value>, s: number): Promise<Value | undefined> => {
    let value: Value | undefined;
    settled.then((said) => (value = said)).catch(() => {});
    for (let at = 0; at < s; at += 1) {
      await turn();
      nowMs += 1_000;
      t.mock.timers.tick(1_000);
    }
    await turn();
    return value;
  };
  return { doubtful, asked, notes, after };
}

test("not there is believed only of a listing that began after the engine's own time-out", async (t) => {
  const { doubtful, asked, after } = looking(t, () => nothing);
  const found = doubtful.lookUp(facts("abc-1.0.1-1"));
  assert.equal(await after(found, 19), undefined);
  assert.equal(await after(found, 3), null);
  assert.deepEqual(
    asked.map(([user, tag, sinceS]) => [user, tag, sinceS]),
    [
      ["li", "abc-", 3605],
      ["li", "abc-", 3615],
      ["li", "abc-", 3625],
    ],
  );
});

test("one listing serves all of a user that are in doubt; each finds its own, the first copy of it", async (t) => {
  const listing = {
    queue: [job(19, "abc-2.0.1-1"), job(12, "abc-1.0.1-1"), job(16, "abc-3.1.1-2", 14)],
    accounting: [job(9, "abc-1.0.1-1"), job(1, "abc-1.0.1-11")],
    isPartial: false,
  };
  const { doubtful, asked, notes, after } = looking(t, () => listing);
  const ids = ["abc-1.0.1-1", "abc-2.0.1-1", "abc-3.1.1-2"].map((chunk) => doubtful.lookUp(facts(chunk)));
  assert.deepEqual(await after(Promise.all(ids), 1), ["9", "19", "14"]);
  assert.equal(asked.length, 1);
  assert.deepEqual(notes, ["a submission came twice; the copies run nothing"]);
});

test("no answer, a refusal of the site's and a look without the user's rights prove nothing", async (t) => {
  const answers = [new EngineSilent("timed out"), new PolicyRefusal("no", "group"), { ...nothing, isPartial: true }];
  const { doubtful, after } = looking(t, (nowMs) => answers[Math.floor(nowMs / 20_000)] ?? nothing);
  const found = doubtful.lookUp(facts("abc-1.0.1-1"));
  assert.equal(await after(found, 59), undefined);
  assert.equal(await after(found, 12), null);
});

test("a mistake of our own is no doubt", async (t) => {
  const broken = looking(t, () => new TypeError("our own mistake")).doubtful.lookUp(facts("abc-1.0.1-1"));
  await assert.rejects(broken, TypeError);
});

test("who is asked to come again comes after 2 s, then twice as long, at most a minute, until it is eased", async (t) => {
  const { doubtful, after } = looking(t, () => nothing);
  const pauses: number[] = [];
  for (let at = 0; at < 7; at += 1) {
    const pause = doubtful.pause("li", "full").then(() => true);
    let s = 0;
    while (!(await after(pause, 1))) s += 1;
    pauses.push(s + 1);
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 60, 60]);
  doubtful.eased("li");
  assert.equal(
    await after(
      doubtful.pause("li", "full").then(() => true),
      2,
    ),
    true,
  );
  const other = doubtful.pause("wang", "full").then(() => true);
  assert.equal(await after(other, 2), true, "another user's own");
});
