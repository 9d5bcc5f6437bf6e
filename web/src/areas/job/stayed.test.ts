import assert from "node:assert/strict";
import { test } from "node:test";
import { stayedKind } from "./stayed.ts";

test("a placed run is said to have begun so much later only where it began", () => {
  assert.equal(stayedKind("placed", "running"), "begun");
  assert.equal(stayedKind("placed", "starting"), "begun");
  assert.equal(stayedKind("placed", "failed"), null);
  assert.equal(stayedKind("placed", "queued"), null);
  assert.equal(stayedKind("queued", "placed"), "waited");
  assert.equal(stayedKind("placed", null), "soFar");
});
