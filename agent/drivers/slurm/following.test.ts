import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { jobId, runId } from "#core/ids.ts";
import type { Engine } from "./engine.ts";
import { follow } from "./following.ts";
import type { ChunkFacts, Notebook, NotedChunk } from "./notebook.ts";

// How often a centre is asked, whoever runs there (P6). With an engine that shows every run as it was: running.

function chunkOf(user: string, job: number): NotedChunk {
  const run = runId({ job: jobId(job), index: 0, attempt: 1 });
  const facts: ChunkFacts = {
    ...{ chunk: `abcdefgh-${job}.0.1-1`, user, account: null, pool: "batch", isArray: false, submittedMs: 0 },
    ...{ startBeforeMs: 0, timeLimitS: 60, cores: 1, memoryMib: 100, memoryMibPerNode: 100, accelerators: 0 },
    ...{ acceleratorVendor: null, acceleratorModel: null, runs: [{ index: 0, run }] },
  };
  const none = { asked: new Set<never>(), takenBack: new Set<never>(), removed: new Set<never>() };
  return { facts, engineId: String(job), ended: new Map(), ...none };
}

/** How often one user was asked for, on average, in so many seconds. */
async function askedOf(users: number, seconds: number) {
  const asked = { records: 0, list: 0 };
  const word = { state: "RUNNING", startS: 1, nodes: "c1", indices: null, arrayJob: null, comment: null };
  const engine = {
    records: async () => {
      asked.records++;
      return [];
    },
    list: async (user: string) => {
      asked.list++;
      const job = Number(user.slice(1));
      const own = { ...word, jobId: job, name: `probe.weir-abcdefgh-${job}.0.1-1` };
      return { queue: [own], accounting: null, isPartial: false };
    },
  } as unknown as Engine;
  const following = follow({
    engine,
    notebook: { append: () => {} } as unknown as Notebook,
    ...{ tell: () => {}, note: () => {}, keep: async () => {}, heldBeyondMs: 0, recordsEveryMs: 20, listEveryMs: 50 },
    ...{ nowMs: () => Date.now(), monotonicMs: () => performance.now(), vanishedAfterMs: async () => 60_000 },
    whereabouts: () => assert.fail("it has not vanished"),
  });
  for (let job = 1; job <= users; job += 1) following.take(chunkOf(`u${job}`, job));
  await delay(1000 * seconds);
  following.close();
  return { records: asked.records / users, list: asked.list / users };
}

test("of many users each is asked less often: what the helper does for all together is bounded", async () => {
  const [one, many] = await Promise.all([askedOf(1, 2), askedOf(60, 2)]);
  assert.ok(one.records >= 10 && one.list >= 3, JSON.stringify(one));
  // The first look, at fresh runs, and what 20 ms a user leaves of two seconds.
  assert.ok(many.records >= 1 && many.records <= 4, JSON.stringify(many));
  assert.ok(many.list >= 1 && many.list <= 1.1, JSON.stringify(many));
});
