import assert from "node:assert/strict";
import { test } from "node:test";
import { hostNames } from "#core/centre/host-list.ts";

test("lists of hosts as engines write them", () => {
  assert.deepEqual(hostNames("c[001-003,007],login1", 100), ["c001", "c002", "c003", "c007", "login1"]);
  assert.deepEqual(hostNames("rack[1-2]-n", 100), ["rack1-n", "rack2-n"]);
  assert.deepEqual(hostNames("jinan1", 100), ["jinan1"]);
  for (const bad of ["", "a,,b", "c[3-1]", "c[1", "c[a]", "a b", "c[0-999999999]", "[]"])
    assert.equal(hostNames(bad, 1000), null, bad);
});
