import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId, projectId } from "#core/ids.ts";
import { refusalWords } from "#core/refusal.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

/** Work starts nowhere before its input is there (docs/decisions/0093). */
const { weir, easy } = policies;
const task = { job: jobId(1), index: 0 };

test("a job starts where its input is, and where it never will be it does not go", () => {
  runScenario(`
    centre alpha  8 cores
    centre beta   4 cores
    job there  cores 2 data beta
    expect there starts beta
    job wide   cores 6 data beta
    expect wide waits alpha: data-not-there, beta: too-few-cores
    job gone   cores 2 data gamma
    expect gone impossible
  `);
});

test("where no other shape would help, the refusal says where its data are and what to say instead", () => {
  const world = runScenario(
    "centre alpha 8 cores\n offers alpha software=a/1\n centre beta 8 cores\n offers beta software=b/1",
  );
  const asks = { siteWords: {}, container: false, fileSystems: [], licences: [], residency: [] };
  const data = { at: [{ centre: centreId("beta"), fromMs: 0 }], elsewhereMs: null };
  const asker = { timeLimitS: 60, project: projectId(1), demands: { ...asks, software: ["a/1"], data } };
  const fit = world.couldEverFit(small, anywhere, asker);
  assert(fit.kind === "refused");
  const remedies = {
    en: /its data are at beta alone, .*say when they are at others/,
    zh: /其数据仅在 beta.*何时到达别处/,
  };
  for (const language of ["en", "zh"] as const)
    assert.match(refusalWords(fit.refusal, language).detail, remedies[language]);
});

const small = { nodes: 1, tasks: 1, coresPerTask: 2, memory: { kind: "default" }, accelerators: null } as const;
const anywhere = { only: [], except: [], prefer: [] };

test("it starts at the moment at which its input is there, and nothing is done before", () => {
  const text = `
    centre alpha  8 cores
    job late   cores 2 data alpha=600
    expect late waits waits-for-data
    expect nothing starts`;
  const world = runScenario(text);
  assert.equal(world.decide(0, 10).againMs, 600_000);
  runScenario(`${text}\n at 599\n expect nothing starts\n at 600\n expect late starts alpha`);
});

test("what holds for centres that are not named is a moment of its own, or never", () => {
  const text = `
    centre alpha  8 cores
    centre beta   8 cores
    job soon   cores 2 data alpha=600 elsewhere 300
    expect soon waits waits-for-data`;
  runScenario(`${text}\n at 300\n expect soon starts beta`);
  // alpha has most free from then on.
  runScenario(`${text.replace("beta   8", "beta   4")}\n at 600\n expect soon starts alpha`);
});

test("where no centre could run it where its input is first, it waits for the one that could", () => {
  const text = `
    centre alpha  2 cores
    centre beta   8 cores
    job wide   cores 4 data alpha,beta=600
    expect wide waits waits-for-data
    job next   cores 8 time 7200
    expect next starts beta`;
  runScenario(`${text}\n at 600\n expect wide starts beta`);
  const world = runScenario(text);
  const explained = world.explain(task, 0);
  assert(explained.kind === "waiting");
  const words = reasonWords(explained.rule, explained.facts, "en");
  assert.match(words, /waits for its data, .* at beta first, from 1970-01-01T08:10:00\+08:00/);
  assert.deepEqual(explained.estimate, { kind: "data", centre: "beta", atMs: 600_000 });
});

test("one that waits for its data keeps nobody from room, holds no place, and comes in turn by when they were there", () => {
  for (const policy of [policies.fcfs, easy, policies.conservative, weir])
    runScenario(
      `
      centre alpha  8 cores
      job late   cores 8 time 600 data alpha=1000
      job first  cores 8 time 900
      place
      running first
      job second cores 8 time 600
      at 900
      end first ok
      expect second starts alpha
      at 1000
      expect second starts alpha
      expect late waits alpha: cores-busy
    `,
      policy,
    );
});

test("its wait counts from when its data were at a centre: it is near its longest wait no sooner", () => {
  const hasty: Policy = { ...easy, maxWaitS: 1000, guardLeadS: 0 };
  const text = (data: string) => `
    centre alpha  8 cores
    job hog    cores 8 time 5000 only alpha
    place
    running hog
    job early  cores 8 time 60 ${data}
    at 1500
    job later  cores 8 time 60`;
  const placesOf = (data: string, atS: number) => {
    const world = runScenario(text(data), hasty);
    world.decide(atS * 1000, 10);
    return world.places().map(({ job }) => job);
  };
  assert.deepEqual(placesOf("", 1500), [2], "without a word of data it is near its longest wait");
  assert.deepEqual(placesOf("data alpha=1200", 1500), []);
  assert.deepEqual(placesOf("data alpha=1200", 2210), [2]);
  assert.deepEqual(placesOf("data alpha=9000", 2510), [3], "while it could start nowhere it has no place at all");
});

const full = `
  pool alpha/main  1×8 speed 4
  pool beta/main   1×8`;

