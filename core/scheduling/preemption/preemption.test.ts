import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { runScenario } from "../scenario-testing.ts";

/** Which runs end so that another starts, and which never do (docs/decisions/0035). */
const scenarios: Record<string, string> = {
  "work of a higher class that cannot start takes the place of a run that said it may be preempted": `
    centre alpha  8 cores
    job filler cores 8 time 3600 grace 30 priority low preemptible restarts
    place
    running filler
    at 100
    job urgent cores 4 priority high
    expect filler make-way urgent
    place
    expect nothing starts
    expect urgent waits alpha: cores-busy
    retry filler
    expect urgent starts alpha
    expect filler waits alpha: cores-busy
    place
    end urgent ok
    expect filler starts alpha
  `,
  "what was freed for one is not taken against a rule that was set since": `
    centre alpha  8 cores region cn-gz
    job filler cores 8 time 3600 grace 30 priority low preemptible restarts
    place
    running filler
    at 100
    job urgent cores 4 priority high of 2
    expect filler make-way urgent
    place
    bound project 2 residency cn-sd
    retry filler
    expect urgent waits alpha: outside-residency
    expect filler starts alpha
  `,
  "nobody is preempted who did not say so, nor by work of the same or a lower class": `
    centre alpha  8 cores
    job silent cores 4 time 3600 priority low
    job equal  cores 4 time 3600 priority high preemptible restarts
    place
    running silent
    running equal
    at 100
    job urgent cores 4 priority high
    job plain  cores 4
    job modest cores 4 priority low
    expect nobody make-way urgent
    expect nobody make-way plain
    expect nobody make-way modest
  `,
  "what can start elsewhere preempts nobody": `
    centre alpha  8 cores
    centre beta   4 cores
    job filler cores 8 time 3600 priority low preemptible restarts only alpha
    place
    running filler
    job urgent cores 4 priority high
    expect urgent starts beta
    expect nobody make-way urgent
    remove beta
    expect filler make-way urgent
  `,
  "nor does what starts as soon without": `
    centre alpha  8 cores
    centre beta   4 cores
    job filler cores 8 time 3600 grace 30 priority low preemptible restarts only alpha
    job brief  cores 4 time 20 only beta
    place
    running filler
    running brief
    job urgent cores 4 priority high
    expect nobody make-way urgent no-sooner
    job second cores 8 priority high
    expect filler make-way second
  `,
  "one that has not started is not ended, and gives nothing": `
    centre alpha  8 cores
    job filler cores 8 time 3600 priority low preemptible restarts
    place
    job urgent cores 4 priority high
    expect nobody make-way urgent nobody-may
    running filler
    expect filler make-way urgent
  `,
  "as few as possible": `
    centre alpha  8 cores
    job wide   cores 4 time 3600 priority low preemptible restarts
    at 10
    job thin   cores 2 time 3600 priority low preemptible checkpoints array 0-1
    place
    running wide
    running thin_0
    running thin_1
    at 100
    job urgent cores 4 priority high
    expect wide make-way urgent
  `,
  "several only where one is not enough, and none of them in excess": `
    centre alpha  8 cores
    job thin   cores 2 time 3600 priority low preemptible restarts array 0-1
    job broad  cores 3 time 3600 priority low preemptible restarts
    job slim   cores 1 time 3600 priority low preemptible checkpoints
    place
    running thin_0
    running thin_1
    running broad
    running slim
    job urgent cores 4 priority high
    expect slim,broad make-way urgent
    job large  cores 7 priority high only alpha
    end urgent cancelled
    expect thin_0,thin_1,broad make-way large
  `,
  "of two places as good the one where a run saves its work": `
    centre alpha  4 cores
    centre beta   4 cores
    job saving cores 4 time 3600 priority low preemptible checkpoints only beta
    place
    running saving
    at 50
    job young  cores 4 time 3600 priority low preemptible restarts only alpha
    place
    running young
    at 100
    job urgent cores 4 priority high
    expect saving make-way urgent
  `,
  "else where it has run for less": `
    centre alpha  4 cores
    centre beta   4 cores
    job old    cores 4 time 3600 priority low preemptible restarts only alpha
    place
    running old
    at 50
    job young  cores 4 time 3600 priority low preemptible restarts only beta
    place
    running young
    at 100
    job urgent cores 4 priority high
    expect young make-way urgent
  `,
  "the youngest first, and before them those that save their work": `
    centre alpha  8 cores
    job old    cores 2 time 3600 priority low preemptible restarts
    job saving cores 2 time 3600 priority low preemptible checkpoints
    place
    running old
    running saving
    at 50
    job young  cores 2 time 3600 priority low preemptible restarts
    job fixed  cores 2 time 3600
    place
    running young
    at 100
    job one    cores 2 priority high
    expect saving make-way one
    place
    job two    cores 2 priority high
    expect young make-way two
    place
    job three  cores 2 priority high
    expect old make-way three
    place
    job four   cores 2 priority high
    expect nobody make-way four
  `,
  "in vain nobody ends: it must fit where they leave": `
    centre alpha  8 cores
    job firm   cores 5 time 3600
    job filler cores 3 time 3600 priority low preemptible restarts
    place
    running firm
    running filler
    job urgent cores 4 priority high
    expect nobody make-way urgent too-little
  `,
  "on several nodes one ends that has as much of a node as is asked, wherever it is": `
    pool alpha/batch  3×8
    job filler cores 8 time 3600 priority low preemptible restarts array 0-1
    job thin   cores 4 time 3600 priority low preemptible checkpoints array 0-1
    place
    running filler_0
    running filler_1
    running thin_0
    running thin_1
    job urgent cores 8 priority high
    expect filler_1 make-way urgent
    place
    retry filler_1
    expect urgent starts alpha
  `,
  "of parts of nodes as many as leave a node empty, wherever they are": `
    pool alpha/batch  2×8
    job thin   cores 4 time 3600 priority low preemptible restarts array 0-3
    place
    running thin_0
    running thin_1
    running thin_2
    running thin_3
    job urgent cores 8 priority high
    expect thin_1,thin_2,thin_3 make-way urgent
  `,
  "on several nodes nobody ends where it might not fit on those that they leave": `
    pool alpha/batch  2×8
    job thin   cores 4 time 3600 priority low preemptible restarts array 0-1
    job firm   cores 4 time 3600 array 0-1
    place
    running thin_0
    running thin_1
    running firm_0
    running firm_1
    job urgent cores 8 priority high
    expect nobody make-way urgent not-surely
    job modest cores 4 priority high
    expect thin_1 make-way modest
  `,
  "work on several nodes takes the place of work on several nodes": `
    pool alpha/batch  4×8
    job wide   nodes 2 cores 8 time 3600 priority low preemptible restarts
    job firm   nodes 2 cores 8 time 3600
    place
    running wide
    running firm
    job urgent nodes 2 cores 6 priority high
    expect wide make-way urgent
    job larger nodes 3 cores 8 priority high
    end urgent cancelled
    expect nobody make-way larger too-little
  `,
  "a node that is empty is counted beside those that runs leave": `
    pool alpha/batch  2×8
    job filler cores 8 time 3600 priority low preemptible restarts
    place
    running filler
    job urgent nodes 2 cores 8 priority high
    expect filler make-way urgent
  `,
  "what runs may be on the node that is not up, so one more ends": `
    pool alpha/batch  2×8
    job filler cores 8 time 3600 priority low preemptible restarts array 0-1
    place
    running filler_0
    running filler_1
    pool alpha/batch  1×8 1×8 draining
    job urgent cores 8 priority high
    expect filler_0,filler_1 make-way urgent
  `,
  "in a pool of its own at a centre where others could work, as long as nobody does": `
    pool alpha/batch  2×8 alone free 0 ours 16
    job filler cores 8 time 3600 priority low preemptible restarts array 0-1 only alpha
    pool alpha/batch  2×8 alone
    place
    running filler_0
    running filler_1
    pool alpha/batch  2×8 alone free 0 ours 16
    job urgent cores 8 priority high
    expect filler_1 make-way urgent
    pool alpha/batch  2×8 foreign free 0 ours 16
    expect nobody make-way urgent not-own
  `,
  "accelerators are made room for too, of the kind that is asked": `
    pool alpha/batch  1×16 cards 4 x/npu
    job plain  cores 8 time 3600 priority low preemptible restarts
    job cards  cores 1 time 3600 cards 4 x/npu priority low preemptible restarts
    place
    running plain
    running cards
    job urgent cores 1 cards 2 x/npu priority high
    expect cards make-way urgent
  `,
  "who has a place reserved is not delayed by what starts where others made room": `
    centre alpha  8 cores
    job firm   cores 4 time 200
    job filler cores 4 time 150 grace 10 priority low preemptible restarts
    place
    running firm
    running filler
    job head   cores 8 time 100 priority high
    expect nobody make-way head
    job long   cores 4 time 1000 priority high
    expect nobody make-way long delays-another
    job brief  cores 4 time 100 priority high
    expect filler make-way brief
  `,
  "a place that is kept for one is given to nobody else, however long the end takes": `
    centre alpha  8 cores
    job filler cores 4 time 3600 grace 30 priority low preemptible restarts array 0-1
    place
    running filler_0
    running filler_1
    at 100
    job urgent cores 8 time 600 priority high
    place
    retry filler_0
    expect filler_0 waits alpha: reserved-for-earlier
    job first  cores 4 time 500 priority high
    expect first waits alpha: reserved-for-earlier
    job brief  cores 4 time 10 priority low
    expect brief starts alpha
    retry filler_1
    expect urgent starts alpha
  `,
  "a task makes room so many times, and then is left alone": `
    centre alpha  8 cores
    job filler cores 8 time 3600 priority low preemptible restarts
    place
    running filler
    job one    cores 8 priority high
    place
    retry filler
    place
    end one ok
    place
    running filler
    job two    cores 8 priority high
    expect filler make-way two
    place
    retry filler
    place
    end two ok
    place
    running filler
    job three  cores 8 priority high
    expect nobody make-way three
  `,
  "who asked for a longer grace than the policy waits for is left alone": `
    centre alpha  8 cores
    job slow   cores 8 time 3600 grace 301 priority low preemptible restarts
    place
    running slow
    job urgent cores 8 priority high
    expect nobody make-way urgent
  `,
  "the warning that a job asked for counts with its grace, and it is waited for": `
    centre alpha  8 cores
    job saves  cores 8 time 3600 grace 100 warned 201 priority low preemptible checkpoints
    place
    running saves
    job urgent cores 8 priority high
    expect nobody make-way urgent nobody-may
    end saves ok
    job quick  cores 8 time 3600 grace 100 warned 200 priority low preemptible checkpoints
    end urgent cancelled
    place
    running quick
    job other  cores 8 priority high
    expect quick make-way other
    place
    centre beta  8 cores
    at 302
    expect nothing starts
    at 362
    expect other starts beta
  `,
  "where others work too, or the pool is shared or lent, no room is made": `
    pool alpha/own     1×8 foreign free 8
    pool beta/guest    1×8 shared
    pool gamma/lent    1×8 opportunistic
    pool delta/part    1×8 share 100
    job filler cores 8 time 3600 priority low preemptible restarts array 0-3
    place
    running filler_0
    running filler_1
    running filler_2
    running filler_3
    job urgent cores 8 priority high except beta
    expect nobody make-way urgent
  `,
  "the claim goes with the task that it was made for": `
    centre alpha  8 cores
    job filler cores 8 time 3600 grace 30 priority low preemptible restarts
    place
    running filler
    job urgent cores 8 priority high
    place
    end urgent cancelled
    retry filler
    expect filler starts alpha
  `,
  "where the run does not end in time, the task waits for it no longer": `
    centre alpha  8 cores
    job filler cores 8 time 3600 grace 30 priority low preemptible restarts
    place
    running filler
    job urgent cores 4 priority high
    place
    centre beta  8 cores
    expect nothing starts
    at 92
    expect urgent starts beta
  `,
  "an array is made room for task by task": `
    centre alpha  8 cores
    job filler cores 4 time 3600 priority low preemptible restarts array 0-1
    place
    running filler_0
    running filler_1
    job urgent cores 4 priority high array 0-3%2
    expect filler_1 make-way urgent
    place
    expect nobody make-way urgent_1
    retry filler_1
    expect urgent starts alpha
    place
    expect filler_0 make-way urgent_1
  `,
};

