import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { words } from "./words.ts";

test("both languages name the same facts, and Chinese is Chinese", () => {
  const facts = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([fact]) => fact).sort();
  for (const [key, [en, zh]] of Object.entries(words)) {
    assert.deepEqual(facts(zh), facts(en), key);
    assert.match(zh.replace("{words}", "词"), /\p{Script=Han}/u, key);
  }
});

test("npm start speaks the language of its terminal", () => {
  const said = (LANG: string) => {
    const program = `import { tell } from "${join(import.meta.dirname, "words.ts")}"; console.log(tell("stopping"));`;
    const { PATH = "" } = process.env;
    const ran = spawnSync(process.execPath, ["--input-type=module", "-e", program], { env: { PATH, LANG } });
    return `${ran.stdout}`.trim();
  };
  assert.equal(said("zh_CN.UTF-8"), "正在停止。");
  assert.equal(said("C.UTF-8"), "Stopping.");
});
