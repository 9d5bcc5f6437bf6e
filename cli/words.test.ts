import assert from "node:assert/strict";
import { test } from "node:test";
import { sayIn, words } from "#cli/words.ts";
import { stateKinds } from "#core/job/state.ts";
import { languageOf } from "#core/language.ts";

test("every sentence is there in both languages, with the same facts in it", () => {
  for (const [key, [en, zh]] of Object.entries(words)) {
    const facts = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    assert.ok(en.trim() !== "" && zh.trim() !== "", key);
    assert.deepEqual([...new Set(facts(en))], [...new Set(facts(zh))], key);
    assert.doesNotMatch(en, /\p{Script=Han}/u, key);
  }
});

test("every state and outcome has words", () => {
  const outcomes =
    "succeeded failed cancelled timed-out out-of-memory preempted node-failed platform-fault refused lost".split(" ");
  const ends = ["withdrawn", "duplicate", "requeued"];
  const keys = [
    ...stateKinds.map((kind) => `state_${kind}`),
    ...[...outcomes, ...ends].map((kind) => `outcome_${kind}`),
  ];
  for (const key of keys) assert.ok(Object.hasOwn(words, key), key);
});

test("facts are filled in; the language is the C library's", () => {
  assert.equal(sayIn("zh")("submitted", { id: 3, name: "$& {id}" }), "已提交作业 3（$& {id}）");
  const say = sayIn("en");
  assert.equal(say("simulateWritten", { jobs: 1, path: "a.swf" }), "1 job was written to a.swf.");
  assert.equal(say("simulateWritten", { jobs: 2, path: "a.swf" }), "2 jobs were written to a.swf.");
  assert.equal(say("simulatedReboundOf", { moves: 1, returned: "1" }), "1 move, 1 lease over");
  assert.equal(sayIn("zh")("simulatedReboundOf", { moves: 1, returned: 1 }), "迁移 1 次，租约到期 1 次");
  assert.equal(languageOf({ LANG: "zh_CN.UTF-8" }), "zh");
  assert.equal(languageOf({ LANG: "zh_CN.UTF-8", LC_ALL: "C.UTF-8" }), "en");
  assert.equal(languageOf({ LC_ALL: "", LANG: "zh_TW" }), "zh");
  assert.equal(languageOf({}), "en");
});
