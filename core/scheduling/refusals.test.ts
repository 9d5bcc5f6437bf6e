import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import type { ArraySpec, CentreWishes } from "#core/job/spec.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { CentreState } from "#core/scheduling/world-event.ts";

// What a centre would not take goes to another one, never to the same again, and where there is no other it ends in that
// centre's words. It keeps nobody else away from anything.

const [one, two] = [centreId("jinan"), centreId("qingdao")];

function centre(id: typeof one, cores: number): CentreState {
  return {
    id,
    driver: "slurm",
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    pools: [poolOfNodes("batch", [{ count: 1, cores, memoryMib: 4000 }])],
    offers: noOffers,
    accounts: null,
  };
}

function submit(world: World, job: number, asked: { wishes?: Partial<CentreWishes>; array?: ArraySpec } = {}): void {
  const { shape, centres, dependencies } = sampleSpec;
  world.apply({
    kind: "job-queued",
    job: jobId(job),
    submittedMs: job,
    project: projectId(7),
    person: personId(1),
    name: "small",
    shape,
    timeLimitS: 60,
    array: asked.array ?? null,
    dependencies,
    wishes: { ...centres, ...asked.wishes },
    demands: null,
    past: null,
  });
}

/** Takes what the world would place into the world, as the feed would tell it. */
function place(world: World, most = 10): readonly string[] {
  return world.decide(0, most).place.map((placement) => {
    world.apply({ kind: "task-placed", ...placement, phase: "sent", atMs: 0 });
    return `${placement.job}_${placement.index} ${placement.centre}`;
  });
}

function refuse(world: World, job: number, index: number, at: typeof one, words = "no", attempts = 1): void {
  world.apply({ kind: "job-refused", job: jobId(job), centre: at, words });
  world.apply({ kind: "task-queued", job: jobId(job), index, attempts, atMs: 0 });
}

const ends = (world: World) => world.decide(0, 0).end;
const whole = (last: number) => [{ first: 0, last, step: 1 }];

test("it goes to the other centre, and weir why says who refused and in what words", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: centre(one, 8) });
  world.apply({ kind: "centre-changed", centre: centre(two, 4) });
  submit(world, 1);
  assert.deepEqual(place(world), ["1_0 jinan"]);
  refuse(world, 1, 0, one, "not without the course");
  assert.deepEqual(ends(world), []);
  const explained = world.explain({ job: jobId(1), index: 0 }, 0);
  assert.equal(explained.kind, "waiting");
  assert.deepEqual(
    explained.candidates.map(({ centre: at, rule, facts }) => [at, rule, facts.words]),
    [
      [one, "refused-there", "not without the course"],
      [two, null, undefined],
    ],
  );
  assert.match(reasonWords("refused-there", { words: "not so" }, "en"), /^the centre refused this job before: not so$/);
  assert.match(reasonWords("refused-there", { words: "not so" }, "zh"), /拒绝此作业：not so$/);
  assert.deepEqual(place(world), ["1_0 qingdao"]);
});

test("where no other centre could ever take it, it ends in the words of the last that refused", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: centre(one, 8) });
  world.apply({ kind: "centre-changed", centre: centre(two, 4) });
  submit(world, 1);
  submit(world, 2, { wishes: { only: [one] } });
  assert.deepEqual(place(world), ["1_0 jinan", "2_0 jinan"]);
  refuse(world, 1, 0, one, "first");
  refuse(world, 2, 0, one, "only there");
  const named = { job: jobId(2), indices: whole(0), refusedBy: one, words: "only there" };
  assert.deepEqual(ends(world), [named]);
  world.apply({ kind: "tasks-ended", job: jobId(2), indices: whole(0), succeeded: false });
  assert.deepEqual(place(world), ["1_0 qingdao"]);
  refuse(world, 1, 0, two, "second", 2);
  assert.deepEqual(ends(world), [{ job: jobId(1), indices: whole(0), refusedBy: two, words: "second" }]);
  world.apply({ kind: "tasks-ended", job: jobId(1), indices: whole(0), succeeded: false });
  assert.deepEqual([ends(world), world.counts()], [[], { jobs: 0, queued: 0, live: 0 }]);
});

