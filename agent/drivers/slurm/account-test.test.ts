import assert from "node:assert/strict";
import { test } from "node:test";
import { testAccount } from "./account-test.ts";
import type { Engine, SubmitAnswer } from "./engine.ts";

test("an account that the site's policy refuses says by which line, one that Slurm refuses by none", async () => {
  const tried = (answer: SubmitAnswer) => {
    const engine: Pick<Engine, "submit" | "remove"> = { submit: async () => answer, remove: async () => "removed" };
    const entry = { user: "root", account: "ai-lab", qos: null };
    return testAccount(engine as Engine, entry, "batch", { mostMs: 1000, everyMs: 10 });
  };
  const ofPolicy = await tried({ kind: "refused", words: "root has uid 0", rule: "root" });
  assert.deepEqual(ofPolicy, { kind: "failed", words: "root has uid 0", rule: "root" });
  const ofSlurm = await tried({ kind: "refused", words: "Invalid account" });
  assert.deepEqual(ofSlurm, { kind: "failed", words: "Invalid account", rule: null });
});
