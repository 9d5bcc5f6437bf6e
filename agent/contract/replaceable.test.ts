import assert from "node:assert/strict";
import { test } from "node:test";
import { openReplaceable } from "#agent/contract/replaceable.ts";
import type { Driver } from "#agent/driver.ts";
import { noOffers } from "#core/centre/engine.ts";
import { jobId, runId } from "#core/ids.ts";

const run = runId({ job: jobId(1), index: 0, attempt: 1 });

const driver: Driver = {
  name: "simulated",
  describe: async () => ({ pools: [], offers: noOffers, mechanisms: {} }),
  start: async () => ({ kind: "started" }),
  cancel: async () => "not-there",
  find: async () => [],
  listen: () => {},
  readLog: async () => ({ kind: "none", words: "" }),
  remove: async () => {},
  close: async () => {},
};

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
