import assert from "node:assert/strict";
import { test } from "node:test";
import { openTokens } from "./rest-tokens.ts";

test("a token is used until two thirds of its life are over, unless it was refused or its user took it back", async () => {
  let nowMs = 0;
  let minted = 0;
  const mint = async () => ({ token: `t${++minted}`, expiresInS: 3 });
  const tokens = openTokens({ mint, mostLifeS: async () => 60, monotonicMs: () => nowMs });
  assert.equal(await tokens.of("li"), "t1");
  nowMs = 1_999;
  assert.equal(await tokens.of("li"), "t1");
  nowMs = 2_000;
  assert.equal(await tokens.of("li"), "t2");
  tokens.discard("li", "t1");
  assert.equal(await tokens.of("li"), "t2", "what was refused is not the one at hand");
  tokens.discard("li", "t2");
  assert.equal(await tokens.of("li"), "t3");
  tokens.forget("li");
  assert.equal(await tokens.of("li"), "t4");
  assert.equal(await tokens.of("wang"), "t5");
});
