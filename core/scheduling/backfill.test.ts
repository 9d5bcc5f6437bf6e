import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "./scenario-testing.ts";

/** What may start while the first of the queue waits: nothing that would delay it (docs/decisions/0024). */
const easy: Record<string, string> = {
  "the first that does not fit has a place reserved; others start where they are over by then, or fit beside it": `
    centre alpha  8 cores
    job long   cores 6 time 100
    place
    at 10
    job head   cores 4 time 50
    job brief  cores 1 time 90
    job slow   cores 2 time 91
    job slower cores 1 time 1000
    expect head waits alpha: cores-busy
    expect brief starts alpha
    expect slow waits alpha: cores-busy
    expect slower starts alpha
    place
    at 100
    end long ok
    expect head starts alpha
  `,
  "what would delay it is told who waits and for how long": `
    centre alpha  8 cores
    job long   cores 4 time 100
    place
    job head   cores 8 time 50
    job late   cores 2 time 101
    job brief  cores 2 time 100
    expect late waits alpha: reserved-for-earlier
    expect brief starts alpha
  `,
  "the grace counts: until then a run may hold its place": `
    centre alpha  8 cores
    job long   cores 4 time 100 grace 30
    place
    job head   cores 8
    job late   cores 2 time 120 grace 30
    job brief  cores 2 time 100 grace 30
    expect late waits alpha: reserved-for-earlier
    expect brief starts alpha
  `,
  "it counts too of one that starts in the same moment": `
    centre alpha  8 cores
    job long   cores 6 time 100 grace 50
    job head   cores 8
    job late   cores 2 time 151
    job brief  cores 2 time 150
    expect long starts alpha
    expect late waits alpha: reserved-for-earlier
    expect brief starts alpha
  `,
  "a run is expected to end by its limit after it started, which may be later than it was placed": `
    centre alpha  8 cores
    job long   cores 4 time 100
    place
    job head   cores 8
    at 5
    job brief  cores 2 time 98
    expect brief waits alpha: reserved-for-earlier
    running long
    expect brief starts alpha
  `,
  "the place is where it can start earliest; elsewhere others start as they come": `
    centre alpha  8 cores
    centre beta   8 cores
    job one    cores 8 time 100 only alpha
    job two    cores 8 time 200 only beta
    place
    job head   cores 8 time 50
    centre gamma  4 cores
    job slow   cores 4 time 1000
    expect head waits alpha: cores-busy, beta: cores-busy, gamma: too-few-cores
    expect slow starts gamma
    at 100
    end one ok
    expect head starts alpha
  `,
  "who could not use the pool that is reserved has a place of its own": `
    centre alpha  8 cores
    centre beta   8 cores
    job one    cores 6 time 100 only alpha
    job two    cores 6 time 200 only beta
    place
    job head   cores 8 only alpha
    job other  cores 8 only beta
    job late   cores 2 time 300
    expect late waits alpha: reserved-for-earlier, beta: reserved-for-earlier
    job brief  cores 2 time 150
    expect brief starts beta
  `,
  "who was to start is cancelled before it is placed: what failed behind it is tried again": `
    pool alpha/batch  2×2 free 2 foreign
    job pair  nodes 2 cores 2 array 0-1
    expect pair_0 starts alpha
    end pair_0 failed
    expect pair_1 starts alpha
  `,
  "a run that overstays is expected to end at any moment": `
    centre alpha  8 cores
    job long   cores 4 time 100
    place
    job head   cores 8
    at 150
    job brief  cores 1 time 10
    expect brief waits alpha: reserved-for-earlier
    end long ok
    expect head starts alpha
  `,
  "nodes count one by one: at the time of the reservation it must find its nodes": `
    pool alpha/batch  2×4
    job one    cores 4 time 100
    job two    cores 1 time 300
    place
    job wide   nodes 2 cores 3 time 50
    job three  cores 3 time 300
    job beside cores 1 time 300
    expect wide waits alpha: cores-busy
    expect three waits alpha: reserved-for-earlier
    expect beside waits alpha: reserved-for-earlier
    end two ok
    expect wide waits alpha: cores-busy
    expect three waits alpha: reserved-for-earlier
    expect beside starts alpha
  `,
  "where ends are not known nothing is reserved, and nothing kept back": `
    pool alpha/batch  2×8 free 3 foreign
    job head   cores 8 time 10
    job small  cores 2 time 1000
    expect head waits alpha: cores-busy
    expect small starts alpha
  `,
  "what nodes that are out would hold is not waited for": `
    pool alpha/batch  1×8  1×8 down
    job wide   nodes 2 cores 8
    job small  cores 8 time 1000
    expect wide waits alpha: nodes-out
    expect small starts alpha
  `,
  "a shared pool keeps its own queue: nothing is reserved there, and a hole is filled at once": `
    pool alpha/batch  1×8 free 2 foreign shared pending 1
    job large  cores 8 array 0-1
    job small  cores 2
    expect large_0 queues alpha
    expect large_1 waits alpha: pool-queue-full
    expect small starts alpha
  `,
  "a retried task takes its old place": `
    centre alpha  1 cores
    job array  array 0-2
    job next
    place
    retry array_0
    expect array_0 starts alpha
    expect array_1 waits alpha: cores-busy
  `,
};

