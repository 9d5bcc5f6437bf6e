import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { jobId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleOrder } from "#core/sample-testing.ts";
import type { Engine, Submission, SubmitAnswer } from "./engine.ts";
import { type Notebook, openNotebook } from "./notebook.ts";
import type { Placed } from "./placing.ts";
import { openSubmitting } from "./submitting.ts";

// From an order to the engine's number: noted first, sent once, looked up where it is in doubt (R3).

let folder = "";
let notebook: Notebook;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-submitting-"));
  notebook = openNotebook(join(folder, "runs"));
});
afterEach(() => {
  notebook.close();
  rmSync(folder, { recursive: true });
});

const place = { user: "li", account: "lab", partition: "batch", qos: null, gres: null, mostTimeS: null };
const chunk = "abcdefgh-1.0.1-1";

function submitter(
  answers: readonly SubmitAnswer[],
  changes: {
    readonly placed?: Placed;
    /** By look: the engine's number. */
    readonly found?: readonly (string | null)[];
    readonly removed?: readonly ("removed" | "busy")[];
    /** How long one submission takes. */
    readonly takesMs?: number;
  } = {},
) {
  let nowMs = 1_000_000;
  const left = { answers: [...answers], found: [...(changes.found ?? [])], removed: [...(changes.removed ?? [])] };
  const done: string[] = [];
  const sent: Submission[] = [];
  const told: RunObservation[] = [];
  const engine = {
    atOnce: 6,
    submit: async (submission: Submission) => {
      sent.push(submission);
      done.push(`submit${submission.isAgain ? " again" : ""}`);
      assert.match(readFileSync(join(folder, "runs"), "utf8"), /"kind":"chunk"/, "noted before it is sent");
      nowMs += changes.takesMs ?? 0;
      return left.answers.shift() ?? assert.fail("sent once more");
    },
    remove: async () => {
      done.push("remove");
      return left.removed.shift() ?? "removed";
    },
  } as unknown as Engine;
  const doubtful = {
    lookUp: async () => {
      done.push("look");
      return left.found.shift() ?? null;
    },
    pause: async (user: string) => void done.push(`pause ${user}`),
    eased: (user: string) => void done.push(`eased ${user}`),
  };
  const submitting = openSubmitting({
    ...{ engine, notebook, doubtful, maxArraySize: async () => 1001, mostTasksOfChunk: 1000, mark: () => "abcdefgh" },
    place: async () => changes.placed ?? { kind: "placed", place },
    follow: ({ facts }) => void done.push(`follow ${facts.chunk}`),
    tell: (one) => told.push(one),
    heard: (user, words) => void done.push(`heard ${user}: ${words}`),
    note: () => {},
    ...{ nowMs: () => nowMs, monotonicMs: () => nowMs, signal: new AbortController().signal },
  });
  return { submitting, done, sent, told };
}

const order = sampleOrder(1, { startWithinMs: 60_000 });
const submitted: SubmitAnswer = { kind: "submitted", engineId: "7", words: "" };
const inDoubt: SubmitAnswer = { kind: "in-doubt", words: "Socket timed out" };

test("what was taken has its number on disk, and is followed", async () => {
  const { submitting, done, told } = submitter([submitted]);
  assert.deepEqual(await submitting.start(order), { kind: "queued", engineId: "7" });
  assert.deepEqual(done, ["submit", `follow ${chunk}`, "eased li"]);
  assert.deepEqual([notebook.chunks.get(chunk)?.engineId, told, submitting.underWay(order.run)], ["7", [], null]);
  assert.match(readFileSync(join(folder, "runs"), "utf8"), /"kind":"engine".*"engineId":"7"/);
});

test("in doubt it is looked for: found it is not sent again, not found it is, and said to be sent again", async () => {
  const found = submitter([inDoubt], { found: ["9"] });
  assert.deepEqual(await found.submitting.start(order), { kind: "queued", engineId: "9" });
  assert.deepEqual(found.done.slice(0, 2), ["submit", "look"]);
  assert.deepEqual(
    found.told.map(({ kind }) => kind),
    ["remark"],
  );
  const other = sampleOrder(2, { startWithinMs: 60_000 });
  const lost = submitter([inDoubt, inDoubt, submitted], { found: [null, null], takesMs: 10_000 });
  assert.deepEqual(await lost.submitting.start(other), { kind: "queued", engineId: "7" });
  assert.deepEqual(lost.done.slice(0, 5), ["submit", "look", "submit again", "look", "submit again"]);
  assert.deepEqual(
    lost.sent.map(({ startWithinS }) => startWithinS),
    [60, 50, 40],
    "its lease goes on",
  );
  assert.equal(lost.told.length, 1, "said once");
});

