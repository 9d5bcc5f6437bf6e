import { test } from "node:test";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

const scenarios: Record<string, string> = {
  "nothing is placed where it would run into known maintenance, and it keeps no shorter work from the nodes": `
    pool alpha/batch  4×8 maintained-in 600
    job long   cores 8 time 601
    job short  cores 8 time 600
    expect long waits alpha: maintenance-ahead
    expect short starts alpha/batch
    pool alpha/batch  4×8
    expect long starts alpha/batch
  `,
  "nodes that stay are enough, or are not": `
    pool alpha/batch  2×8 maintained-in 600  1×8
    job one    cores 8 time 3600
    job two    nodes 2 cores 8 time 3600
    expect one starts alpha/batch
    expect two waits alpha: maintenance-ahead
  `,
  "another centre takes it": `
    pool alpha/batch  4×8 maintained-in 0
    pool beta/batch   1×8
    job any    cores 8 time 60
    expect any starts beta/batch
  `,
};

for (const [name, scenario] of Object.entries(scenarios)) test(name, () => void runScenario(scenario));
