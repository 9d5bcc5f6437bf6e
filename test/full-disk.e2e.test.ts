import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "#api/client.ts";
import { fillDisk, mountSmall } from "../tools/small-disk.ts";
import { eventually, type Network, startNetwork } from "./network.ts";

// A disk that fills up under the whole network: what was acknowledged is still there when there is room again, what could
// not be kept was refused, and nobody has to start anything anew.

test("a full disk under server, database and agent", {
  skip: process.getuid?.() !== 0 && "a small file system can only be mounted as root",
}, async (t) => {
  const home = mkdtempSync("/var/lib/weir-test-full-");
  chmodSync(home, 0o755);
  let free: () => void;
  try {
    free = mountSmall(home, "300m");
  } catch (error) {
    rmdirSync(home);
    return t.skip(`no file system can be mounted here: ${error}`);
  }
  try {
    const network = await startNetwork({ home, env: { WEIR_JOB_USERS: "2" } });
    try {
      await fillAndEmpty(network);
    } finally {
      await network.stop();
    }
  } finally {
    free();
    rmdirSync(home);
  }
});

async function fillAndEmpty(network: Network): Promise<void> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const script = `#!/bin/sh\nexit 3 # ${"x".repeat(100_000)}\n`;
  const submit = (key: string) =>
    client.call("submit", { body: { name: key, script, memoryMibPerNode: 16 } }, { idempotencyKey: key });
  const living = () => [...network.pids("server"), ...network.pids("agent"), ...network.pids("postgres")];
  const programs = living();
  const kept = new Map<string, number>();
  const refused: string[] = [];

  const filler = join(network.home, "filler");
  fillDisk(filler);
  // A segment of the database's log that is there already takes some more.
  for (let i = 0; i < 40 && refused.length < 3; i++) {
    const answer = await submit(`full-${i}`);
    if (answer.kind === "answer") kept.set(`full-${i}`, answer.value.id);
    else {
      refused.push(`full-${i}`);
      assert.equal(answer.problem.status, 503);
      assert.match(answer.problem.detail ?? "", /No space left on device.*Nothing was acknowledged/s);
    }
  }
  assert.equal(refused.length, 3, "the disk is full");
  rmSync(filler);

  for (const key of [...refused, "roomy"])
    await eventually(`${key} is taken`, async () => {
      const answer = await submit(key);
      return answer.kind === "answer" ? kept.set(key, answer.value.id) : null;
    });
  for (const [key, id] of kept) {
    const job = await eventually(`the end of ${key}`, async () => {
      const answer = await client.call("job", { params: { job: id } });
      return answer.kind === "answer" && answer.value.state === "ended" ? answer.value : null;
    });
    // What was to start without room for its folder could not.
    if (job.outcome?.kind === "platform-fault") assert.match(job.outcome.reason ?? "", /No space left on device/);
    else assert.equal(job.outcome?.exitCode, 3, JSON.stringify(job.outcome));
  }
  assert.equal(new Set(kept.values()).size, kept.size);
  for (const pid of programs) assert.ok(living().includes(pid), "nothing ended, nothing had to be started again");
  const books = await client.call("ledgerCheck");
  assert.ok(books.kind === "answer");
  assert.deepEqual(books.value.findings, []);
}
