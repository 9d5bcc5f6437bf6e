import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import type { Hours } from "#core/centre/terms.ts";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { poolOfNodes, runScenario } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { PoolState } from "#core/scheduling/world-event.ts";

const scenarios: Record<string, string> = {
  "of a shared pool no more is taken than the share, running or in its queue": `
    pool alpha/batch  4×8 shared share 50 foreign
    job one    cores 8
    job two    cores 8
    job three  cores 1
    expect one starts alpha
    expect two starts alpha
    expect three waits alpha: share-used
    place
    running one
    queued two
    expect three waits alpha: share-used
    end one ok
    expect three starts alpha
  `,
  "what could never be within the share is refused, and keeps nobody waiting": `
    pool alpha/batch  4×8 share 50
    job whole  nodes 4 cores 8
    job half   nodes 2 cores 8
    expect whole impossible
    expect whole waits alpha: above-share
    expect half starts alpha
  `,
  "who waits for the share keeps its turn, also in a shared pool": `
    pool alpha/batch  1×8 shared share 50 foreign
    job first  cores 2
    job large  cores 4
    job small  cores 2 of 2
    expect first starts alpha
    expect large waits alpha: share-used
    expect small waits alpha: behind-in-queue
  `,
  "cards and memory are shared out too; another pool takes what one may not": `
    pool alpha/batch  1×8 memory 800 cards 4 x/npu share 50
    pool beta/batch   1×8 memory 800
    job cards   cards 2 x/npu
    job more    cards 1 x/npu
    job memory  memory 500 MiB prefer alpha
    expect cards starts alpha
    expect more waits alpha: share-used, beta: no-such-accelerator
    expect memory starts beta
    pool beta/batch   1×8 memory 300
    expect memory impossible
  `,
  "nothing of a pool is the network's": `
    pool alpha/batch  1×8 share 0
    job one  cores 1
    expect one impossible
  `,
};

for (const [name, scenario] of Object.entries(scenarios)) test(name, () => void runScenario(scenario));

function alpha(pool: Partial<PoolState>, driver: "slurm" | "process" = "slurm"): World {
  const world = createWorld();
  const centre = { id: centreId("alpha"), driver, lifeCycle: "in-service", intake: "open" } as const;
  const pools = [poolOfNodes("batch", [{ count: 4, cores: 8 }], pool)];
  world.apply({
    kind: "centre-changed",
    centre: { ...centre, connection: "connected", pools, offers: noOffers, accounts: null },
  });
  return world;
}

function queue(world: World, job: number): void {
  const { shape } = sampleSpec;
  const asked = { shape, wishes: sampleSpec.centres, demands: null, array: null, dependencies: [], past: null };
  const who = { person: personId(1), project: projectId(1), name: `job-${job}` };
  world.apply({ kind: "job-queued", job: jobId(job), submittedMs: job, timeLimitS: 60, ...who, ...asked });
}

const nights: readonly Hours[] = [{ days: [1, 2, 3, 4, 5, 6, 7], from: "20:00", to: "08:00" }];
const at = (text: string) => Date.parse(`2026-11-23T${text}+08:00`);
const minutesMs = 60_000;

test("outside the hours nothing is sent, the plan says when to look again, and a lease ends with the hours", () => {
  const world = alpha({ contract: "shared", hours: nights, leaseMs: 60 * minutesMs });
  queue(world, 1);
  const day = world.decide(at("19:00"), 10);
  assert.deepEqual([day.place, day.againMs], [[], at("20:00")]);
  const explained = world.explain({ job: jobId(1), index: 0 }, at("19:00"));
  assert(explained.kind === "waiting" && explained.wouldGoTo === null);
  const [candidate] = explained.candidates;
  assert.equal(candidate?.rule, "outside-hours");
  assert.match(reasonWords("outside-hours", candidate?.facts ?? {}, "en"), /pool batch again on Monday at 20:00$/);
  assert.match(reasonWords("outside-hours", candidate?.facts ?? {}, "zh"), /须到周一 20:00 才可再在资源池 batch/);
  assert.equal(world.headroom(centreId("alpha")).get("batch")?.length, 0);

  const night = world.decide(at("20:00"), 10);
  assert.deepEqual([night.place[0]?.leaseMs, night.againMs], [60 * minutesMs, null]);
  assert.equal(world.decide(at("07:50"), 10).place[0]?.leaseMs, 10 * minutesMs);
});

test("what can start is within the share", () => {
  const world = alpha({ sharePercent: 40 });
  const shapes = () =>
    world
      .headroom(centreId("alpha"))
      .get("batch")
      ?.map(({ nodes, coresPerNode }) => `${nodes}×${coresPerNode}`);
  assert.deepEqual(shapes(), ["1×8"]);
  const one = alpha({ sharePercent: 15 });
  assert.deepEqual(
    one
      .headroom(centreId("alpha"))
      .get("batch")
      ?.map(({ coresPerNode }) => coresPerNode),
    [4],
  );
});

test("a refusal names a shape within the share", () => {
  const world = alpha({ sharePercent: 50 });
  const shape = { ...sampleSpec.shape, nodes: 4, tasks: 4, coresPerTask: 8 };
  const answer = world.couldEverFit(shape, sampleSpec.centres);
  assert(answer.kind === "refused" && answer.refusal.kind === "no-centre-fits");
  const nearest = answer.refusal.nearest?.shape;
  assert(nearest);
  assert.equal(world.couldEverFit(nearest, sampleSpec.centres).kind, "fits");
  assert.equal(answer.refusal.rules[0]?.rule, "above-share");
});

test("of what is free there the network has its share, and that is told", () => {
  const world = alpha({ sharePercent: 40 });
  queue(world, 1);
  const explained = world.explain({ job: jobId(1), index: 0 }, at("20:00"));
  assert(explained.kind === "waiting");
  const [candidate] = explained.candidates;
  assert.equal(reasonWords(null, candidate?.facts ?? {}, "en"), "fits, 12 of 12 cores are free");
});
