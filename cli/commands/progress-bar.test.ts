import assert from "node:assert/strict";
import { test } from "node:test";
import { progressBar } from "#cli/commands/progress-bar.ts";
import { sayIn } from "#cli/words.ts";

const terminal = {
  ...{ environment: {}, folder: "/", uid: 0, outIsTerminal: true, inIsTerminal: false, columns: 80 },
  out: async () => undefined,
  readAll: async () => new Uint8Array(),
  askSecret: async () => "",
  onInterrupt: () => () => undefined,
};

test("the bar tells the rate since the first word of it, and how long is left; it is taken off at the end", (context) => {
  let nowMs = 5000;
  context.mock.method(performance, "now", () => nowMs);
  const written: string[] = [];
  const bar = progressBar({
    terminal: { ...terminal, errorIsTerminal: true, error: (text) => void written.push(text) },
    say: sayIn("en"),
    language: "en",
  });
  nowMs = 9000;
  bar.show(1000, 10_000);
  nowMs = 9100;
  bar.show(1500, 10_000);
  assert.deepEqual(written, []);
  nowMs = 10_000;
  bar.show(4000, 10_000);
  assert.equal(written.length, 1);
  assert.match(written[0] ?? "", /█+░+ 4000 of 10000, 3000\/s, about 2 s left$/);
  bar.clear();
  assert.equal(written.at(-1), "\r\u001b[K");
});

test("nothing is drawn where nobody looks", (context) => {
  let nowMs = 0;
  context.mock.method(performance, "now", () => nowMs);
  const bar = progressBar({
    terminal: { ...terminal, errorIsTerminal: false, error: () => assert.fail() },
    say: sayIn("en"),
    language: "en",
  });
  for (nowMs = 0; nowMs < 5000; nowMs += 1000) bar.show(nowMs, 10_000);
  bar.clear();
});
