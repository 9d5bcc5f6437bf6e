import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId } from "#core/ids.ts";
import { classNamed, type JobClass } from "#core/job/job-class.ts";
import type { Language } from "#core/language.ts";
import { orderWords } from "#core/scheduling/order-words.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { runScenario } from "./scenario-testing.ts";
import type { World } from "./world.ts";

// Priority classes as data of the policy (docs/decisions/0092): their order, who makes way for whom, and their bounds.

const plain: Policy = { ...policies.weir, fairness: null, prediction: null, lookahead: null };

function withClasses(classes: readonly JobClass[], more: Partial<Policy> = {}): Policy {
  return { ...plain, classes, defaultClass: "standard", preemption: null, ...more };
}

const urgent: JobClass = { ...classNamed("urgent"), zh: "紧急" };
const [standard, filler] = [classNamed("standard"), classNamed("filler")];
const four = withClasses([urgent, classNamed("teaching"), standard, filler]);

test("the first class goes first, then each in turn, whoever came first", () => {
  runScenario(
    `
    centre alpha  4 cores
    job before    cores 4 time 60 priority standard
    place
    job filling   cores 4 priority filler
    job ordinary  cores 4 priority standard
    job lesson    cores 4 priority teaching
    job now       cores 4 priority urgent
    end before ok
    expect now starts alpha
    place
    end now ok
    expect lesson starts alpha
    place
    end lesson ok
    expect ordinary starts alpha
    place
    end ordinary ok
    expect filling starts alpha
    `,
    four,
  );
});

test("a class that the policy dropped counts as its default, in the order and in who makes way, and that is said", () => {
  const text = `
    centre alpha  4 cores
    job before    cores 4 time 60
    place
    job filling   cores 4 priority filler
    job lesson    cores 4 priority teaching
    job ordinary  cores 4 priority standard
    job now       cores 4 priority urgent
    end before ok
    expect now starts alpha
    place
    end now ok
    expect lesson starts alpha
    place
    end lesson ok
    expect ordinary starts alpha`;
  const dropped = withClasses([urgent, standard, filler]);
  runScenario(text, dropped);
  const world = runScenario(
    `
    centre alpha  4 cores
    job before    cores 4 time 60
    place
    job lesson    cores 4 priority teaching
    `,
    dropped,
  );
  const order = orderOf(world, 2);
  assert.deepEqual([order.class, order.droppedClass], ["standard", "teaching"]);
  assert.match(
    orderWords(order, dropped, "en"),
    /its class teaching is none of this policy's any more, so it counts as the default, standard/,
  );
  assert.match(orderWords(order, dropped, "zh"), /等级 teaching 已不在现行策略中，按默认等级“standard”处理/);
  runScenario(
    `
    centre alpha  4 cores
    job lesson    cores 4 time 3600 priority teaching preemptible restarts
    place
    running lesson
    job now       cores 4 priority urgent
    expect lesson make-way now
    `,
    { ...dropped, preemption: { ...policies.weir.preemption, of: { urgent: ["standard"] } } },
  );
});

test("who makes way for whom is by the classes' names, and never for a class that has none behind it", () => {
  const preemption = { ...policies.weir.preemption, of: { urgent: ["filler"], teaching: ["filler"] } };
  const policy = { ...four, preemption };
  const busy = (of: string) => `
    centre alpha  4 cores
    job running  cores 4 time 3600 priority ${of} preemptible restarts
    place
    running running
    job waits    cores 4`;
  for (const [of, by, makesWay] of [
    ["filler", "urgent", true],
    ["filler", "teaching", true],
    ["filler", "standard", false],
    ["standard", "urgent", false],
    ["teaching", "urgent", false],
  ] as const)
    runScenario(`${busy(of)} priority ${by}\nexpect ${makesWay ? "running" : "nobody"} make-way waits`, policy);
});

