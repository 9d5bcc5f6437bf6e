import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import type { World } from "#core/scheduling/world.ts";

/** Who is planned of the first of the queue, and who is kept back for them (docs/decisions/0048). */
const scenarios: Record<string, string> = {
  "one that would delay the planned is kept back": `
    centre alpha  8 cores
    job filler cores 4 time 60
    place
    running filler
    job large  cores 8 time 60
    job long   cores 4 time 36000
    job other  cores 8 time 60
    expect long waits alpha: another-order
  `,
  "for one that waits for a licence nobody is: when it comes nobody can tell": `
    centre alpha  8 cores
    offers alpha licence=abaqus:0/1
    job filler cores 4 time 60
    place
    running filler
    job large  cores 8 time 60 asks licence=abaqus:1
    job long   cores 4 time 36000
    job other  cores 8 time 60 asks licence=abaqus:1
    expect long starts alpha
  `,
};

for (const [name, text] of Object.entries(scenarios)) test(name, () => void runScenario(text, policies.weir));

test("of more pools than a plan is made for those are planned where there is room", () => {
  const others = Array.from({ length: 40 }, (_, i) => `c${10 + i}`);
  const world = runScenario(
    `
    ${others.map((name) => `centre ${name}  8 cores`).join("\n")}
    ${others.map((name) => `job at${name} cores 8 time 36000 only ${name}`).join("\n")}
    place
    ${others.map((name) => `running at${name}`).join("\n")}
    centre zeta   8 cores
    job filler cores 4 time 60
    place
    running filler
    job large  cores 8 time 60
    job long   cores 4 time 36000
    job other  cores 8 time 60
    expect nothing starts
    `,
    policies.weir,
  );
  assert.equal(ruleAt(world, 43, "zeta"), "another-order");
});

test("what the nodes that are up cannot hold takes no place in the plan", () => {
  const huge = Array.from({ length: 60 }, (_, i) => `job huge${i} cores 8 time 10 called huge${i}`);
  const world = runScenario(
    `
    pool alpha/main  2×4  1×8 down
    job whole  cores 4 time 36000
    job filler cores 2 time 60
    place
    running whole
    running filler
    ${huge.join("\n")}
    job large  cores 4 time 60
    job long   cores 2 time 36000
    job other  cores 4 time 60
    `,
    policies.weir,
  );
  assert.equal(ruleAt(world, 64), "another-order");
});

function ruleAt(world: World, job: number, at = "alpha"): string | null | undefined {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  assert(explained.kind === "waiting");
  return explained.candidates.find(({ centre }) => centre === at)?.rule;
}
