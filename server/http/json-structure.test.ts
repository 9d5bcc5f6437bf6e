import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { structureTrouble } from "./json-structure.ts";

function found(text: string): string | null {
  return structureTrouble(text, JSON.parse(text))?.path ?? null;
}

test("a member that is there twice is named by its path, however it is written", () => {
  assert.equal(found('{"name":"a","name":"b"}'), "name");
  assert.equal(found('{"a":{"b":[{"c":1},{"c":1,"d":"x,}]","c" : 2}]}}'), "a.b[1].c");
  assert.equal(found('[{"a":1},{"a":1}]'), null, "each object has its own");
  assert.equal(found('{"a":"\\":","b":{"a":1}}'), null, "texts that look like members are none");
  assert.equal(found('{"a\\u0062":1,"ab":2}'), "ab", "an escape is the same name");
  assert.equal(found('{"a":"\\":","b":1,"b":2}'), "b");
  assert.equal(found('{"a":1,"a":{"b":1}}'), "a", "where as many are lost as the last one has");
  for (const text of ["{}", "[]", "1", '"a:b"', "null"]) assert.equal(found(text), null, text);
});

test("texts may be as long as a request, of whatever signs", () => {
  for (const sign of ["a", '"', "\\", "\n", '":'])
    assert.equal(found(JSON.stringify({ script: '{"a":1}', file: sign.repeat(14_000_000 / sign.length) })), null);
  assert.equal(found(`{"file":${JSON.stringify("\\".repeat(7_000_000))},"a":1,"a":2}`), "a");
});

test("what JSON.stringify wrote has none; with any member written twice it has one", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, isSpread) => {
      const text = JSON.stringify(value, null, isSpread ? 2 : 0);
      assert.equal(found(text), null);
      const twice = `{"outer":[${text}],"outer":${text}}`;
      assert.equal(found(twice), "outer");
    }),
  );
});

test("what is nested deeper than anything here is told so, and not read to its end", () => {
  const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
  assert.equal(found(nested(100)), null);
  const deep = nested(1_000_000);
  assert.equal(structureTrouble(deep, JSON.parse(deep))?.words.kind, "too-deep");
});
