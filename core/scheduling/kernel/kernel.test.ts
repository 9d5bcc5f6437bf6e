import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, policies } from "../policy.ts";
import { replay } from "./replay.ts";
import { routings } from "./routings.ts";
import { checkScenario, type PlainJob, workloadOf } from "./scenario-testing.ts";

// Each rule of docs/guides/simulate.md where it shows.

const blocked = `
  centre alpha 10
  job first  at 0  run 10  needs 8
  job wide   at 1  run 5   needs 6
  job small  at 2  run 4   needs 2
  job long   at 3  run 20  needs 2
`;

test("first come, first served: the head blocks all behind it", () => {
  checkScenario(
    "fcfs",
    "home",
    `${blocked}
    expect wide  starts 10
    expect small starts 10
    expect long  starts 10
  `,
  );
});

test("EASY: who ends before the head's start, or takes what is extra then, goes ahead", () => {
  checkScenario(
    "easy",
    "home",
    `${blocked}
    expect small starts 2   # over at 6, before the head's 10
    expect wide  starts 10
    expect long  starts 6   # past 10, but 4 are extra beside the head then
  `,
  );
});

test("EASY: the extra is used up by those who take it", () => {
  checkScenario(
    "easy",
    "home",
    `
    centre alpha 10
    job first   at 0  run 10  needs 6
    job wide    at 1  run 5   needs 8   # 10 are free at 10: 2 are extra
    job long    at 2  run 20  needs 2
    job longer  at 2  run 20  needs 2   # none are left
    expect long   starts 2
    expect wide   starts 10
    expect longer starts 15
  `,
  );
});

test("EASY believes the time asked for, and an early end brings the head forward", () => {
  checkScenario(
    "easy",
    "home",
    `
    centre alpha 4
    job first at 0 run 3 asks 10 needs 4
    job wide  at 1 run 5 needs 4
    expect wide starts 3
  `,
  );
});

test("of those that may go ahead, easy-sjbf takes the shortest first", () => {
  const two = `
    centre alpha 4
    job first  at 0  run 10  needs 3
    job wide   at 1  run 5   needs 4
    job longer at 2  run 6   needs 1
    job short  at 2  run 3   needs 1
  `;
  checkScenario(
    "easy",
    "home",
    `${two}
    expect longer starts 2
    expect short  starts 15
  `,
  );
  checkScenario(
    "easy-sjbf",
    "home",
    `${two}
    expect short  starts 2
    expect longer starts 15
  `,
  );
});

test("a queue by time asked for, and one by area", () => {
  const three = `
    centre alpha 4
    job first at 0 run 10 needs 4
    job late  at 1 run 9  needs 1
    job short at 2 run 2  needs 4
    job small at 3 run 3  needs 2
  `;
  checkScenario(
    "sjf-easy",
    "home",
    `${three}
    expect short starts 10
    expect small starts 12
  `,
  );
  checkScenario(
    "saf-easy",
    "home",
    `${three}
    expect small starts 10   # an area of 6 against 8 and 9
    expect short starts 13
    expect late  starts 15   # it would have been in the way of short
  `,
  );
});

test("a job that comes later may become the head, and the reservation is made anew", () => {
  checkScenario(
    "sjf-easy",
    "home",
    `
    centre alpha 4
    job first  at 0 run 10 needs 3
    job wide   at 1 run 8  needs 4
    job filler at 2 run 9  needs 1   # past the head's start at 10
    job brief  at 3 run 2  needs 2   # now it is the head, and leaves room beside it
    expect brief  starts 10
    expect filler starts 3
  `,
  );
});

test("conservative: nobody is delayed by who came later, so a hole must be long enough for all", () => {
  const plan = `
    centre alpha 10
    job first at 0 run 10 needs 8
    job wide  at 1 run 10 needs 10
    job next  at 2 run 10 needs 8
    job long  at 3 run 12 needs 2
  `;
  checkScenario(
    "easy",
    "home",
    `${plan}
    expect long starts 20
  `,
  );
  checkScenario(
    "conservative",
    "home",
    `${plan}
    expect wide starts 10
    expect next starts 20
    expect long starts 20
  `,
  );
});

test("conservative makes its plan anew after an early end, first come first served", () => {
  checkScenario(
    "conservative",
    "home",
    `
    centre alpha 4
    job first at 0 run 4 asks 10 needs 4
    job wide  at 1 run 5 needs 3
    job small at 2 run 5 needs 1
    expect wide  starts 4
    expect small starts 4
  `,
  );
});

test("all ends of an instant come before its submissions, and both before the pass", () => {
  checkScenario(
    "fcfs",
    "home",
    `
    centre alpha 4
    job first at 0 run 5 needs 4
    job next  at 5 run 1 needs 4
    expect next starts 5
  `,
  );
});

