import assert from "node:assert/strict";
import { test } from "node:test";
import { openReplaceable } from "#agent/contract/replaceable.ts";
import type { Driver } from "#agent/driver.ts";
import { idleDriver as driver } from "#agent/driver-testing.ts";
import { jobId, runId } from "#core/ids.ts";

const run = runId({ job: jobId(1), index: 0, attempt: 1 });

test("a driver that takes runs back does so through it too, and of one that does not they go on", async () => {
  const asked: string[] = [];
  const withdraw: Driver["withdraw"] = async (one) => {
    asked.push(one);
    return "asked";
  };
  const engine = await openReplaceable(async () => ({ ...driver, withdraw }));
  assert.equal(await engine.users.withdraw?.(run), "asked");
  assert.deepEqual(asked, [run]);
  const plain = await openReplaceable(async () => driver);
  assert.equal(await plain.users.withdraw?.(run), "started");
});

test("what makes room is warned through it, and what is cancelled is not", async () => {
  const asked: unknown[] = [];
  const cancel: Driver["cancel"] = async (one, warn = false) => {
    asked.push([one, warn]);
    return "cancelling";
  };
  const engine = await openReplaceable(async () => ({ ...driver, cancel }));
  await engine.users.cancel(run, true);
  await engine.users.cancel(run);
  assert.deepEqual(asked, [
    [run, true],
    [run, false],
  ]);
});