test("a lease that is over ends it without one more try, and its folder goes first", async () => {
  const { submitting, done } = submitter([inDoubt], { found: [null], takesMs: 59_500 });
  assert.deepEqual(await submitting.start(order), { kind: "busy", words: "its lease is over" });
  assert.deepEqual(done, ["submit", "look", "remove"]);
  assert.equal(notebook.chunks.size, 0);
});

test("a no frees the run once its folder is gone; come again is told, without the site's paths", async () => {
  const no: SubmitAnswer = { kind: "refused", words: "Invalid account", definite: true };
  const refused = submitter([no], { removed: ["busy", "removed"] });
  assert.deepEqual(await refused.submitting.start(order), no);
  assert.deepEqual(refused.done, ["submit", "heard li: Invalid account", "remove", "remove"]);
  assert.deepEqual([notebook.chunks.size, refused.told], [0, []]);
  const later = (words: string) => submitter([{ kind: "later", words }]);
  const full = later("QOSMaxSubmitJobPerUserLimit");
  assert.deepEqual(await full.submitting.start(order), { kind: "busy", words: "QOSMaxSubmitJobPerUserLimit" });
  assert.deepEqual(full.done, ["submit", "heard li: QOSMaxSubmitJobPerUserLimit", "remove", "pause li"]);
  const wordsOf = ({ told }: ReturnType<typeof submitter>) => told.map((one) => ("words" in one ? one.words : null));
  assert.deepEqual(wordsOf(full), ["not taken yet, and asked again: QOSMaxSubmitJobPerUserLimit"]);
  const disk = later("/home/li/.weir: No space left on device");
  await disk.submitting.start(order);
  assert.deepEqual(wordsOf(disk), ["not taken yet, and asked again: a fault at the site, named in its agent's log"]);
});

test("a reservation of the pool's that is gone may come again; one that the job asked for does not", async () => {
  const gone: SubmitAnswer = { kind: "refused", words: "sbatch: Requested reservation is invalid" };
  const reserved = { kind: "placed", place: { ...place, isReserved: true } } as const;
  assert.equal((await submitter([gone], { placed: reserved }).submitting.start(order)).kind, "busy");
  assert.equal((await submitter([gone]).submitting.start(order)).kind, "refused");
});

test("tasks of one turn travel together; what has no place here is answered without a folder", async () => {
  const array = { ranges: [{ first: 0, last: 9, step: 1 }], throttle: null };
  const tasks = [3, 4].map((index) =>
    sampleOrder(1, { run: runId({ job: jobId(1), index, attempt: 1 }), index, array, startWithinMs: 60_000 }),
  );
  const together = submitter([submitted]);
  await Promise.all(tasks.map((task) => together.submitting.start(task)));
  assert.deepEqual(
    together.sent.map(({ array: indices, chunk: name }) => [indices, name]),
    [["3-4", "abcdefgh-1.3.1-2"]],
  );
  const refused = { kind: "refused", words: "no local account" } as const;
  const nowhere = submitter([], { placed: refused });
  assert.deepEqual(await nowhere.submitting.start(order), refused);
  assert.deepEqual(nowhere.done, []);
});

test("after a restart: found it is followed; else it never started, which is told once its folder is gone", async () => {
  const facts = async () => {
    const before = submitter([submitted]);
    await before.submitting.start(order);
    return notebook.chunks.get(chunk) ?? assert.fail();
  };
  const noted = await facts();
  const found = submitter([], { found: ["9"] });
  await found.submitting.resolve(noted);
  assert.deepEqual([found.done[0], found.told, notebook.chunks.get(chunk)?.engineId], ["look", [], "9"]);
  const lost = submitter([], { found: [null, null], removed: ["busy", "removed"] });
  await lost.submitting.resolve(noted);
  assert.deepEqual(lost.done, ["look", "remove", "look", "remove"], "whoever still submits it is looked for again");
  assert.deepEqual(
    lost.told.map((one) => [one.run, one.kind === "ended" && one.end.kind]),
    [[order.run, "withdrawn"]],
  );
  assert.equal(notebook.past.has(order.run), true, "on disk before it is told");
});
