import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { type CentreId, centreId, jobId, personId, projectId } from "#core/ids.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";

/**
 * Work lives through queues of centres that come, say when they will start it, start it, give it back or not, and end it, in
 * any order. Whatever happens: each task has one run at a time, what the network has for itself is never oversubscribed,
 * nothing that started is asked back, nobody is asked twice, goes back to where it was taken from, or is moved more often
 * than may be; and what is explained is what happens. A failure prints the seed.
 */
test("moves: each run at most once, nothing oversubscribed, nobody back and forth, explained as it happens", () => {
  let moved = 0;
  let cameBack = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (lived) => {
      const life = begin();
      for (const each of lived) {
        live(life, each);
        const plan = life.world.decide(life.nowMs, 1000);
        assert.deepEqual(life.world.decide(life.nowMs, 1000), plan, "deciding changes nothing");
        const again = createWorld(policies.weir);
        for (const event of life.history) again.apply(event);
        assert.deepEqual(again.decide(life.nowMs, 1000), plan, "the events alone say what is decided");
        checkPlaces(life, plan.place);
        checkExplained(life, plan.place);
        for (const back of plan.takeBack) {
          const task = life.tasks.get(Number(back.job));
          assert(task?.run && task.state === "waiting" && !task.asked, "only what waits, and once");
          assert.equal(task.run.attempt, back.attempt);
          assert.notEqual(back.to, back.centre);
          assert(!task.left.has(back.to), "not back to where it was taken from");
          assert(back.gainS > Math.max(moves.leastGainS, moves.leastGainShare * back.waitsS) - 1);
          assert.equal(back.move, task.moved + 1);
          assert(back.move <= moves.most);
          task.asked = true;
          task.moved += 1;
          task.left.add(back.centre);
          const { job, index, attempt, to, toPool } = back;
          tell(life, { kind: "run-asked-back", job, index, attempt, to: { centre: to, pool: toPool } });
        }
        moved += plan.takeBack.length;
        cameBack += plan.place.filter(({ moved }) => moved).length;
        for (const placed of plan.place) place(life, placed);
      }
    }),
    { numRuns: 150 },
  );
  assert(moved > 5 && cameBack > 1, `it happened: ${moved} moves, ${cameBack} runs came back`);
});

const { moves } = policies.weir.placing;

type Task = {
  state: "queued" | "sent" | "waiting" | "running" | "ended";
  run: Placement | null;
  attempts: number;
  asked: boolean;
  moved: number;
  readonly cores: number;
  readonly left: Set<CentreId>;
};
type Life = {
  readonly world: World;
  readonly history: WorldEvent[];
  readonly tasks: Map<number, Task>;
  nowMs: number;
};

const names = ["alpha", "beta", "gamma", "delta"] as const;
const sizes = { alpha: 8, beta: 6, gamma: 4, delta: 8 } as const;
/** The network's own. */
const own: readonly string[] = ["gamma"];

const pick = fc.nat(1000);
const step = fc.record({
  afterS: fc.constantFrom(1, 30, 400, 2000),
  act: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("submit" as const),
        cores: fc.integer({ min: 1, max: 8 }),
        timeS: fc.constantFrom(60, 3600, 20_000),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("waits" as const), pick, inS: fc.constantFrom(null, 10, 1000, 50_000) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("starts" as const), pick }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("back" as const), pick }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("ends" as const), pick, lost: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("reports" as const),
        centre: fc.constantFrom("alpha" as const, "beta" as const, "delta" as const),
        free: fc.nat(8),
        speed: fc.constantFrom(1, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("away" as const), centre: fc.constantFrom(...names) }) },
  ),
});

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;
type Act = Step["act"];

function begin(): Life {
  const life: Life = { world: createWorld(policies.weir), history: [], tasks: new Map(), nowMs: 0 };
  for (const name of names) report(life, name, 0, 1);
  return life;
}

function tell(life: Life, event: WorldEvent): void {
  life.history.push(event);
  life.world.apply(event);
}

/** All but the network's own are full of others' work, but for what they say is free. */
function report(
  life: Life,
  name: keyof typeof sizes,
  free: number,
  speed: number,
  connection: "connected" | "unreachable" = "connected",
): void {
  const isOwn = own.includes(name);
  const group = {
    cores: sizes[name],
    free: { cores: isOwn ? sizes[name] : Math.min(free, sizes[name]), memoryMib: 1_000_000, accelerators: [] },
  };
  const pool = poolOfNodes("main", [group], {
    contract: isOwn ? "dedicated" : "shared",
    foreign: isOwn ? "none" : "seen",
    maxPending: 3,
    speed,
  });
  const rest = { driver: "slurm", lifeCycle: "in-service", intake: "open", offers: noOffers, accounts: null } as const;
  tell(life, { kind: "centre-changed", centre: { id: centreId(name), connection, pools: [pool], ...rest } });
}

