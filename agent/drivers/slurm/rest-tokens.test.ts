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

test("what is taken back while a token is being minted takes that one with it, for all who wait", async () => {
  const mints: PromiseWithResolvers<{ token: string; expiresInS: number }>[] = [];
  const mint = () => {
    const one = Promise.withResolvers<{ token: string; expiresInS: number }>();
    mints.push(one);
    return one.promise;
  };
  const minted = async (count: number) => {
    while (mints.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const tokens = openTokens({ mint, mostLifeS: async () => 60, monotonicMs: () => 0 });
  const early = [tokens.of("li"), tokens.of("li")];
  await minted(1);
  tokens.forget("li");
  const late = tokens.of("li");
  await minted(2);
  mints[0]?.resolve({ token: "taken back", expiresInS: 60 });
  await new Promise((resolve) => setImmediate(resolve));
  mints[1]?.resolve({ token: "lent again", expiresInS: 60 });
  assert.deepEqual(await Promise.all([...early, late]), ["lent again", "lent again", "lent again"]);
  assert.equal(await tokens.of("li"), "lent again");
  assert.equal(mints.length, 2, "all who wait share one");
});

test("a token that cannot be minted is asked for again by the next one", async () => {
  let isDown = true;
  const mint = async () => {
    if (isDown) throw new Error("the helper is away");
    return { token: "t", expiresInS: 60 };
  };
  const tokens = openTokens({ mint, mostLifeS: async () => 60, monotonicMs: () => 0 });
  await assert.rejects(tokens.of("li"), /away/);
  isDown = false;
  assert.equal(await tokens.of("li"), "t");
});

test("no token is asked for that lives longer than the policy lets it, nor than an hour", async () => {
  const asked: number[] = [];
  const mint = async (_user: string, lifeS: number) => {
    asked.push(lifeS);
    return { token: "t", expiresInS: 0 };
  };
  for (const most of [600, 7_200, 0]) {
    const tokens = openTokens({ mint, mostLifeS: async () => most, monotonicMs: () => 0 });
    await tokens.of("li");
  }
  assert.deepEqual(asked, [600, 3_600, 1]);
});
