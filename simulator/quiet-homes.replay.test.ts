import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { measure } from "./metrics.ts";
import { besideOverloaded, quietHomes } from "./quiet-homes-testing.ts";

// Nobody is worse off: not the users of a quiet home either, where a centre joins that is always overloaded (docs/decisions/0087).

for (const homes of [...quietHomes.map((home) => [home]), quietHomes])
  test(`beside an overloaded centre a home is hardly worse off than alone: ${homes.map(({ name }) => name).join("; ")}`, () => {
    const workload = besideOverloaded(homes, 0);
    const alone = meansOf(workload, policies.easy, "home");
    const together = meansOf(workload, policies.weir, "weir");
    for (const at of homes.keys())
      assert.ok((together[at] ?? 0) <= 1.2 * (alone[at] ?? 0) + 200, `${together[at]} s, alone ${alone[at]} s`);
    assert.ok((together.at(-1) ?? 0) < (alone.at(-1) ?? 0), `the other ${together.at(-1)} s, alone ${alone.at(-1)} s`);
  });

test("without an allowance visitors come in whatever they cost", () => {
  const [small] = quietHomes;
  const homePriority = { ...policies.weir.homePriority, allowanceS: null };
  const [openS = 0] = meansOf(besideOverloaded([small], 0), { ...policies.weir, homePriority }, "weir");
  assert.ok(openS > 1000, `${openS} s`);
});

function meansOf(workload: Workload, policy: Policy, routing: "home" | "weir"): readonly number[] {
  const replayed = replay(workload, { policy, routing, seed: 0 });
  assert.ok(replayed.kind === "schedule");
  return measure(workload, replayed.schedule).perHome.map(({ meanWaitS }) => meanWaitS);
}