for (const [name, text] of Object.entries(scenarios)) test(name, () => void runScenario(text, policies.weir));

const few = { ...policies.weir.preemption, mostOfPool: 3, mostOfProject: 2, mostOfTenant: 3 };

test("so many within an hour, of one project and in one pool; the next decision is due when one more may be asked", () => {
  const text = `
    centre alpha  8 cores
    job firm   cores 3 time 7200
    job mine   cores 1 time 7200 priority low preemptible restarts array 0-3
    job theirs cores 1 time 7200 priority low preemptible restarts of 2
    place
    running mine_0
    running mine_1
    running mine_2
    running mine_3
    running theirs
    job large  cores 4 priority high
    expect nobody make-way large
    job urgent cores 3 time 7200 priority high
    expect mine_2,mine_3,theirs make-way urgent
    place
    end large cancelled
    end mine_2 failed
    end mine_3 failed
    end theirs failed
    place
    job more   cores 1 priority high
    expect nobody make-way more as-many-as-may
  `;
  const world = runScenario(text, { ...policies.weir, preemption: few });
  assert.equal(world.decide(1_000, 100).againMs, 3_600_000, "the hour is over");
  assert.deepEqual(
    world.decide(3_600_000, 100).preempt?.map(({ job, index }) => [job, index]),
    [[2, 1]],
  );
});

