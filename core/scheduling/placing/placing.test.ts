import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId } from "#core/ids.ts";
import { scoreWords } from "#core/scheduling/placing/score-terms.ts";
import { type Placing, type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";
import type { World } from "#core/scheduling/world.ts";

const { weir } = policies;
const minding = (weights: Partial<Placing>): Policy => ({ ...weir, placing: { ...weir.placing, ...weights } });

test("of the centres that can start it now the faster one, though another has more room", () => {
  runScenario(
    `
    pool alpha/main  1×64
    pool beta/main   1×8 speed 2
    job large  cores 4 time 3600
    expect large starts beta
    job brief  cores 4 time 60       # half a minute is nothing to go by
    expect brief starts alpha
    `,
    weir,
  );
});

test("a centre's carbon counts as the policy says, and without a figure nothing is made up", () => {
  const text = `
    pool alpha/main  1×64 carbon 900
    pool beta/main   1×8 carbon 100
    job long  cores 4 time 36000
  `;
  runScenario(`${text}\n expect long starts beta`, weir);
  runScenario(`${text}\n expect long starts alpha`, minding({ carbonWeight: 0 }));
  runScenario(text.replace(" carbon 100", "").replace("expect long starts alpha", "expect long starts beta"), weir);
});

test("where runs were lost to failing nodes others are preferred, until it is long ago", () => {
  const lives = `
    pool alpha/main  1×64
    pool beta/main   1×8
    job first  cores 8 time 36000
    place
    running first
    lost first
    retry first
    end first failed
    job next   cores 4 time 36000
  `;
  runScenario(`${lives}\n expect next starts beta`, weir);
  runScenario(`${lives}\n expect next starts alpha`, minding({ riskWeight: 0 }));
  runScenario(`${lives.replace("lost first", "")}\n expect next starts alpha`, weir);
});

test("a queue is chosen by how long such work waited there, and before a start now only for a much faster place", () => {
  // The same job comes again and again: at alpha it waited an hour, at beta ten minutes.
  const learnt = `
    pool alpha/main  1×8 shared foreign free 0
    job old1  cores 8 time 3600
    place
    queued old1
    at 3600
    running old1
    end old1 ok
    centre alpha suspended
    pool beta/main  1×8 shared foreign free 0
    job old2  cores 8 time 3600
    place
    queued old2
    at 4200
    running old2
    end old2 ok
    centre alpha open
    job next  cores 8 time 3600
  `;
  runScenario(`${learnt}\n expect next queues beta`, weir);
  runScenario(`${learnt}\n pool gamma/main 1×8\n expect next starts gamma`, weir);
  runScenario(`${learnt}\n pool gamma/main 1×8 speed 0.5\n expect next queues beta`, weir);
});

test("the score stands with each centre where it could run, and its words say every part", () => {
  const world = runScenario(
    `
    pool alpha/main  1×8 speed 2 carbon 500
    pool beta/main   1×2
    job ahead  cores 8 time 1000
    place
    running ahead
    job next   cores 8 time 1000
    `,
    weir,
  );
  const [alpha, beta] = candidates(world, 2);
  assert.deepEqual(alpha?.score, { startsInS: 1000, runS: 500, priceS: 0, carbonS: 25, riskS: 0 });
  assert.equal(beta?.score, undefined);
  assert.ok(alpha?.score);
  const words = "score 25 min 25 s (starts in 16 min 40 s, runs at most 8 min 20 s, carbon 25 s)";
  assert.equal(scoreWords(alpha.score, "en"), words);
  assert.equal(
    scoreWords(alpha.score, "zh"),
    "评分 25 分钟 25 秒（16 分钟 40 秒后开始，运行至多 8 分钟 20 秒，碳排放 25 秒）",
  );
});

test("with a placement only what was weighed is kept", () => {
  const plain = runScenario("pool alpha/main 1×8\n job one cores 1", weir);
  assert.equal(plain.decide(0, 10).place[0]?.candidates[0]?.score, undefined);
  const faster = runScenario("pool alpha/main 1×8 speed 2\n job one cores 1 time 100", weir);
  assert.equal(faster.decide(0, 10).place[0]?.candidates[0]?.score?.runS, 50);
});

function candidates(world: World, job: number) {
  const explained = world.explain({ job: jobId(job), index: 0 }, 0);
  return explained.kind === "waiting" ? explained.candidates : [];
}