for (const [name, text] of Object.entries(easy)) test(name, () => void runScenario(text, policies.easy));

test("the others by the time they ask for", () => {
  const text = `
    centre alpha  8 cores
    job long   cores 6 time 100
    place
    job head   cores 8
    job slow   cores 2 time 90
    job brief  cores 2 time 10
    expect head waits alpha: cores-busy
    expect brief starts alpha
    expect slow waits alpha: cores-busy
  `;
  runScenario(text, policies["easy-sjbf"]);
});

test("each has its place, and nobody starts who would delay one of them", () => {
  const text = `
    centre alpha  8 cores
    job long   cores 6 time 100
    place
    job head   cores 8 time 100
    job second cores 6 time 100
    job brief  cores 2 time 100
    job slow   cores 2 time 101
    expect brief starts alpha
    expect slow waits alpha: cores-busy
    end brief cancelled
    expect slow waits alpha: reserved-for-earlier
  `;
  runScenario(text, policies.conservative);
});

test("so has each of those that ask for the same, and each task of an array", () => {
  const text = (alike: string) => `
    centre alpha  8 cores
    job long   cores 6 time 100
    place
    ${alike}
    job slow   cores 2 time 101
    expect slow waits alpha: reserved-for-earlier
    job brief  cores 2 time 100
    expect brief starts alpha
  `;
  runScenario(text("job head cores 4 time 100 \n job next cores 4 time 100"), policies.conservative);
  runScenario(text("job pair cores 4 time 100 array 0-1"), policies.conservative);
  assert.throws(() => runScenario(text("job head cores 4 time 100"), policies.conservative));
});

const guarded = { ...policies["sjf-easy"], maxWaitS: 1000 };

test("who has waited too long goes first, in order of submission, with a place that nothing delays", () => {
  const text = `
    centre alpha  8 cores
    job long   cores 8 time 2000
    place
    job big    cores 8 time 500
    at 100
    job next   cores 8 time 400
    at 900
    job small  cores 8 time 10
    end long ok
    expect small starts alpha
    at 1010
    expect big starts alpha
    expect small waits alpha: cores-busy
    at 1110
    job new    cores 8 time 1
    place
    end big ok
    expect next starts alpha
  `;
  runScenario(text, guarded);
});

test("of several who have waited too long each has a place of its own, as long as there are pools", () => {
  const text = `
    centre alpha  8 cores
    centre beta  8 cores
    job long   cores 8 time 2000 only alpha
    job half   cores 4 time 3000 only beta
    place
    job first  cores 8 time 500
    job second cores 8 time 500
    job third  cores 8 time 500
    job small  cores 4 time 5000
    at 990
    expect small starts beta
    at 1010
    expect small waits alpha: cores-busy, beta: reserved-for-earlier
    end half ok
    expect first starts beta
    expect second waits alpha: cores-busy, beta: cores-busy
    place
    expect small waits alpha: cores-busy, beta: cores-busy
  `;
  for (const policy of [guarded, { ...policies.weir, maxWaitS: 1000, guardLeadS: 0 }]) runScenario(text, policy);
});

test("in whatever order others come behind it, the first alone has a place, unless they are near their longest wait", () => {
  const text = (start: string) => `
    centre alpha  8 cores
    centre beta  8 cores
    job long   cores 8 time 2000 only alpha
    job half   cores 4 time 3000 only beta
    place
    job head   cores 8 time 500
    at 1
    job next   cores 8 time 50
    job small  cores 4 time 5000
    ${start}
  `;
  runScenario(text("expect small starts beta"), policies["easy-sjbf"]);
  runScenario(text("at 1500 \n expect small waits alpha: cores-busy, beta: reserved-for-earlier"), {
    ...policies["easy-sjbf"],
    maxWaitS: 1000,
  });
});

test("such a place is kept: who comes first takes none that the other would have again only later", () => {
  const text = `
    centre alpha  8 cores
    centre beta  8 cores
    job long   cores 4 time 2000 only alpha
    job longer cores 4 time 5000 only alpha
    job half   cores 8 time 3000 only beta
    place
    job first  cores 4 time 9000
    job second cores 8 time 500
    at 1010
    expect nothing starts
    end half ok
    expect second starts beta
    expect first waits alpha: cores-busy, beta: reserved-for-earlier
  `;
  runScenario(text, guarded);
});