test("the classes are called in the words of the policy", () => {
  const world = runScenario(
    `
    centre alpha  4 cores
    job before    cores 4 time 60
    place
    job now       cores 4 priority urgent
    job ordinary  cores 4
    `,
    { ...four, defaultClass: "standard" },
  );
  const said = (job: number, language: Language) => orderWords(orderOf(world, job), four, language);
  assert.match(said(2, "zh"), /优先级紧急/);
  assert.match(said(2, "en"), /priority urgent/);
  // `normal`, which scenarios ask for where they say nothing, is none of these.
  assert.match(said(3, "en"), /priority standard; its class normal is none/);
});

test("of a class a project, a person and a tenant start no more at once than they may hold in it; other classes and others pass", () => {
  for (const [field, mine, theirs, by] of [
    ["mostCoresOfProject", "of 2 by 2 tenant 2", "of 3 by 2 tenant 2", "its project"],
    ["mostCoresOfPerson", "of 2 by 2 tenant 2", "of 2 by 3 tenant 2", "its submitter"],
    ["mostCoresOfTenant", "of 2 by 2 tenant 2", "of 3 by 3 tenant 3", "its tenant"],
  ] as const) {
    const policy = withClasses([{ ...urgent, [field]: 4 }, standard]);
    for (const each of [policy, { ...policy, order: { kind: "fcfs" }, backfill: "none" }] as const) {
      const world = runScenario(
        `
        centre alpha  16 cores
        job one    cores 4 priority urgent ${mine}
        place
        running one
        job two    cores 1 priority urgent ${mine}
        job three  cores 1 priority standard ${mine}
        job four   cores 4 priority urgent ${theirs}
        expect two waits class-holds-its-cores
        expect three starts alpha
        expect four starts alpha
        `,
        each,
      );
      const explained = world.explain({ job: jobId(2), index: 0 }, 1000);
      assert(explained.kind === "waiting");
      const words = (language: Language) => reasonWords(explained.rule, explained.facts, language);
      assert.equal(
        words("en"),
        `${by} may hold 4 cores at once in priority class urgent, and holds 4; this asks for 1`,
      );
      assert.match(words("zh"), /在优先级 urgent 中同时至多占用 4 核，已占用 4 核；本作业申请 1 核/);
    }
  }
});

test("what a class bounds is free again when a run of it ends, and by the next policy", () => {
  const policy = withClasses([{ ...urgent, mostCoresOfProject: 4 }, standard]);
  const text = `
    centre alpha  16 cores
    job one    cores 4 priority urgent
    place
    running one
    job two    cores 4 priority urgent
    job large  cores 5 priority urgent
    expect two waits class-holds-its-cores
    expect large waits class-cores-too-few
    expect nothing starts`;
  runScenario(`${text}\nend one ok\nexpect two starts alpha\nexpect large waits class-cores-too-few`, policy);
  const world = runScenario(text, policy);
  const startsBy = (next: Policy) => {
    world.apply({ kind: "policy-set", policy: next, weights: [], atMs: 2000 });
    return world.decide(2000, 10).place.map(({ job }) => job);
  };
  assert.deepEqual(startsBy(withClasses([urgent, standard])), [2, 3]);
  assert.deepEqual(startsBy(withClasses([{ ...urgent, mostCoresOfProject: 8 }, standard])), [2]);
  assert.deepEqual(startsBy(policy), [], "what runs is counted anew");
});

test("the first of a class ahead of the default holds a reservation under a plan, that of others is the plan's", () => {
  const policy: Policy = { ...four, lookahead: policies.weir.lookahead };
  const text = (priority: string) => `
    centre alpha  4 cores
    job runs    cores 2 time 100
    place
    running runs
    job wide    cores 4 time 50 priority ${priority}
    job beside  cores 2 time 200 priority standard`;
  runScenario(`${text("teaching")}\nexpect beside waits alpha: reserved-for-earlier`, policy);
  runScenario(`${text("standard")}\nexpect beside waits alpha: another-order`, policy);
});

function orderOf(world: World, job: number) {
  const explained = world.explain({ job: jobId(job), index: 0 }, 1000);
  assert(explained.kind === "waiting" && explained.order);
  return explained.order;
}