/** First come first served in each class, without a plan of the first: so what failed once is not tried again. */
const inTurn: Policy = {
  ...policies.weir,
  order: { kind: "score", processorsPower: 0, predictedPower: 0, requestedPower: 0, waitPower: 0, waitScaleS: 1 },
  fairness: null,
  lookahead: null,
};

/** A high job for each of two centres, which differ in their grace alone and so stand in one group of the queue. */
const two = `
  centre alpha  6 cores
  centre beta   6 cores
  job saving cores 1 time 7200 priority low preemptible checkpoints
  job other  cores 1 time 7200 priority low preemptible restarts
  place
  running saving
  running other
`;

test("as long as nothing is told, the same runs are asked again, for all that wait", () => {
  const world = runScenario(
    `${two}
    job urgent cores 6 time 20 priority high
    job second cores 6 time 20 grace 20 priority high
    expect saving make-way urgent
    expect other make-way second
    job last cores 6 time 20 priority high
    expect saving make-way urgent
    expect other make-way second
  `,
    inTurn,
  );
  assert.deepEqual(world.decide(5_000, 100), world.decide(5_000, 100));
});

test("however many others it was looked for in vain", () => {
  const inVain = Array.from(
    { length: 18 },
    (_, i) => `job wide${i} cores 1 memory ${600 + i} MiB time 100 priority high only big`,
  );
  const world = runScenario(
    `${two}
    centre big  40 cores 1000 MiB
    job silent cores 1 memory 500 MiB time 7200 only big
    job little cores 1 memory 10 MiB time 7200 priority low preemptible restarts only big
    place
    running silent
    running little
    job whole  cores 40 memory 900 MiB time 1 priority high only big
    ${inVain.join("\n")}
    job urgent cores 6 time 1000 priority high except big
    job second cores 6 time 1000 grace 20 priority high except big
    expect saving make-way urgent
    expect nobody make-way second
    expect saving make-way urgent
    expect nobody make-way second
  `,
    inTurn,
  );
  assert.deepEqual(world.decide(5_000, 100), world.decide(5_000, 100));
});