test("who comes first takes the place of one behind it, who then starts just when it was promised", () => {
  const text = `
    centre alpha  8 cores
    centre beta  8 cores
    job long   cores 8 time 2000 only alpha
    job half   cores 8 time 2000 only beta
    place
    job first  cores 8 time 500
    job second cores 8 time 500
    at 1010
    expect nothing starts
    end half ok
    expect first starts beta
    expect second waits alpha: cores-busy, beta: cores-busy
  `;
  runScenario(text, guarded);
});

test("so it does where it starts later there than the other would have, and sooner than where it was", () => {
  const text = `
    centre alpha  12 cores
    centre beta  12 cores
    job early  cores 8 time 2500 only alpha
    job late   cores 4 time 4000 only alpha
    job one    cores 4 time 5000 only beta
    job two    cores 4 time 3000 only beta
    job three  cores 4 time 1500 only beta
    place
    job first  cores 12 time 500
    job second cores 8 time 500
    at 1010
    expect nothing starts
    end one ok
    expect nothing starts
  `;
  const placed = runScenario(text, guarded).places();
  assert.deepEqual(
    placed.map(({ job, centre, atMs }) => [job, centre, atMs]),
    [
      [6, "beta", 3_000_000],
      [7, "alpha", 2_500_000],
    ],
  );
});

test("it goes where nobody has a place, where it would start sooner once a run has ended there before its time", () => {
  const text = `
    centre alpha  8 cores
    centre beta  8 cores
    job long   cores 8 time 3000 only alpha
    job one    cores 4 time 5000 only beta
    job two    cores 4 time 2000 only beta
    place
    job first  cores 8 time 500
    at 1010
    expect nothing starts
    end one ok
    expect nothing starts
  `;
  const placed = runScenario(text, guarded).places();
  assert.deepEqual(
    placed.map(({ centre, atMs }) => [centre, atMs]),
    [["beta", 2_000_000]],
  );
});

test("so has one that was found to fail before, behind another that asks for the same size", () => {
  const text = `
    centre alpha  8 cores 1000 MiB
    centre beta  8 cores 1000 MiB
    centre gamma  8 cores 1000 MiB
    job long   cores 1 memory 600 MiB time 2000 only alpha
    job half   cores 1 memory 600 MiB time 3000 only beta
    job other  cores 1 memory 600 MiB time 4000 only gamma
    place
    job first  cores 3 memory 1000 MiB time 100
    job second cores 4 memory 1000 MiB time 500
    job third  cores 4 memory 1000 MiB time 400
    at 900
    expect nothing starts
    at 1010
    job small  cores 1 memory 300 MiB time 5000
    expect nothing starts
    expect small waits alpha: reserved-for-earlier, beta: reserved-for-earlier, gamma: reserved-for-earlier
  `;
  runScenario(text, guarded);
});

test("no more than 64 of them hold one", () => {
  const centres = Array.from({ length: 65 }, (_, at) => `c${at + 10}`);
  const text = `
    ${centres.map((id) => `centre ${id} 8 cores`).join("\n")}
    ${centres.map((id, at) => `job half${at} cores 4 time ${3000 + at} only ${id}`).join("\n")}
    place
    ${centres.map((_, at) => `job whole${at} cores 8 time 500`).join("\n")}
    at 1010
    job small cores 4 time 9000
    expect small starts c74
  `;
  runScenario(text, guarded);
});

test("who has waited too long and has no place by known ends keeps the pools that it may use", () => {
  const text = `
    pool alpha/batch  2×8 free 3 foreign
    job big    cores 8 time 500
    job small  cores 1 time 10
    expect small starts alpha
    at 1010
    expect small waits alpha: behind-in-queue
  `;
  runScenario(text, guarded);
});

test("an estimate is by the limits of what runs: the first has its place by then, others may delay those behind", () => {
  const text = `
    centre alpha  8 cores
    job long   cores 6 time 100
    place
    job head   cores 8 time 50
    job behind cores 8 time 50
    job brief  cores 1 time 10
    centre beta  planned
  `;
  const world = runScenario(text, policies.easy);
  const estimate = (job: number) => {
    const explained = world.explain({ job: jobId(job), index: 0 }, 10_000);
    return explained.kind === "waiting" ? explained.estimate : null;
  };
  const centre = centreId("alpha");
  assert.deepEqual(estimate(2), { kind: "limits", centre, byMs: 100_000, isFirst: true });
  assert.deepEqual(estimate(3), { kind: "limits", centre, byMs: 150_000, isFirst: false });
  assert.deepEqual(estimate(4), { kind: "now", centre, atMs: 10_000 });
  const hidden = runScenario("pool alpha/batch 2×8 free 3 foreign\njob head cores 8", policies.easy);
  const explained = hidden.explain({ job: jobId(1), index: 0 }, 0);
  assert(explained.kind === "waiting");
  assert.deepEqual(explained.estimate, { kind: "unknown" });
});
