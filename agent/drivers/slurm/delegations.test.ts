import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { type Delegation, judge, whatIsMissing } from "./delegations.ts";

test("weir-delegate speaks the terminal's language", () => {
  const said = (LANG: string) =>
    spawnSync("perl", [join(import.meta.dirname, "../../helper/weir-delegate"), "--lifespan", "soon"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LANG, PERL_BADLANG: "0" },
    }).stderr;
  assert.match(said("C.UTF-8"), /^(?:--lifespan: whole seconds|run it as yourself: root has nothing to lend)\n$/);
  assert.match(said("zh_CN.UTF-8"), /^(?:--lifespan：应为整数秒|请以本人身份运行：root 没有可委托的令牌)\n$/);
});

import { type MappingEntry, resolveMapping } from "./mapping.ts";

// When an account serves by what its user lends; the clusters' own test has the rest.

const [hourMs, nowMs] = [3_600_000, 1_000 * 3_600_000];
const entry = (readiness: MappingEntry["readiness"]): MappingEntry => ({
  person: 2,
  project: null,
  user: "lihua",
  account: null,
  qos: null,
  readiness,
});
const lent = (leftMs: number, lifeMs: number, takenMs = nowMs - 1): Delegation => ({
  user: "lihua",
  endsMs: nowMs + leftMs,
  takenMs,
  lifeMs,
});
const [ready, failed] = [
  entry({ kind: "ready", sinceMs: 1 }),
  entry({ kind: "created", sinceMs: nowMs - 5, words: "it was refused" }),
];
const waits = entry({ kind: "needs-credential", sinceMs: 1, words: "they lend nothing" });

test("near its end: a tenth of its life, at most an hour", () => {
  assert.equal(whatIsMissing(lent(2 * hourMs, 24 * hourMs), nowMs), null);
  assert.match(whatIsMissing(lent(hourMs, 24 * hourMs), nowMs) ?? "", /ends at 1970-02-11T17:00:00Z.*weir-delegate/);
  assert.equal(whatIsMissing(lent(7_000, 60_000), nowMs), null);
  assert.notEqual(whatIsMissing(lent(6_000, 60_000), nowMs), null);
  assert.match(whatIsMissing(lent(0, hourMs), nowMs) ?? "", /has ended/);
  assert.match(whatIsMissing(null, nowMs) ?? "", /lend no credential/);
});

test("an account waits for the credential, is tried with a new one, and is otherwise left alone", () => {
  const good = lent(20 * hourMs, 24 * hourMs);
  assert.equal(judge(ready, null, nowMs)?.kind, "needs-credential");
  assert.equal(judge(ready, good, nowMs), null);
  assert.deepEqual(judge(waits, good, nowMs), { kind: "created", sinceMs: nowMs, words: null });
  assert.equal(judge(waits, null, nowMs)?.kind, "needs-credential", "its words have changed");
  const said = judge(waits, null, nowMs);
  assert.ok(said && judge(entry(said), null, nowMs) === null, "told once");
  assert.equal(judge(failed, lent(hourMs * 20, hourMs * 24, nowMs - 9), nowMs), null);
  assert.deepEqual(judge(failed, good, nowMs), { kind: "created", sinceMs: nowMs, words: null });
  for (const kind of ["removed", "requested"] as const)
    assert.equal(judge(entry({ kind, sinceMs: 1 }), null, nowMs), null, kind);
});

test("who waits for a credential is not refused for good", () => {
  const named = { id: 2, name: "li" };
  assert.equal(resolveMapping([waits], named, named).kind, "needs-credential");
  assert.equal(resolveMapping([failed], named, named).kind, "not-ready");
});