test("once the hour is over, it is looked for all that wait", () => {
  const bounded: Policy = { ...inTurn, preemption: { ...policies.weir.preemption, mostOfProject: 2 } };
  const text = `${two}
    job urgent cores 6 time 20 priority high
    job second cores 6 time 20 grace 20 priority high
    place
    end saving failed
    end other failed
    place
    running urgent
    running second
    end urgent ok
    end second ok
    job saves  cores 1 time 7200 priority low preemptible checkpoints
    job begins cores 1 time 7200 priority low preemptible restarts
    place
    running saves
    running begins
    at 1
    job third  cores 6 time 20 priority high
    job fourth cores 6 time 20 grace 20 priority high
    expect nobody make-way third
    expect nobody make-way fourth
    at 3600
    expect saves make-way third
    expect begins make-way fourth
  `;
  runScenario(text, bounded);
});

test("so many within an hour in one pool, whoever they are of", () => {
  const text = `
    centre alpha  6 cores
    job one    cores 2 time 7200 priority low preemptible restarts of 1
    job two    cores 2 time 7200 priority low preemptible restarts of 2 tenant 2
    job three  cores 2 time 7200 priority low preemptible restarts of 3 tenant 3
    place
    running one
    running two
    running three
    job first  cores 2 priority high
    expect three make-way first
    place
    retry three
    place
    job second cores 2 priority high
  `;
  const bounded = (mostOfPool: number): Policy => ({ ...policies.weir, preemption: { ...few, mostOfPool } });
  runScenario(`${text}\n expect two make-way second`, bounded(2));
  runScenario(`${text}\n expect nobody make-way second as-many-as-may`, bounded(1));
});

