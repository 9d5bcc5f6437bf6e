import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

// Every word of the console is there in English and in Chinese, and both say the same facts.

const source = resolve(import.meta.dirname, "..");
const english = globSync("**/messages.en.ts", { cwd: source }).sort();

test("every area has its words", () => {
  const areas = globSync("areas/*/", { cwd: source });
  assert.ok(
    english.length >= areas.length + 2,
    `${english.length} files of words for ${areas.length} areas, the frame and the shared words`,
  );
});

for (const path of english) {
  test(`the Chinese words beside ${path} have the same keys and the same placeholders`, async () => {
    const { en } = await import(join(source, path));
    const { zh } = await import(join(source, dirname(path), "messages.zh.ts"));
    const [a, b] = [flat(en), flat(zh)];
    assert.deepEqual([...b.keys()].sort(), [...a.keys()].sort());
    for (const [key, text] of a) {
      assert.notEqual(b.get(key)?.trim(), "", `${key} is empty`);
      assert.deepEqual(placeholders(b.get(key) ?? ""), placeholders(text), key);
    }
  });
}

/** `a.b.c` → text. Chinese has no form for one: `…_one` is left out on both sides. */
function flat(words: object, prefix = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === "string") {
      if (!key.endsWith("_one")) all.set(prefix + key, value);
    } else for (const [inner, text] of flat(value, `${prefix}${key}.`)) all.set(inner, text);
  }
  return all;
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "").sort();
}
