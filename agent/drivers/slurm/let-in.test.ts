import assert from "node:assert/strict";
import { test } from "node:test";
import { type Engine, EngineSilent, PolicyRefusal } from "./engine.ts";
import { isNotLetIn, sparingWhoIsNotLetIn } from "./let-in.ts";

// Each refusal is an alert at the site: who is not let in is asked about less and less often, and found again.

test("a user who is not let in is asked about less and less often, the others as ever, and is found again", async () => {
  let nowMs = 0;
  let rule: string | null = "group";
  let asked = 0;
  const told: unknown[] = [];
  const answer = async (user: string) => {
    if (user === "wang") return [];
    asked += 1;
    if (rule !== null) throw rule === "silent" ? new EngineSilent("no answer") : new PolicyRefusal("no", rule);
    return [];
  };
  const engine = Object.fromEntries(
    ["records", "list", "jobs", "chunks", "cancel", "warn"].map((name) => [name, answer]),
  ) as unknown as Engine;
  const changed = (user: string, by: string | null) => told.push([user, by]);
  const sparing = sparingWhoIsNotLetIn(engine, { monotonicMs: () => nowMs, changed });
  const turn = async () => {
    await Promise.allSettled([sparing.records("li", [], []), sparing.list("li", "", 1), sparing.records("li", [], [])]);
    await sparing.records("wang", [], []);
  };
  await turn();
  assert.deepEqual([asked, told], [3, [["li", "group"]]], "those that were on their way");
  const others = [sparing.jobs("li", []), sparing.chunks("li", ""), sparing.cancel("li", [], "all")];
  const kinds = await Promise.allSettled([...others, sparing.warn("li", [], "USR1")]);
  assert.deepEqual([kinds.map(({ status }) => status), asked], [Array.from({ length: 4 }, () => "rejected"), 3]);
  for (; nowMs < 3_600_000; nowMs += 500) await turn();
  // 10, 20, 40, 80, 160 s, then every 300 s.
  assert.equal(asked, 3 + 5 + Math.floor((3_600 - 310) / 300));
  assert.equal(told.length, 1);
  rule = "silent";
  nowMs += 300_000;
  await turn();
  assert.equal(told.length, 1, "no answer is no answer");
  rule = null;
  nowMs += 300_000;
  await turn();
  assert.deepEqual(told, [
    ["li", "group"],
    ["li", null],
  ]);
  const before = asked;
  await turn();
  assert.equal(asked, before + 3, "as ever again");
});

test("the kill switch, limits and a credential that ended are not about who somebody is", () => {
  for (const rule of ["user", "root", "min-uid", "group", "forbidden-user", "forbidden-group"])
    assert(isNotLetIn(new PolicyRefusal("", rule)));
  for (const rule of ["stopped", "max-cores", "credential", "foreign-job", "runs"])
    assert(!isNotLetIn(new PolicyRefusal("", rule)));
  assert(!isNotLetIn(new EngineSilent("")));
});
