import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { Allocation } from "#core/run-order.ts";
import { orderWords } from "#core/scheduling/order-words.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { runScenario } from "./scenario-testing.ts";
import { createWorld, type World } from "./world.ts";
import { replayInWorld } from "./world-replay-testing.ts";

// Whose work is served first in the live network: usage by tenant, project and person, predicted run times, promises.

const plain: Policy = { ...policies.weir, homePriority: null, lookahead: null };

test("of two tenants the one that used less goes first, though it came later", () => {
  runScenario(
    `
    centre alpha  4 cores
    job heavy   cores 4 time 3000 tenant 1 by 1
    place
    job again   cores 4 time 600 tenant 1 by 1
    job other   cores 4 time 600 tenant 2 by 2 of 2
    running heavy
    at 3000
    end heavy ok
    expect other starts alpha
    expect again waits alpha: cores-busy
    `,
    { ...plain, prediction: null },
  );
});

test("within a tenant its projects, and within a project its people, are told apart", () => {
  const text = (who: string) => `
    centre alpha  4 cores
    job heavy   cores 4 time 3000 tenant 1 of 1 by 1
    place
    job again   cores 4 time 600 tenant 1 of 1 by 1
    job other   cores 4 time 600 tenant 1 ${who}
    running heavy
    at 3000
    end heavy ok
    expect other starts alpha
  `;
  for (const who of ["of 2 by 2", "of 1 by 2"]) runScenario(text(who), { ...plain, prediction: null });
  assert.throws(() => runScenario(text("of 1 by 2"), { ...plain, prediction: null, fairness: null }));
});

test("what counts of usage is the largest part of any resource: cores, memory or cards", () => {
  const text = (used: string) => `
    centre alpha  8 cores 8000 MiB 8 x/npu
    job much   cores 1 ${used} time 3000 tenant 1 by 1
    job little cores 4 memory 100 MiB time 3000 tenant 2 by 2 of 2
    place
    job again  cores 8 time 600 tenant 1 by 1
    job other  cores 8 time 600 tenant 2 by 2 of 2
    running much
    running little
    at 3000
    end much ok
    end little ok
    expect other starts alpha
    expect again waits alpha: cores-busy
  `;
  const policy = { ...plain, prediction: null, placing: null };
  for (const used of ["memory 7000 MiB", "memory 100 MiB cards 8 x/npu"]) runScenario(text(used), policy);
  assert.throws(() => runScenario(text("memory 100 MiB"), policy));
});

test("jobs alike of one person keep their order; a high priority goes ahead of the person's own", () => {
  runScenario(
    `
    centre alpha  4 cores
    job first   cores 4 time 600
    place
    job second  cores 4 time 600
    job third   cores 4 time 600 priority high
    end first ok
    expect third starts alpha
    `,
    plain,
  );
});

test("who has always run for a fraction of the time asked for goes ahead of who has not", () => {
  const text = `
    centre alpha  4 cores
    ${history("long", 1, 3500, 0)}
    ${history("short", 2, 60, 30_000)}
    at 60000
    job running  cores 4 time 3600 by 3
    place
    job slow   cores 4 time 3600 by 1
    job quick  cores 4 time 3600 by 2
    running running
    at 60100
    end running ok
  `;
  const noUsage: Policy = { ...plain, fairness: null };
  const world = runScenario(`${text}expect quick starts alpha`, noUsage);
  runScenario(`${text}expect slow starts alpha`, { ...noUsage, prediction: null });
  const explained = world.explain({ job: jobId(14), index: 0 }, 60_100_000);
  assert(explained.kind === "waiting" && explained.order);
  assert(
    explained.order.predictedS !== null && explained.order.predictedS > 3000 && explained.order.predictedS <= 3600,
  );
  assert.equal(explained.order.factor, null);
  assert.equal(explained.order.class, "normal");
});

