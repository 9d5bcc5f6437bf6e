import assert from "node:assert/strict";
import { test } from "node:test";
import { rowOf } from "./describe.ts";
import { wordsOf } from "./slurm-text.ts";

function nodes(...names: readonly string[]) {
  return names.map((name) => wordsOf(`NodeName=${name} State=IDLE`));
}

test("the nodes in a row are those of the listing in its order", () => {
  const listed = nodes("c009", "c010", "c012", "b1", "c013", "c14", "login");
  assert.equal(rowOf({ nodes: listed, switches: new Map() }), "c[009-010],c012,b1,c013,c14,login");
});

test("Slurm does not keep to it beside a tree of switches, so then nothing is said", () => {
  assert.equal(rowOf({ nodes: nodes("c1", "c2"), switches: new Map([["c1", "leaf"]]) }), null);
});
