import { test } from "node:test";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "./scenario-testing.ts";

// What a tenant or a project may hold at once over the whole network keeps its own work waiting, and nobody else's.

const policy = { ...policies.weir, fairness: null, prediction: null, lookahead: null };

test("a project starts no more than it may hold at once, over all centres; others pass it", () => {
  for (const [whose, rule] of [
    ["project 2", "project-holds-its-cores"],
    ["tenant 3", "tenant-holds-its-cores"],
  ])
    for (const each of [policy, policies.fcfs, policies.easy])
      runScenario(
        `
        cores ${whose} 4
        centre alpha  4 cores
        centre beta   4 cores
        job one    cores 2 only alpha of 2 by 2 tenant 3
        job two    cores 2 only beta  of 2 by 2 tenant 3
        expect one starts alpha
        expect two starts beta
        place
        running one
        running two
        job three  cores 1 of 2 by 2 tenant 3
        job four   cores 1 time 600 of 2 by 3 tenant 3
        job other  cores 2 time 900
        expect three waits ${rule}
        expect four waits ${rule}
        expect other starts alpha
        at 60
        end one ok
        expect three starts alpha
        expect four starts alpha
        expect other starts alpha
        `,
        each,
      );
});

test("an array fills what may be held, task by task, and goes on when one ends", () => {
  runScenario(
    `
    cores project 1 2
    centre alpha  8 cores
    job wide   array 0-9
    job other  cores 4 of 2 by 2 tenant 2
    expect wide_1 starts alpha
    expect wide_2 waits project-holds-its-cores
    expect other starts alpha
    place
    end wide_0 ok
    expect wide_2 starts alpha
    expect wide_3 waits project-holds-its-cores
    cores project 1 4
    expect wide_4 starts alpha
    expect wide_5 waits project-holds-its-cores
    cores project 2 1
    expect wide_5 waits alpha: cores-busy
    `,
    policy,
  );
});

test("what asks for more than may ever be held waits, says so, and keeps no room", () => {
  runScenario(
    `
    cores project 1 2
    centre alpha  4 cores
    job large  cores 4
    job small  cores 4 of 2 by 2
    expect large waits project-cores-too-few
    expect small starts alpha
    `,
    policy,
  );
});