function live(life: Life, { afterS, act }: Step): void {
  life.nowMs += 1000 * afterS;
  switch (act.kind) {
    case "submit":
      submit(life, act.cores, act.timeS);
      break;
    case "reports":
      report(life, act.centre, act.free, act.speed);
      break;
    case "away":
      report(life, act.centre, 0, 1, "unreachable");
      break;
    default:
      liveOn(life, act);
  }
}

/** What becomes of one run, of those that it can become of. */
function liveOn(life: Life, act: Extract<Act, { readonly pick: number }>): void {
  const all = [...life.tasks].filter(([, task]) => mayBecome[act.kind](task));
  const [id, task] = all[act.pick % Math.max(1, all.length)] ?? [0, null];
  if (!task?.run) return;
  const { nowMs } = life;
  const { attempt } = task.run;
  const at = { job: jobId(id), index: 0 };
  if (act.kind === "waits") {
    task.state = "waiting";
    const startsMs = act.inS === null ? null : nowMs + 1000 * act.inS;
    tell(life, { kind: "run-moved", ...at, attempt, phase: "waiting", atMs: nowMs, startsMs });
  } else if (act.kind === "starts") {
    task.state = "running";
    tell(life, { kind: "run-moved", ...at, attempt, phase: "running", atMs: nowMs });
  } else if (act.kind === "back") {
    Object.assign(task, { state: "queued", run: null, asked: false });
    tell(life, { kind: "task-queued", ...at, attempts: attempt });
  } else {
    Object.assign(task, { state: "ended", run: null });
    if (act.lost) tell(life, { kind: "run-lost", ...at, attempt });
    tell(life, { kind: "tasks-ended", job: at.job, indices: [{ first: 0, last: 0, step: 1 }], succeeded: !act.lost });
  }
}

const mayBecome = {
  waits: ({ state }: Task) => state === "sent" || state === "waiting",
  starts: ({ state }: Task) => state === "sent" || state === "waiting",
  back: ({ state, asked }: Task) => asked && state === "waiting",
  ends: ({ state }: Task) => state === "running",
} as const;

function submit(life: Life, cores: number, timeLimitS: number): void {
  const id = life.tasks.size + 1;
  life.tasks.set(id, { state: "queued", run: null, attempts: 0, asked: false, moved: 0, cores, left: new Set() });
  const shape = {
    nodes: 1,
    tasks: 1,
    coresPerTask: cores,
    memory: { kind: "per-node", mib: 1 },
    accelerators: null,
  } as const;
  const who = { project: projectId(1), person: personId(1), name: "x" };
  const asked = {
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  };
  tell(life, { kind: "job-queued", job: jobId(id), submittedMs: life.nowMs, ...who, shape, timeLimitS, ...asked });
}

function place(life: Life, placed: Placement): void {
  const { job, index, attempt, centre, pool, allocation } = placed;
  const task = life.tasks.get(Number(job));
  assert(task?.state === "queued", "one run at a time");
  assert.equal(attempt, task.attempts + 1);
  Object.assign(task, { state: "sent", run: placed, attempts: attempt, asked: false });
  tell(life, { kind: "task-placed", job, index, attempt, centre, pool, allocation, phase: "sent", atMs: life.nowMs });
}

function checkPlaces(life: Life, placements: readonly Placement[]): void {
  for (const name of own) {
    const runs = [...life.tasks.values()].flatMap(({ run }) => (run?.centre === name ? [run] : []));
    const all = [...runs, ...placements.filter(({ centre }) => centre === name)];
    const cores = all.reduce((sum, { allocation }) => sum + allocation.coresPerNode, 0);
    assert(cores <= sizes.gamma, `${name} has ${sizes.gamma} cores, not ${cores}`);
  }
}

function checkExplained(life: Life, placements: readonly Placement[]): void {
  const goes = new Map(placements.map(({ job, centre }) => [Number(job), centre]));
  for (const [id, { state }] of life.tasks) {
    const explained = life.world.explain({ job: jobId(id), index: 0 }, life.nowMs);
    if (state === "queued") {
      assert(explained.kind === "waiting");
      assert.equal(explained.wouldGoTo, goes.get(id) ?? null);
    } else assert.equal(explained.kind, state === "ended" ? "not-queued" : "live");
  }
}
