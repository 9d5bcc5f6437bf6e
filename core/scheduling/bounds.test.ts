import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

// Where work may go by rules of its own, of its project and tenant, and by agreements between regions (docs/decisions/0050).

const scenarios: Record<string, string> = {
  "data stay where the job says, however full it is there, and go nowhere that has not said where it lies": `
    centre alpha  2 cores region cn-gz
    centre beta   8 cores region cn-sd
    centre gamma  8 cores
    job first   cores 2 residency cn-gz
    job second  cores 2 residency cn-gz
    job free    cores 2
    expect first starts alpha
    expect second waits alpha: cores-busy, beta: outside-residency, gamma: region-not-stated
    expect free starts beta
    job wide    cores 4 residency cn
    expect wide starts beta
    job nowhere cores 1 residency cn-bj
    expect nowhere impossible
  `,
  "a rule of the project and one of the tenant both hold, and no job widens them": `
    centre alpha  8 cores region cn-gz
    centre beta   8 cores region cn-sd
    bound project 2 residency cn-gz
    bound tenant 3 residency cn-sd,cn-gz
    job one   cores 1 of 2
    job two   cores 1 of 2 residency cn-sd
    job three cores 1 of 2 tenant 3 only beta
    job four  cores 1 of 4 tenant 3 prefer beta
    job other cores 1 prefer beta
    expect one starts alpha
    expect two impossible
    expect two waits alpha: outside-residency, beta: outside-residency
    expect three waits alpha: not-among-wished, beta: outside-residency
    expect four starts beta
    expect other starts beta
  `,
  "a rule that is set while work waits binds it, and one that is taken away frees it": `
    centre alpha  1 cores region cn-gz
    centre beta   1 cores region cn-sd
    job large  cores 1 time 600 only alpha of 9 by 9
    job held   cores 1 time 600 only beta of 9 by 9
    place
    job one    cores 1 of 2 by 2
    bound project 2 residency cn-sd
    end large ok
    expect one waits alpha: outside-residency, beta: cores-busy
    bound project 2
    expect one starts alpha
  `,
  "a centre that comes to lie elsewhere takes nothing more of what may not be there": `
    centre alpha  8 cores region cn-gz
    job one  cores 1 residency cn-gz
    expect one starts alpha
    centre alpha  region cn-sd
    expect one waits alpha: outside-residency
  `,
  "another attempt, and what was asked back, stay where data may be": `
    pool alpha/batch  1×8 shared foreign free 0 ours 0
    centre alpha  region cn-gz
    centre beta   8 cores region cn-sd
    job one  cores 8 residency cn-gz
    expect one queues alpha
    place
    queued one 100000
    expect nothing moves
    retry one
    expect one queues alpha
  `,
  "domestic only: by the vendor of the cards, by what the operator says of a pool, and of none that says nothing": `
    pool alpha/gpu  1×8 cards 4 nvidia/a100
    pool beta/npu   1×8 cards 4 huawei/ascend-910
    pool gamma/any  1×8 cards 4 new/card domestic
    pool delta/cpu  1×8
    job cards  cards 2 any domestic
    job new    cards 2 new/card domestic
    job a100   cards 1 nvidia/a100 domestic
    job cores  cores 1 domestic
    expect cards starts beta
    expect new starts gamma
    expect a100 impossible
    expect cores starts gamma
    pool beta/npu   1×8 cards 4 huawei/ascend-910 not-domestic
    pool gamma/any  1×8 cards 4 new/card
    expect cards waits alpha: not-domestic, beta: not-domestic, delta: no-such-accelerator, gamma: not-domestic
    expect cores impossible
  `,
  "of a pool with cards of both kinds a domestic job has the domestic ones": `
    pool alpha/mixed  1×8 cards 4 nvidia/a100 1×8 cards 2 huawei/ascend-910
    job two   cards 2 any domestic
    job any   cards 4 any
    job more  cards 1 any domestic
    expect two starts alpha
    expect any starts alpha
    expect more waits alpha: accelerators-busy
  `,
  "a project of domestic work only": `
    pool alpha/gpu  1×8 cards 4 nvidia/a100
    pool beta/npu   1×8 cards 4 huawei/ascend-910
    bound project 2 domestic
    job bound  cards 1 any of 2 prefer alpha
    job free   cards 1 any prefer alpha
    expect bound starts beta
    expect free starts alpha
    bound project 2
    expect bound starts alpha
  `,
  "a fresh network lets all go everywhere; refused otherwise, nothing crosses without an agreement": `
    centre alpha  8 cores region cn-gz
    centre beta   8 cores region cn-sd
    centre gamma  8 cores
    bound tenant 1 region cn-sd
    job one    cores 1 only alpha
    job home   cores 1 only beta
    job nobody cores 1 of 5 by 5 tenant 5 only beta
    expect one starts alpha
    agree otherwise refused
    expect one waits alpha: no-agreement, beta: not-among-wished, gamma: not-among-wished
    expect one impossible
    expect home starts beta
    expect nobody waits alpha: not-among-wished, beta: no-agreement, gamma: not-among-wished
    agree cn-sd cn-gz
    expect one starts alpha
    expect nobody waits alpha: not-among-wished, beta: no-agreement, gamma: not-among-wished
    agree otherwise allowed
    expect nobody starts beta
  `,
  "an agreement holds in its direction": `
    centre alpha  8 cores region cn-gz
    centre beta   8 cores region cn-sd
    agree otherwise refused
    agree cn-sd cn-gz
    bound tenant 1 region cn-sd
    bound tenant 2 region cn-gz
    job there  cores 1 only alpha
    job back   cores 1 only beta of 2 tenant 2
    expect there starts alpha
    expect back waits alpha: not-among-wished, beta: no-agreement
  `,
  "of each pool visitors hold no more than was agreed, together, and keep back visitors alone": `
    centre alpha  8 cores region cn-gz
    agree cn-sd,cn-bj cn-gz share 50
    bound tenant 1 region cn-sd
    bound tenant 2 region cn-bj
    bound tenant 3 region cn-gz
    job first   cores 2 time 600
    job second  cores 3 of 2 by 2 tenant 2 time 600
    job third   cores 1 of 2 by 2 tenant 2 time 600
    job own     cores 5 of 3 by 3 tenant 3 time 600
    job large   cores 5
    expect first starts alpha
    expect second waits alpha: agreement-used
    expect third waits alpha: behind-in-queue
    expect own starts alpha
    expect large impossible
    expect large waits alpha: above-agreement
    place
    end first ok
    expect second starts alpha
    expect third waits alpha: cores-busy
  `,
  "what waits in the queue of a shared pool counts": `
    pool alpha/batch  4×8 shared foreign free 0
    centre alpha  region cn-gz
    agree cn-sd cn-gz share 25
    bound tenant 1 region cn-sd
    job one  cores 8
    job two  cores 8
    job own  cores 8 of 2 by 2 tenant 2
    expect one queues alpha
    expect two waits alpha: agreement-used
    expect own queues alpha
    place
    queued one
    expect two waits alpha: agreement-used
    end one ok
    expect two queues alpha
  `,
  "cards are shared out too, shares of cards by what is given": `
    pool alpha/batch  1×8 cards 4 x/npu parts 4
    centre alpha  region cn-gz
    agree cn-sd cn-gz share 50
    bound tenant 1 region cn-sd
    job one    cards 1 x/npu
    job half   cards 1 x/npu share 500
    job more   cards 1 x/npu share 600
    job rest   cards 1 x/npu share 300
    expect one starts alpha
    expect half starts alpha
    expect more waits alpha: agreement-used
    expect rest waits alpha: behind-in-queue
  `,
  "agreements that come while runs run count those too": `
    centre alpha  8 cores region cn-gz
    bound tenant 1 region cn-sd
    job one  cores 4
    place
    agree cn-sd cn-gz share 50
    job two  cores 1
    expect two waits alpha: agreement-used
    centre alpha  region cn-sd
    expect two starts alpha
    centre alpha  region cn-gz
    expect two waits alpha: agreement-used
    end one ok
    expect two starts alpha
  `,
};

