import assert from "node:assert/strict";
import { test } from "node:test";
import { networkIssueWords, parseNetwork } from "./network-file.ts";

test("what a file says counts for every centre that says nothing else, and what it leaves out is not there", () => {
  assert.deepEqual(parseNetwork({}, ["a", "b"]), {
    kind: "network",
    network: {
      centres: [
        { latencyS: 0, leaseS: null },
        { latencyS: 0, leaseS: null },
      ],
      lookS: 600,
      moves: null,
    },
  });
  const said = { latencyS: 2, leaseS: 3600, moves: {}, centres: { b: { latencyS: 30 }, c: { leaseS: null } } };
  assert.deepEqual(parseNetwork(said, ["a", "b", "c"]), {
    kind: "network",
    network: {
      centres: [
        { latencyS: 2, leaseS: 3600 },
        { latencyS: 30, leaseS: 3600 },
        { latencyS: 2, leaseS: null },
      ],
      lookS: 600,
      moves: { leastGainS: 300, leastGainShare: 0.2, most: 3 },
    },
  });
});

test("all that is wrong is told at once, where it is and with what would be right", () => {
  const refused = (value: unknown, language: "en" | "zh" = "en") => {
    const parsed = parseNetwork(value, ["kth", "sdsc"]);
    assert.ok(parsed.kind === "refused");
    return networkIssueWords(parsed.issues, language).split("\n");
  };
  assert.deepEqual(refused([]), ["[] is not an object of fields. Write one in braces, as in docs/guides/simulate.md."]);
  assert.deepEqual(
    refused({ latency: 1, leaseS: -1, lookS: 0.5, moves: { most: "3", leastGainShare: 2 }, centres: { ktk: {} } }),
    [
      "latency: there is no such field. Did you mean latencyS?",
      "leaseS: -1 is not a whole number from 1 to 31536000.",
      "centres.ktk: there is no such trace. Did you mean kth?",
      "lookS: 0.5 is not a whole number from 1 to 31536000.",
      "moves.leastGainShare: 2 is not a number from 0 to 1.",
      'moves.most: "3" is not a whole number from 0 to 1000.',
    ],
  );
  assert.deepEqual(refused({ latencyS: 30, leaseS: 30, centres: { sdsc: 7 } }), [
    "leaseS: 30 s is over before an order is there (30 s): nothing would ever start. Make it longer than latencyS, or null.",
    "centres.sdsc: 7 is not an object of fields. Write one in braces, as in docs/guides/simulate.md.",
  ]);
  assert.deepEqual(refused({ centres: { kth: { latencyS: 1e9 } } }, "zh"), [
    "centres.kth.latencyS：1000000000 不是 0 到 86400 的整数。",
  ]);
  assert.deepEqual(refused({ leaseS: 60, centres: { kth: { latencyS: 90 } } }).length, 1);
});