test("a centre that is away for now could take it later: it waits", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: centre(one, 8) });
  world.apply({ kind: "centre-changed", centre: { ...centre(two, 4), connection: "unreachable" } });
  submit(world, 1);
  assert.deepEqual(place(world), ["1_0 jinan"]);
  refuse(world, 1, 0, one);
  assert.deepEqual([ends(world), place(world)], [[], []]);
  world.apply({ kind: "centre-changed", centre: centre(two, 4) });
  assert.deepEqual(place(world), ["1_0 qingdao"]);
});

test("where the last centre that could take it later goes, it ends as refused", () => {
  for (const gone of [
    { kind: "centre-removed", centre: two } as const,
    { kind: "centre-changed", centre: { ...centre(two, 4), intake: "leaving" } } as const,
  ]) {
    const world = createWorld();
    world.apply({ kind: "centre-changed", centre: centre(one, 8) });
    world.apply({ kind: "centre-changed", centre: { ...centre(two, 4), connection: "unreachable" } });
    submit(world, 1);
    assert.deepEqual(place(world), ["1_0 jinan"]);
    refuse(world, 1, 0, one, "not so");
    assert.deepEqual([ends(world), ends(world)], [[], []]);
    world.apply(gone);
    assert.deepEqual(ends(world), [{ job: jobId(1), indices: whole(0), refusedBy: one, words: "not so" }]);
  }
});

test("an array: what waits of it goes elsewhere too, what runs there goes on, and others like it stand where they stood", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: centre(one, 2) });
  submit(world, 1, { array: { ranges: whole(3), throttle: null } });
  submit(world, 2);
  assert.deepEqual(place(world), ["1_0 jinan", "1_1 jinan"]);
  refuse(world, 1, 1, one, "too many");
  refuse(world, 1, 1, one, "said again by another chunk");
  assert.deepEqual(ends(world), [
    { job: jobId(1), indices: [{ first: 1, last: 3, step: 1 }], refusedBy: one, words: "too many" },
  ]);
  assert.deepEqual(place(world), ["2_0 jinan"]);
  world.apply({ kind: "tasks-ended", job: jobId(1), indices: [{ first: 1, last: 3, step: 1 }], succeeded: false });
  assert.equal(world.counts().live, 2);
});

test("one of many alike that wait is taken out of their row, wherever it stands", () => {
  for (const refused of [1, 2, 3, 4]) {
    const world = createWorld();
    world.apply({ kind: "centre-changed", centre: centre(one, 4) });
    for (const job of [1, 2, 3, 4]) submit(world, job);
    // Told of before it was placed, as after a restart.
    world.apply({ kind: "job-refused", job: jobId(refused), centre: one, words: "no" });
    const others = [1, 2, 3, 4].filter((job) => job !== refused).map((job) => `${job}_0 jinan`);
    assert.deepEqual(place(world), others);
    world.apply({ kind: "centre-changed", centre: centre(two, 4) });
    assert.deepEqual(place(world), [`${refused}_0 qingdao`]);
  }
});

test("one that asks for something else by now is planned for once, where it stands", () => {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: centre(one, 1) });
  submit(world, 10);
  assert.deepEqual(place(world), ["10_0 jinan"]);
  world.apply({ kind: "centre-changed", centre: centre(two, 5) });
  for (const job of [11, 12, 13, 14]) submit(world, job);
  world.apply({ kind: "job-refused", job: jobId(13), centre: one, words: "no" });
  submit(world, 15, { wishes: { only: [two] } });
  const all = [11, 12, 13, 14, 15].map((job) => `${job}_0 qingdao`);
  assert.deepEqual(place(world).toSorted(), all);
});