test("what is expected of a run time passes nobody's reservation: backfill goes by the time asked for", () => {
  runScenario(
    `
    centre alpha  4 cores
    ${history("short", 2, 60, 0)}
    at 60000
    job running  cores 2 time 3600 by 3
    place
    running running
    job wide    cores 4 time 10 by 1
    job quick   cores 2 time 3660 by 2
    expect quick waits alpha: reserved-for-earlier
    job small   cores 2 time 3000 by 2
    expect small starts alpha
    `,
    { ...plain, fairness: null },
  );
});

/** Six jobs of one person, all of whom ask for an hour. */
function history(name: string, person: number, ranS: number, fromS: number): string {
  return Array.from(
    { length: 6 },
    (_, at) => `
    at ${fromS + at * 4000}
    job ${name}${at}  cores 4 time 3600 by ${person}
    place
    running ${name}${at}
    at ${fromS + at * 4000 + ranS}
    end ${name}${at} ok`,
  ).join("");
}

test("what ended in one instant is learnt alike, whichever end was told first", () => {
  const ended = ([one, other]: readonly [string, string]) => `
    centre alpha  8 cores
    job short  cores 4 time 1000
    job long   cores 4 time 1000
    place
    running long
    at 50
    running short
    at 100
    end ${one} ok
    end ${other} ok
    job head   cores 8 time 900
    place
    job next   cores 4 time 1000
    at 120
  `;
  const order = (names: readonly [string, string]) => {
    const explained = runScenario(ended(names), plain).explain({ job: jobId(4), index: 0 }, 120_000);
    assert(explained.kind === "waiting");
    return explained.order;
  };
  const first = order(["short", "long"]);
  assert.notEqual(first?.predictedS, 500);
  assert.deepEqual(order(["long", "short"]), first);
});

test("a small new tenant starts within its plan's promise under a tenfold backlog of a big one", () => {
  const backlog = Array.from({ length: 400 }, (_, i) => ({
    submitS: 0,
    processors: 10,
    limitS: 900,
    home: 0,
    person: i % 40,
  }));
  const small = Array.from({ length: 3 }, () => ({ submitS: 100, processors: 10, limitS: 3600, home: 1, person: 40 }));
  const workload = workloadOf([100, 0], [...backlog, ...small]);
  const waits = (policy: Policy) =>
    Array.from(replayInWorld(workload, policy).startS.slice(400), (startS) => startS - 100);
  const weights = { home0: 9, home1: 1 };
  const promising: Policy = { ...plain, fairness: { ...policies.weir.fairness, promiseS: 1800, weights } };
  // By the factor alone, which long jobs of a small tenant may not be helped by, and by the promise alone.
  const byPromise: Policy = {
    ...promising,
    fairness: { ...policies.weir.fairness, least: 1, most: 1, promiseS: 1800, weights },
  };
  for (const policy of [promising, byPromise]) for (const waitS of waits(policy)) assert(waitS <= 1800, `${waitS} s`);
  const unfair = Math.max(...waits({ ...plain, fairness: null }));
  assert(unfair > 2700, `without fairness it starts after ${unfair} s: the scenario holds nobody back`);
});

test("of two tenants under a tenfold backlog each starts within what its own plan promises, and is told so", () => {
  const each = { submitS: 0, processors: 10, limitS: 900, home: 0 };
  const backlog = Array.from({ length: 400 }, (_, i) => ({ ...each, person: i % 40 }));
  const small = [1, 2].map((home) => ({ submitS: 100, processors: 10, limitS: 600, home, person: 39 + home }));
  const workload = workloadOf([100, 0, 0], [...backlog, ...small]);
  const weights = { home0: 8, home1: 1, home2: 1 };
  const waits = (promises: Readonly<Record<string, number | null>>, promiseS: number | null = null) => {
    const fairness = { ...policies.weir.fairness, least: 1, most: 1, weights, promiseS, promises };
    const { startS } = replayInWorld(workload, { ...plain, order: { kind: "fcfs" }, fairness });
    return [startS[400] ?? 0, startS[401] ?? 0].map((atS) => atS - 100);
  };
  const [unpromised = 0] = waits({ home1: null }, 1800);
  assert(unpromised > 3600, `promised nothing it starts after ${unpromised} s: the scenario holds nobody back`);
  for (const [oneS, otherS] of [
    [1800, 1800],
    [1800, 3600],
    [3600, 1800],
    [2500, 2600],
  ] as const) {
    const [one = 0, other = 0] = waits({ home1: oneS, home2: otherS });
    assert(one <= oneS && other <= otherS, `${one} of ${oneS}, ${other} of ${otherS}`);
    assert.deepEqual(waits({ home1: oneS }, otherS), [one, other], "to whom nothing is said what is said to all");
    if (oneS !== otherS && Math.abs(oneS - otherS) > 1000) assert.equal(one < other, oneS < otherS);
  }
});