test("the data of a faster pool are waited for where that is worth it, and its place is kept from then on", () => {
  const text = `${full}\n job long cores 8 time 7200 data beta,alpha=600`;
  const world = runScenario(`${text}\n expect long awaits alpha 600`, weir);
  const explained = world.explain(task, 0);
  assert(explained.kind === "waiting");
  assert.equal(explained.awaits?.forData, true);
  assert.deepEqual(explained.estimate, { kind: "data", centre: "alpha", atMs: 600_000 });
  runScenario(`${text}\n at 600\n expect long starts alpha`, weir);
  runScenario(`${text.replace("=600", "=6000")}\n expect long starts beta`, weir);
  // Room and data are both needed: the later of the two counts.
  const busy = `${full}\n job ahead cores 8 time 900 only alpha\n place\n running ahead`;
  runScenario(`${busy}\n job long cores 8 time 7200 data beta,alpha=600\n expect long awaits alpha 900`, weir);
  // What would run into its place there waits, and what ends before does not.
  const inTurn: Policy = { ...weir, order: easy.order, fairness: null, lookahead: null };
  const behind = (timeS: number) => `${text}\n job behind cores 8 time ${timeS} only alpha\n expect behind`;
  runScenario(`${behind(570)} starts alpha`, inTurn);
  runScenario(`${behind(601)} waits alpha: reserved-for-earlier, beta: not-among-wished`, inTurn);
});

test("a reservation begins when there is room and its data are there", () => {
  const text = (from: number) => `
    centre alpha  8 cores
    centre beta   8 cores
    job hog    cores 8 time 1000 only beta
    place
    running hog
    job wide   cores 8 time 600 data beta,alpha=${from}
    job small  cores 2 time ${from - 1} only alpha
    expect small starts alpha
    job longer cores 2 time ${from + 1} only alpha`;
  runScenario(
    `${text(600)}\n expect longer waits alpha: reserved-for-earlier, beta: not-among-wished
     at 600\n expect wide starts alpha`,
    easy,
  );
  // There is room at beta sooner.
  runScenario(`${text(1001)}\n expect longer starts alpha`, easy);
});

test("nobody is ended for a job where its data are not", () => {
  const text = (data: string) => `
    pool alpha/main  1×8
    pool beta/main   1×8
    job low    cores 8 time 7200 preemptible restarts priority low only alpha
    job other  cores 8 time 7200 only beta
    place
    running low
    running other
    at 1000
    job urgent cores 8 time 60 priority high data ${data}`;
  runScenario(`${text("alpha,beta")}\n expect low make-way urgent`, weir);
  runScenario(`${text("beta,alpha=2000")}\n expect nobody make-way urgent`, weir);
  runScenario(`${text("alpha=2000")}\n expect nobody make-way urgent\n at 2000\n expect low make-way urgent`, weir);
});

test("a run in a centre's queue is moved to no centre where its data are not", () => {
  const text = (data: string) => `
    pool alpha/main  1×8 shared pending 2
    job hog    cores 8 time 7200 only alpha
    place
    running hog
    job moves  cores 8 time 600 data alpha${data}
    place
    queued moves 7000
    pool beta/main   1×8`;
  runScenario(`${text(",beta")}\n expect moves moves beta`, weir);
  runScenario(`${text("")}\n expect nothing moves`, weir);
  runScenario(`${text(",beta=300")}\n at 299\n expect nothing moves\n at 300\n expect moves moves beta`, weir);
});

test("each task of an array waits for the data of its job", () => {
  runScenario(`
    centre alpha  8 cores
    job all    cores 2 array 0-3%2 data alpha=600
    expect all_3 waits waits-for-data
    at 600
    expect all_0 starts alpha
    expect all_1 starts alpha
    expect all_3 waits array-throttle
  `);
});

test("an earlier job of its name keeps a singleton back, whichever has its data first", () => {
  runScenario(`
    centre alpha  8 cores
    job first  called train cores 2 data alpha=600
    job second called train cores 2 singleton
    expect second waits singleton-waits
    at 600
    expect first starts alpha
    expect second waits singleton-waits
  `);
});

test("a job that waits for its data past its latest start ends", () => {
  runScenario(`
    centre alpha  8 cores
    job dated  cores 2 time 60 deadline 700 data alpha=650
    at 641
    expect dated overdue
  `);
});

test("one that is asked of its room before it is submitted is told of its data", () => {
  const world = runScenario("centre alpha 8 cores\n job other cores 2");
  const nothing = { siteWords: {}, software: [], container: false, fileSystems: [], licences: [], residency: [] };
  const data = { at: [{ centre: centreId("alpha"), fromMs: 600_000 }], elsewhereMs: null };
  const asker = { timeLimitS: 60, project: projectId(1), demands: { ...nothing, data } };
  const explained = world.explainNew(small, anywhere, 0, asker);
  assert.equal(explained.rule, "waits-for-data");
  assert.equal(explained.wouldGoTo, null);
  assert.deepEqual(explained.estimate, { kind: "data", centre: "alpha", atMs: 600_000 });
  assert.equal(world.explainNew(small, anywhere, 600_000, asker).wouldGoTo, "alpha");
});

test("what is told of its start, and learnt from, counts from when its data were there", () => {
  const world = runScenario(
    `
    centre alpha  8 cores
    job hog    cores 8 time 1600
    place
    running hog
    job late   cores 8 time 60 data alpha=600
  `,
    easy,
  );
  const late = { job: jobId(2), index: 0 };
  assert.equal(world.estimateDue(601_000), null, "a moment later at the soonest, as of one that came then");
  assert.equal(world.estimateDue(602_000)?.startsMs, 1_600_000);
  // Half of what was foretold came true, again and again.
  const half = { basis: "profile", centre: centreId("alpha"), pool: "main", processors: 8, timeLimitS: 60 } as const;
  const starts = Array.from({ length: 20 }, (_, at) => ({
    ...half,
    estimatedS: 1000,
    trueS: 500,
    startedMs: at * 3_600_000,
  }));
  world.apply({ kind: "learnt-before", starts, ends: [] });
  const explained = world.explain(late, 610_000);
  assert(explained.kind === "waiting" && explained.estimate.kind === "learnt", JSON.stringify(explained));
  assert.equal(explained.estimate.likelyMs, 1_100_000);
});