test("central: a job goes where fewest stay free, and the head is promised to the earliest shadow, home first", () => {
  checkScenario(
    "easy",
    "central",
    `
    centre alpha 8
    centre beta  4
    job small  at 0 run 10 needs 2 home alpha   # beta keeps 2, alpha would keep 6
    job large  at 1 run 6  needs 8 home alpha
    job head   at 2 run 5  needs 4 home beta    # alpha at 7, beta at 10
    job filler at 3 run 5  needs 2 home alpha   # past 7, but not at alpha
    expect small  starts 0 on beta
    expect large  starts 1 on alpha
    expect head   starts 7 on alpha
    expect filler starts 3 on beta
  `,
  );
});

test("central: of equal shadows the head's home counts, else the first centre; there nobody gets in its way", () => {
  for (const home of ["alpha", "beta"]) {
    const other = home === "alpha" ? "beta" : "alpha";
    checkScenario(
      "easy",
      "central",
      `
      centre alpha 4
      centre beta  4
      job one  at 0 run 10 needs 3 home alpha
      job two  at 0 run 10 needs 3 home beta
      job head at 1 run 5  needs 4 home ${home}
      job long at 2 run 20 needs 1 home ${home}
      expect head starts 10 on ${home}
      expect long starts 2 on ${other}
    `,
    );
  }
});

test("home keeps jobs where they were submitted, merged makes one machine", () => {
  const two = `
    centre alpha 4
    centre beta  4
    job one at 0 run 10 needs 4 home alpha
    job two at 1 run 10 needs 4 home alpha
  `;
  checkScenario(
    "easy",
    "home",
    `${two}
    expect two starts 10 on alpha
  `,
  );
  checkScenario(
    "easy",
    "merged",
    `${two}
    expect two starts 1
  `,
  );
  checkScenario(
    "easy",
    "least-load",
    `${two}
    expect two starts 1 on beta
  `,
  );
});

test("earliest-start goes by the times asked for, least-load by the work", () => {
  const two = `
    centre alpha 4
    centre beta  4
    job broad at 0 run 10 needs 4 home alpha
    job thin  at 0 run 30 needs 1 home beta
    job next  at 1 run 5  needs 4 home alpha
  `;
  checkScenario(
    "easy",
    "least-load",
    `${two}
    expect next starts 30 on beta
  `,
  );
  checkScenario(
    "easy",
    "earliest-start",
    `${two}
    expect next starts 10 on alpha
  `,
  );
});

test("of centres that are as good a job is bound to its home, else to the first", () => {
  for (const routing of ["least-load", "earliest-start"] as const)
    checkScenario(
      "easy",
      routing,
      `
    centre alpha 4
    centre beta  4
    centre gamma 4
    job own   at 0 run 10 needs 1 home beta
    job broad at 1 run 10 needs 4 home beta
    job late  at 2 run 10 needs 4 home beta
    expect own   starts 0 on beta
    expect broad starts 1 on alpha
    expect late  starts 2 on gamma
  `,
    );
});

test("RLScheduler's queue: the chosen job blocks although a shorter one comes", () => {
  const kept = `
    centre alpha 4
    job first at 0 run 10 needs 4
    job long  at 1 run 9  needs 4
    job short at 2 run 1  needs 4
  `;
  checkScenario(
    "sjf",
    "home",
    `${kept}
    expect short starts 10
    expect long  starts 11
  `,
  );
  checkScenario(
    "rl-sjf",
    "home",
    `${kept}
    expect long  starts 10
    expect short starts 19
  `,
  );
});

test("RLScheduler's backfill: whoever is due before the window's end, in order of submission", () => {
  checkScenario(
    "rl-fcfs-backfill",
    "home",
    `
    centre alpha 4
    job first at 0 run 10 needs 2
    job wide  at 1 run 5  needs 4
    job due   at 2 run 8  needs 1   # at 10, which is not before 10
    job early at 2 run 7  needs 1
    expect early starts 2
    expect due   starts 15
    expect wide  starts 10
  `,
  );
});

test("a job larger than every centre is refused, whatever the routing; merged it may fit", () => {
  const jobs = [1, 12].map((processors) => ({ submitS: 0, runS: 5, estimateS: 5, processors, home: 0 }));
  const workload = workloadOf([8, 10], jobs);
  for (const routing of routings) {
    const replayed = replay(workload, { policy: policies.weir, routing, seed: 1 });
    if (routing === "merged") assert.equal(replayed.kind, "schedule");
    else assert.deepEqual(replayed, { kind: "never-fits", job: 1, processors: 12, largest: 10 }, routing);
  }
});

test("a schedule that would outlive its clock is refused, whoever would make it", () => {
  const half = 1_200_000_000;
  const jobs = [0, 1].map((submitS) => ({ submitS, runS: half, estimateS: half, processors: 8, home: 0 }));
  const third = { submitS: 2, runS: half, estimateS: half, processors: 8, home: 0 };
  const { fcfs, easy, conservative, weir } = policies;
  for (const policy of [
    fcfs,
    easy,
    policies["easy-sjbf"],
    conservative,
    policies["rl-fcfs"],
    weir,
  ] satisfies Policy[]) {
    const kind = (of: readonly PlainJob[]) => replay(workloadOf([8], of), { policy, routing: "home", seed: 1 }).kind;
    assert.equal(kind(jobs), "schedule", policy.name);
    assert.equal(kind([...jobs, third]), "beyond-clock", policy.name);
  }
});
