import assert from "node:assert/strict";
import { test } from "node:test";
import { optionAt, phrase, phraseLine, phrases, phraseWords } from "#core/job/phrase.ts";

test("every phrase is there in both languages, with the same facts in it", () => {
  for (const [kind, [en, zh]] of Object.entries(phrases)) {
    const facts = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
    assert.deepEqual(facts(en), facts(zh), kind);
    // What is typed is typed alike in both.
    assert.match(zh, /[\u4e00-\u9fff]|^(--[a-z]+ )?\{/, kind);
  }
});

test("a phrase stands within a phrase, each in the language of the whole", () => {
  const option = optionAt({ option: "--nice", line: 3 });
  const said = phrase("left-out", { option, because: phrase("order-is-the-networks") });
  assert.equal(
    phraseWords(said, "en"),
    "--nice (line 3) is left out: order within the queue is the network's; see --priority-class",
  );
  assert.equal(phraseWords(said, "zh"), "未采用 --nice（第 3 行）：排队次序由算力网决定；见 --priority-class");
  assert.equal(phraseLine(said), 3);
  assert.equal(phraseLine(phrase("more-warnings", { count: 2 })), null);
});

test("names of a list stand apart as each language has it", () => {
  const said = phrase("nothing-executed", { centres: "jinan-cpu, qingdao-npu" });
  assert.match(phraseWords(said, "en"), /it goes to jinan-cpu, qingdao-npu$/);
  assert.match(phraseWords(said, "zh"), /若派往 jinan-cpu、qingdao-npu，/);
});

test("a phrase that a later Weir has kept shows as its name", () => {
  const kept: ReturnType<typeof phrase> = JSON.parse('{"kind":"of-a-later-weir","facts":{}}');
  assert.equal(phraseWords(kept, "zh"), "of-a-later-weir");
});

test("what jobs of an earlier Weir have kept has words still", () => {
  const kept: ReturnType<typeof phrase> = JSON.parse(
    '{"kind":"taken-so","facts":{"option":"--requeue","how":{"kind":"requeue-is-a-new-attempt","facts":{}}}}',
  );
  assert.match(phraseWords(kept, "en"), /^--requeue: where its nodes fail/);
});
