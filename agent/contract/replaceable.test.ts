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
