import assert from "node:assert/strict";
import { test } from "node:test";
import { createInstance } from "i18next";
import { endWords } from "./outcome.ts";

test("what an exit code mostly means is said where the centre did not say what it meant", async () => {
  const i18n = createInstance();
  await i18n.init({ lng: "cimode", ns: ["job"] });
  const t = i18n.getFixedT("cimode", "job");
  const failed = { kind: "failed", exitCode: 126, signal: null, by: null, reason: null };
  const facts = { limit: "1 h", peak: "1 MiB", said: null, language: "en" } as const;
  assert.deepEqual(endWords(t, failed, facts), ["end.exit", "end.exitMeaning.126"]);
  const said = "the working directory /x: No such file or directory";
  assert.deepEqual(endWords(t, failed, { ...facts, said }), ["end.exit"]);
});
