import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonWords, rules } from "#core/scheduling/reasons.ts";

test("a rule and its facts become a sentence, in English and in Chinese", () => {
  const facts = { asked: 8, free: 2, total: 16, pool: "main" };
  assert.equal(reasonWords("cores-busy", facts, "en"), "needs 8 cores, 2 of 16 are free");
  assert.equal(reasonWords("cores-busy", facts, "zh"), "需要 8 核，16 核中空闲 2 核");
  assert.equal(reasonWords(null, { free: 2, total: 16 }, "en"), "fits, 2 of 16 cores are free");
  assert.equal(reasonWords("a-rule-of-a-later-weir", {}, "en"), "a-rule-of-a-later-weir");
});

test("both languages say the same facts of every rule", () => {
  const named = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
  for (const [rule, { en, zh }] of Object.entries(rules)) assert.deepEqual(named(en), named(zh), rule);
});

test("words of facts that are ours are in the reader's language, and one is one", () => {
  assert.equal(reasonWords("not-in-service", { lifeCycle: "trial" }, "en"), "not in service: on trial");
  assert.equal(reasonWords("not-in-service", { lifeCycle: "trial" }, "zh"), "未投入服务：试运行");
  assert.match(reasonWords("takes-nothing-new", { intake: "draining" }, "zh"), /：排空中$/);
  const cores = (asked: number) => reasonWords("cores-busy", { asked, free: 0, total: 8 }, "en");
  assert.deepEqual([1, 2].map(cores), ["needs 1 core, 0 of 8 are free", "needs 2 cores, 0 of 8 are free"]);
});
