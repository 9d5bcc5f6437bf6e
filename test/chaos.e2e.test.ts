import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient, NoAnswer } from "#api/client.ts";
import { eventually, startNetwork } from "./network.ts";

/**
 * The goal: agent, server and PostgreSQL are killed with SIGKILL at random under a stream of jobs, and every job that
 * was acknowledged runs exactly once, ends with its own exit code, and leaves the books balanced.
 *
 * WEIR_CHAOS_KILLS (9, in `npm run test:long` 50) and WEIR_CHAOS_SEED make it longer, or the same again.
 */
const kills = Number(process.env.WEIR_CHAOS_KILLS ?? (process.env.WEIR_TEST_LONG === "1" ? 50 : 9));
const seed = Number(process.env.WEIR_CHAOS_SEED ?? Date.now() % 1_000_000);
const victims = ["agent", "server", "postgres"] as const;

test(`${kills} SIGKILLs under a stream of jobs lose none, double none, and leave the ledger balanced`, async (context) => {
  context.diagnostic(`WEIR_CHAOS_SEED=${seed}`);
  const random = generator(seed);
  const network = await startNetwork({ env: { WEIR_LOCAL_CORES: "16" } });
  try {
    const marks = join(network.home, "marks");
    mkdirSync(marks);
    chmodSync(marks, 0o1777);
    const client = createClient({ baseUrl: network.url, token: () => network.token });
    const expected = new Map<number, number>();
    const stop = new AbortController();
    const stream = Promise.all(
      [1, 2, 3].map(async (lane) => {
        for (let n = 0; !stop.signal.aborted; n += 1) {
          const exitCode = Math.floor(random() * 4);
          const id = await submitSurely(client, `chaos-${seed}-${lane}-${n}`, marks, exitCode, random() * 1.5);
          expected.set(id, exitCode);
          await delay(50 + random() * 100);
        }
      }),
    );
    for (let kill = 0; kill < kills; kill += 1) {
      await delay(300 + random() * 1500);
      const victim = victims[kill < victims.length ? kill : Math.floor(random() * victims.length)] ?? "agent";
      for (const pid of network.pids(victim)) process.kill(pid, "SIGKILL");
    }
    await eventually("enough of them", async () => (expected.size > 10 ? true : null));
    stop.abort();
    await stream;
    await checkAll(client, expected, marks);
    context.diagnostic(`${expected.size} jobs acknowledged and checked`);
  } finally {
    await network.remove();
  }
});

/** With the same Idempotency-Key until it is acknowledged, as a careful client does. */
async function submitSurely(
  client: Client,
  key: string,
  marks: string,
  exitCode: number,
  sleepS: number,
): Promise<number> {
  // A file of its own for each start: as root no run can write to another's.
  const script = `#!/bin/sh\nmktemp -p . "$WEIR_JOB_ID.XXXXXX" || exit 99\nsleep ${sleepS.toFixed(2)}\nexit ${exitCode}\n`;
  const body = { name: key, script, workingDirectory: marks, timeLimitS: 120, memoryMibPerNode: 16 };
  return eventually(`the acknowledgement of ${key}`, async () => {
    const reply = await client.call("submit", { body }, { idempotencyKey: key }).catch((error: unknown) => {
      if (error instanceof NoAnswer) return null;
      throw error;
    });
    if (reply === null || (reply.kind === "problem" && reply.problem.status >= 500)) return null;
    if (reply.kind === "problem") throw new Error(`refused: ${reply.problem.detail}`);
    return reply.value.id;
  });
}

async function checkAll(client: Client, expected: ReadonlyMap<number, number>, marks: string): Promise<void> {
  for (const [id, exitCode] of expected) {
    const job = await eventually(`the end of job ${id}`, async () => {
      const reply = await client.call("job", { params: { job: id } }).catch(() => null);
      return reply?.kind === "answer" && reply.value.state === "ended" ? reply.value : null;
    });
    assert.equal(
      job.outcome?.kind,
      exitCode === 0 ? "succeeded" : "failed",
      `job ${id}: ${JSON.stringify(job.outcome)}`,
    );
    assert.equal(job.outcome?.exitCode, exitCode, `job ${id}`);
  }
  assert.deepEqual(
    readdirSync(marks)
      .map((name) => Number(name.split(".")[0]))
      .sort((a, b) => a - b),
    [...expected.keys()].sort((a, b) => a - b),
    "something ran that was never acknowledged, twice or not at all",
  );
  const books = await eventually("the books", async () => {
    const reply = await client.call("ledgerCheck").catch(() => null);
    return reply?.kind === "answer" ? reply.value : null;
  });
  assert.deepEqual(books.findings, []);
  assert.equal(books.balanced, true);
  for (const unit of books.units) assert.equal(unit.debitsPending, "0", `holds left in ${unit.unit}`);
}

/** mulberry32: small, seeded, good enough to choose victims. */
function generator(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