test("so many within an hour of one tenant, whatever the projects", () => {
  const text = `
    centre alpha  8 cores
    job one    cores 2 time 7200 priority low preemptible restarts of 1
    job two    cores 2 time 7200 priority low preemptible restarts of 2
    job three  cores 2 time 7200 priority low preemptible restarts of 3 tenant 2
    job four   cores 2 time 7200 priority low preemptible restarts of 4
    place
    running one
    running two
    running three
    running four
    job urgent cores 6 priority high
  `;
  const bounded = (mostOfTenant: number): Policy => ({
    ...policies.weir,
    preemption: { ...policies.weir.preemption, mostOfTenant },
  });
  runScenario(`${text}\n expect two,three,four make-way urgent`, bounded(2));
  runScenario(`${text}\n expect nobody make-way urgent as-many-as-may`, bounded(1));
});

test("nothing is preempted under a policy without, and a normal job preempts where the policy lets it", () => {
  const text = `
    centre alpha  8 cores
    job filler cores 8 time 3600 priority low preemptible restarts
    place
    running filler
    job plain  cores 7
    job urgent cores 8 priority high
  `;
  const without: Policy = { ...policies.weir, preemption: null };
  assert.equal(runScenario(text, without).decide(0, 10).preempt, undefined);
  const open: Policy = { ...policies.weir, preemption: { ...few, of: { normal: ["low"], high: [] } } };
  const [only, ...others] = runScenario(text, open).decide(0, 10).preempt ?? [];
  assert.deepEqual(only, {
    ...{ job: 1, index: 0, attempt: 1, centre: "alpha", pool: "main" },
    ...{ claimant: { job: 2, index: 0 }, claimantName: "2" },
  });
  assert.deepEqual(others, []);
});

test("it is told that runs make room, where, how many, and by when", () => {
  const text = `
    centre alpha  8 cores
    job filler cores 4 time 3600 grace 20 priority low preemptible restarts array 0-1
    place
    running filler_0
    running filler_1
    job urgent cores 8 priority high
    place
    retry filler_0
  `;
  const explained = runScenario(text, policies.weir).explain({ job: jobId(2), index: 0 }, 1_000);
  assert(explained.kind === "waiting");
  assert.deepEqual(explained.makingWay, { centre: centreId("alpha"), pool: "main", runs: 1, endsMs: 22_000 });
});