for (const [name, scenario] of Object.entries(scenarios))
  test(name, () => {
    runScenario(scenario);
  });

test("the same by Weir's own policy, where small work comes first", () => {
  const policy = { ...policies.weir, fairness: null, prediction: null, lookahead: null };
  runScenario(
    `
    centre alpha  8 cores region cn-gz
    agree cn-sd cn-gz share 50
    bound tenant 1 region cn-sd
    bound tenant 3 region cn-gz
    job first  cores 3 time 600
    place
    job large  cores 4 time 60
    job own    cores 5 of 3 by 3 tenant 3 time 600
    expect large waits alpha: agreement-used
    expect own starts alpha
    `,
    policy,
  );
});

test("work starts under an agreement in its hours alone, and the plan says when to look again", () => {
  const world = runScenario(`
    pool alpha/batch  4×8 shared
    centre alpha  region cn-gz
    agree cn-sd cn-gz hours 20:00-08:00
    bound tenant 1 region cn-sd
    job one  cores 1
    job own  cores 1 of 2 by 2 tenant 2
  `);
  const at = (text: string) => Date.parse(`2026-11-23T${text}+08:00`);
  const noon = world.decide(at("12:00"), 10);
  assert.deepEqual([noon.place.map(({ job }) => job), noon.againMs], [[2], at("20:00")]);
  const explained = world.explain({ job: noon.place[0]?.job ?? assert.fail(), index: 0 }, at("12:00"));
  assert(explained.kind === "waiting" && explained.wouldGoTo === centreId("alpha"));
  const night = world.decide(at("20:00"), 10);
  assert.deepEqual(
    night.place.map(({ job }) => job),
    [1, 2],
  );
});

test("reasons name who binds, the regions and the remedy, in both languages", () => {
  const words = (rule: string, facts: Record<string, string | number>) =>
    (["en", "zh"] as const).map((language) => reasonWords(rule, facts, language));
  assert.deepEqual(words("outside-residency", { region: "cn-sd", allowed: "cn-gz", by: "project" }), [
    "lies in cn-sd, and its project allows its data in cn-gz only",
    "位于 cn-sd，而其项目只允许数据存放于 cn-gz",
  ]);
  const [en, zh] = words("agreement-hours", { from: "cn-sd", to: "cn-gz", day: 1, time: "20:00" });
  assert.match(en ?? "", /may start there again on Monday at 20:00$/);
  assert.match(zh ?? "", /须到周一 20:00/);
});