test("who is served first by a promise is told by which", () => {
  const fairness = { ...policies.weir.fairness, promiseS: 7200, promises: { small: 1000 } };
  const policy = { ...plain, fairness };
  const world = runScenario(
    `
    centre alpha  4 cores
    job heavy  cores 4 time 5000 tenant 1 by 1
    place
    running heavy
    at 100
    job small  cores 4 time 60 tenant 2 by 2 of 2
    `,
    policy,
  );
  const orderAt = (nowMs: number) => {
    const explained = world.explain({ job: jobId(2), index: 0 }, nowMs);
    assert(explained.kind === "waiting" && explained.order);
    return explained.order;
  };
  world.apply({ kind: "policy-set", policy, weights: [], promises: [[tenantId(2), 1000]], atMs: 100_000 });
  assert.deepEqual([orderAt(590_000).class, orderAt(590_000).promiseS], ["normal", null]);
  const owed = orderAt(610_000);
  assert.deepEqual([owed.class, owed.promiseS], ["promised", 1000]);
  assert.match(orderWords(owed, policies.weir, "en"), /was promised a start within 16 min 40 s/);
  assert.match(orderWords(owed, policies.weir, "zh"), /承诺 16 分钟 40 秒内启动/);
  // Without promises of its own, as in what was recorded before there were any, it has that of all.
  world.apply({ kind: "policy-set", policy, weights: [], atMs: 620_000 });
  assert.equal(orderAt(630_000).class, "normal");
});

test("a world that is told what another remembered has its order", () => {
  const before = createWorld(plain);
  const after = createWorld(plain);
  live(before, 0, 40);
  after.apply({ kind: "order-remembered", memory: JSON.parse(JSON.stringify(before.remembered(600_000))) });
  for (const world of [before, after]) live(world, 100, 12);
  const nowMs = 1_200_000;
  for (const job of [100, 103, 107, 111]) {
    const [one, other] = [before, after].map((world) => world.explain({ job: jobId(job + 1), index: 0 }, nowMs));
    assert(one?.kind === "waiting" && other?.kind === "waiting" && one.order && other.order);
    assert(Math.abs((one.order.factor ?? 0) - (other.order.factor ?? 0)) < 1e-9, "usage");
    assert.equal(other.order.predictedS, one.order.predictedS);
    assert.equal(other.order.class, one.order.class);
  }
  const factors = [100, 101, 102].map((job) => {
    const explained = after.explain({ job: jobId(job + 1), index: 0 }, nowMs);
    return explained.kind === "waiting" ? explained.order?.factor : null;
  });
  assert.equal(new Set(factors).size, 3, "the scenario tells people apart");
});

test("another policy, and back: what was used and learnt is still known, also over a restart between the two", () => {
  const stayed = createWorld(plain);
  const moved = createWorld(plain);
  for (const world of [stayed, moved]) live(world, 0, 40);
  const atMs = 600_000;
  moved.apply({ kind: "policy-set", policy: policies.fcfs, weights: [], atMs });
  const restarted = createWorld(policies.fcfs);
  restarted.apply({ kind: "order-remembered", memory: JSON.parse(JSON.stringify(moved.remembered(atMs))) });
  for (const world of [moved, restarted]) world.apply({ kind: "policy-set", policy: plain, weights: [], atMs });
  const seen = [stayed, moved, restarted].map((world) => {
    live(world, 100, 12);
    return [100, 103, 107, 111].map((job) => {
      const explained = world.explain({ job: jobId(job + 1), index: 0 }, 1_200_000);
      assert(explained.kind === "waiting" && explained.order);
      return [explained.order.predictedS, explained.order.factor?.toFixed(9)];
    });
  });
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);
});

