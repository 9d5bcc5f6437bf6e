import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

const { weir } = policies;
const patient: Policy = { ...weir, placing: { ...weir.placing, moves: null } };

/** `small` waits in alpha's own queue, whose engine thinks it will start in an hour. */
const waits = `
  pool alpha/main  1×8 shared foreign free 0
  job small  cores 4 time 600
  expect small queues alpha
  place
  queued small 3600
  expect nothing moves
`;

test("where another centre can start it now, a run is taken back from its queue; one that started stays", () => {
  const text = `${waits}
    centre beta  4 cores
    expect small moves beta`;
  runScenario(text, weir);
  runScenario(text.replace("moves beta", "moves").replace("expect small moves", "expect nothing moves"), patient);
  runScenario(`${waits}\n running small\n centre beta 4 cores\n expect nothing moves`, weir);
});

test("nothing is taken back for less than the least gain, nor for work that starts soon anyway", () => {
  runScenario(`${waits.replace("3600", "300")}\n centre beta 4 cores\n expect nothing moves`, weir);
  runScenario(`${waits.replace("3600", "302")}\n centre beta 4 cores\n expect small moves beta`, weir);
  // A fifth of what it still has to wait: the slower place does not gain enough.
  const slow = `${waits}\n pool beta/main 1×4 speed 0.16\n`;
  runScenario(`${slow} expect nothing moves`, weir);
  runScenario(`${slow.replace("0.16", "0.2")} expect small moves beta`, weir);
});

test("of which nobody says when it starts it is expected to wait as long again as it has waited", () => {
  const text = `
    pool alpha/main  1×8 shared foreign free 0
    job small  cores 4 time 600
    place
    queued small
    centre beta 4 cores
    at 300
    expect nothing moves
    at 301
    expect small moves beta`;
  runScenario(text, weir);
});

test("of which nobody says it, what such work waited there before is expected, as far as it is not over", () => {
  const text = (at: number) => `
    pool alpha/main  1×8 shared foreign free 0
    job old    cores 4 time 600
    place
    queued old
    at 1000
    running old
    end old ok
    job small  cores 4 time 600
    place
    queued small
    at ${at}
    centre beta 4 cores
    expect`;
  runScenario(`${text(1001)} small moves beta`, weir);
  // All but a few minutes of it: once more as long as it has waited would be much.
  runScenario(`${text(1750)} nothing moves`, weir);
});

test("what it goes for is kept for it, it is asked for once, and goes there once its run is back", () => {
  runScenario(
    `${waits}
    centre beta  4 cores
    takeback
    expect nothing moves
    job other  cores 4 time 60
    expect other queues alpha
    retry small
    expect small starts beta
    `,
    weir,
  );
  // It started before it could be taken back: beta is free again.
  runScenario(
    `${waits}\n centre beta 4 cores\n takeback\n running small\n job other cores 4\n expect other starts beta`,
    weir,
  );
});

test("no two go for the same room, and queued work comes first", () => {
  const two = `
    pool alpha/main  1×8 shared foreign free 0
    job one  cores 4 time 600
    job two  cores 4 time 600
    place
    queued one 3600
    queued two 3600
    centre beta  4 cores`;
  const world = runScenario(two, weir);
  assert.deepEqual(
    world.decide(0, 100).takeBack.map(({ job, to }) => [Number(job), to]),
    [[1, "beta"]],
  );
  runScenario(`${two}\n job three cores 4 time 600 only beta\n expect nothing moves\n expect three starts beta`, weir);
});

test("nothing comes for room that the plan of the first keeps for others, and what is over by then does", () => {
  const planned = (timeS: number) => `
    pool alpha/main  1×8 shared foreign free 0
    job small  cores 4 time ${timeS}
    place
    queued small 7200
    centre beta  8 cores
    job filler cores 4 time 1200 only beta
    place
    running filler
    job large  cores 8 time 600 only beta
    job second cores 8 time 600 only beta
    expect large waits alpha: not-among-wished, beta: cores-busy`;
  runScenario(`${planned(7200)}\n expect nothing moves`, weir);
  runScenario(`${planned(300)}\n expect small moves beta`, weir);
});

test("a task does not go back to a queue it was taken from, and is moved no more often than may be", () => {
  const back = `${waits}
    pool beta/main  1×8 shared foreign free 4
    takeback
    retry small
    expect small starts beta
    place
    pool beta/main  1×8 shared foreign free 0
    queued small 7200
    pool alpha/main  1×8 shared foreign free 8
    expect nothing moves
    pool gamma/main  1×8 shared foreign free 8
    expect small moves gamma`;
  runScenario(back, weir);
  const once: Policy = { ...weir, placing: { ...weir.placing, moves: { ...weir.placing.moves, most: 1 } } };
  runScenario(back.replace("expect small moves gamma", "expect nothing moves"), once);
});

test("a task that was taken back joins no queue it left while there is another, and that one where there is none", () => {
  const text = `${waits}
    centre beta  4 cores
    takeback
    centre beta  unreachable
    retry small`;
  runScenario(`${text}\n expect small queues alpha`, weir);
  runScenario(`${text}\n pool gamma/main 1×8 shared foreign free 0\n expect small queues gamma`, weir);
});

test("a centre that cannot be reached is asked for nothing back", () => {
  runScenario(`${waits}\n centre alpha unreachable\n centre beta 4 cores\n expect nothing moves`, weir);
});

test("an engine that was always off by an hour is believed less", () => {
  // Its time limits say an hour, and the work ahead ends at once: 20 times.
  const early = Array.from(
    { length: 20 },
    (_, at) => `
    job early${at}  cores 4 time 600
    place
    queued early${at} 3600
    running early${at}
    end early${at} ok`,
  ).join("");
  const text = (lived: string) => `
    pool alpha/main  1×8 shared foreign free 0
    ${lived}
    job small  cores 4 time 600
    place
    queued small 3600
    centre beta 4 cores
    expect`;
  runScenario(`${text(early)} nothing moves`, weir);
  runScenario(`${text("")} small moves beta`, weir);
});