test("runs that were over before are counted as if they had been seen", () => {
  const seen = createWorld(plain);
  live(seen, 0, 9);
  const told = createWorld(plain);
  for (let at = 0; at < 9; at++)
    told.apply({ kind: "run-past", ...askedBy(at), allocation, ...timesOf(at), isLast: true });
  for (const world of [seen, told]) {
    world.apply({ kind: "job-queued", job: jobId(100), submittedMs: 500_000, ...jobOf(4) });
    world.tell(1_000_000);
  }
  const [one, other] = [seen, told].map((world) => world.explain({ job: jobId(100), index: 0 }, 1_000_000));
  assert(one?.kind === "waiting" && other?.kind === "waiting");
  assert.equal(other.order?.predictedS, one.order?.predictedS);
});

/** Jobs of three people of two tenants come one after another; of the first forty each runs for a while and ends. */
function live(world: World, from: number, count: number): void {
  for (let at = from; at < from + count; at++) {
    const job = jobId(at + 1);
    world.apply({ kind: "job-queued", job, submittedMs: at * 1000, ...jobOf(at) });
    if (at >= 40) continue;
    const { placedMs, startedMs, endedMs } = timesOf(at);
    const run = { job, index: 0, attempt: 1, centre: centreId("alpha"), pool: "main", allocation };
    world.apply({ kind: "task-placed", ...run, phase: "sent", atMs: placedMs });
    world.apply({ kind: "run-moved", job, index: 0, attempt: 1, phase: "running", atMs: startedMs });
    const indices = [{ first: 0, last: 0, step: 1 }];
    world.apply({ kind: "tasks-ended", job, indices, succeeded: true, atMs: endedMs });
  }
}

function askedBy(at: number) {
  const person = at % 3;
  const shape = { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "default" }, accelerators: null } as const;
  return {
    tenant: tenantId(1 + (person >> 1)),
    project: projectId(1 + (person >> 1)),
    person: personId(1 + person),
    shape,
    timeLimitS: 600 * (1 + (at % 2)),
  };
}

function jobOf(at: number) {
  const asked = { array: null, dependencies: [], wishes: { only: [], except: [], prefer: [] }, demands: null };
  return { ...askedBy(at), ...asked, name: `job ${at}`, past: null };
}

function timesOf(at: number) {
  return { placedMs: at * 1000, startedMs: at * 1000 + 500, endedMs: at * 1000 + 500 + 20_000 * (1 + (at % 3) ** 2) };
}

const allocation: Allocation = {
  nodes: 1,
  tasks: 1,
  coresPerTask: 1,
  coresPerNode: 1,
  memoryMibPerNode: 100,
  acceleratorsPerNode: 0,
  acceleratorVendor: null,
  acceleratorModel: null,
};

type Job = { readonly submitS: number; readonly processors: number; readonly limitS: number; readonly home: number };

function workloadOf(sizes: readonly number[], jobs: readonly (Job & { readonly person: number })[]): Workload {
  const column = (value: (job: (typeof jobs)[number], at: number) => number) => Int32Array.from(jobs, value);
  return {
    homes: sizes.map((processors, at) => {
      const counted = { firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 };
      return { name: `home${at}`, processors, ...counted };
    }),
    count: jobs.length,
    submitS: column(({ submitS }) => submitS),
    runS: column(({ limitS }) => limitS),
    estimateS: column(({ limitS }) => limitS),
    processors: column(({ processors }) => processors),
    home: Uint16Array.from(jobs, ({ home }) => home),
    person: column(({ person }) => person),
    project: column(({ home }) => home),
    place: column((_, at) => at),
    number: column((_, at) => at + 1),
  };
}
