import type { RunId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { Description, PoolDescription } from "./description.ts";
import { type Ask, couldHold, giveBack, type Node, nodesOf, pick, take } from "./node.ts";
import type { Plan } from "./plan.ts";
import { between, lot, randomFrom, waitMs } from "./random.ts";

/**
 * The engine that is simulated: nodes, one queue a pool, first come first served, the centre's own users, and what goes
 * wrong at the centre itself. It has no clock: `advance` takes it to a time, in the centre's milliseconds, and answers
 * what happened on the way. The same description and calls give the same happenings.
 */
export type Cluster = {
  readonly runs: ReadonlyMap<RunId, SimulatedRun>;
  readonly pools: readonly PoolState[];
  /** Whether the pool could ever hold it. */
  readonly fits: (pool: string, ask: Ask) => "fits" | "no-pool" | "too-large";
  readonly submit: (run: SimulatedRun) => void;
  readonly cancel: (run: RunId) => void;
  /** Takes it out of the queue; one that runs goes on. */
  readonly withdraw: (run: RunId) => void;
  readonly remove: (run: RunId) => void;
  /** What is known better than the engine knows it. */
  readonly correct: (run: SimulatedRun) => void;
  readonly advance: (toMs: number) => readonly Happening[];
  /** When something will happen by itself; null: never. */
  readonly nextMs: () => number | null;
  /** The centre's own users begin to work. */
  readonly admitOthers: () => void;
};

export type SimulatedRun = {
  readonly run: RunId;
  readonly engineId: string;
  readonly name: string;
  readonly pool: string;
  readonly ask: Ask;
  readonly plan: Plan;
  readonly timeLimitMs: number;
  readonly submittedMs: number;
  /** A later start is forbidden (R1). */
  readonly startBeforeMs: number;
  /** Further copies that the engine started: each found the first one's folder and ran nothing (R4). */
  readonly copies: number;
  readonly state:
    | { readonly kind: "waiting" }
    | { readonly kind: "running"; readonly startedMs: number; readonly on: readonly string[] }
    /** The engine has no trace of it any more. */
    | { readonly kind: "vanished"; readonly startedMs: number; readonly atMs: number; readonly on: readonly string[] }
    | {
        readonly kind: "ended";
        readonly atMs: number;
        readonly startedMs: number | null;
        readonly on: readonly string[];
        readonly end: RunEnd;
        readonly words: string | null;
      };
};

/** A run as it is after what happened to it, or a copy of it that ended at once. */
export type Happening = { readonly atMs: number; readonly run: SimulatedRun };

export type PoolState = {
  readonly description: PoolDescription;
  readonly nodes: readonly Node[];
  /** In the order they came. */
  readonly queue: Work[];
  readonly running: Set<Work>;
};

/** Of the network, or of the centre's own users. */
export type Work = {
  readonly run: RunId | null;
  readonly ask: Ask;
  readonly limitMs: number;
  startedMs: number | null;
  on: readonly Node[];
};

type Due = { readonly atMs: number; readonly act: () => void };

export function openCluster(
  description: Description,
  startMs: number,
  kept: readonly SimulatedRun[],
  onChange: (run: SimulatedRun) => void,
): Cluster {
  const { seed, faults } = description;
  const random = randomFrom(seed);
  const nodes = nodesOf(description.pools);
  const pools = description.pools.map(
    (pool, place): PoolState => ({ description: pool, nodes: nodes[place] ?? [], queue: [], running: new Set() }),
  );
  const runs = new Map<RunId, SimulatedRun>();
  const works = new Map<RunId, Work>();
  const due: Due[] = [];
  let nowMs = startMs;
  let happened: Happening[] = [];

  for (const run of kept) adopt(run);
  if (faults.nodeFailures) later(waitMs(random, centreMs(faults.nodeFailures.everyS)), failNode);
  if (faults.preemption) later(waitMs(random, centreMs(faults.preemption.everyS)), preempt);

  function centreMs(realS: number): number {
    return realS * 1000 * description.speed;
  }

  function later(afterMs: number, act: () => void): void {
    at(nowMs + afterMs, act);
  }

  /** Sorted with what comes first at the end; of one time, what was planned first comes first. */
  function at(atMs: number, act: () => void): void {
    let [low, high] = [0, due.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((due[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    due.splice(low, 0, { atMs, act });
  }

  function set(run: SimulatedRun): void {
    runs.set(run.run, run);
    onChange(run);
    happened.push({ atMs: nowMs, run });
  }

  /** From the file of an earlier process. */
  function adopt(run: SimulatedRun): void {
    runs.set(run.run, run);
    const pool = pools.find(({ description: { name } }) => name === run.pool);
    if (run.state.kind === "waiting" && pool) enqueue(run, pool);
    if (run.state.kind !== "running") return;
    const { on, startedMs } = run.state;
    const nodes = pool?.nodes.filter(({ name }) => on.includes(name)) ?? [];
    if (!pool || nodes.length < on.length) {
      endRun(run, { kind: "node-failed", reason: "the description no longer has its nodes" });
      return;
    }
    const work: Work = { run: run.run, ask: run.ask, limitMs: run.timeLimitMs, startedMs, on: nodes };
    works.set(run.run, work);
    begin(work, pool, nodes);
    planEnd(run, startedMs);
  }

  function enqueue(run: SimulatedRun, pool: PoolState): void {
    const work: Work = { run: run.run, ask: run.ask, limitMs: run.timeLimitMs, startedMs: null, on: [] };
    works.set(run.run, work);
    pool.queue.push(work);
    at(run.startBeforeMs, () => {
      const now = runs.get(run.run);
      if (now?.state.kind === "waiting")
        endRun(now, { kind: "withdrawn", evidence: "its deadline passed in the engine's queue" });
    });
  }

  function begin(work: Work, pool: PoolState, nodes: readonly Node[]): void {
    for (const node of nodes) take(node, work.ask);
    work.on = nodes;
    pool.running.add(work);
  }

  /** First come first served; whoever does not fit holds those behind. */
  function schedule(): void {
    for (const pool of pools) {
      for (let head = pool.queue[0]; head; head = pool.queue[0]) {
        const nodes = pick(pool.nodes, head.ask);
        if (!nodes) break;
        pool.queue.shift();
        head.startedMs = nowMs;
        begin(head, pool, nodes);
        const work = head;
        if (work.run === null) later(work.limitMs, () => release(work));
        else startRun(work.run, nodes);
      }
    }
  }

  function startRun(name: RunId, nodes: readonly Node[]): void {
    const run = runs.get(name);
    if (!run) return;
    const twice = lot(seed, `copy ${name}`) < (faults.duplicatedStarts ?? 0);
    const on = nodes.map((node) => node.name);
    set({ ...run, copies: run.copies + (twice ? 1 : 0), state: { kind: "running", startedMs: nowMs, on } });
    planEnd(run, nowMs);
  }

  function planEnd({ run, plan, timeLimitMs, ask }: SimulatedRun, startedMs: number): void {
    const tooMuch = plan.memoryMib > ask.memoryMib;
    const ownMs = tooMuch ? Math.ceil(plan.runMs / 2) : plan.runMs;
    const lost = lot(seed, `lost ${run}`) < (faults.lostJobs ?? 0);
    if (lost) at(startedMs + Math.floor(Math.min(ownMs, timeLimitMs) * lot(seed, `when ${run}`)), () => vanish(run));
    const end = ownMs >= timeLimitMs ? ({ kind: "timed-out" } as const) : ownEnd(plan, tooMuch);
    at(startedMs + Math.min(ownMs, timeLimitMs), () => {
      const now = runs.get(run);
      if (now?.state.kind === "running" && now.state.startedMs === startedMs) endRun(now, end);
    });
  }

  function endRun(run: SimulatedRun, end: RunEnd, words: string | null = null): void {
    const { state } = run;
    if (state.kind === "ended") return;
    const startedMs = state.kind === "waiting" ? null : state.startedMs;
    const on = state.kind === "waiting" ? [] : state.on;
    set({ ...run, state: { kind: "ended", atMs: nowMs, startedMs, on, end, words } });
    leave(run.run);
  }

  function vanish(name: RunId): void {
    const run = runs.get(name);
    if (run?.state.kind !== "running") return;
    const { startedMs, on } = run.state;
    set({ ...run, state: { kind: "vanished", startedMs, atMs: nowMs, on } });
    leave(name);
  }

  function leave(name: RunId): void {
    const work = works.get(name);
    works.delete(name);
    if (work) release(work);
  }

  function release(work: Work): void {
    for (const pool of pools) {
      if (pool.running.delete(work)) for (const node of work.on) giveBack(node, work.ask);
      const place = pool.queue.indexOf(work);
      if (place !== -1) pool.queue.splice(place, 1);
    }
  }

  function failNode(): void {
    if (!faults.nodeFailures) return;
    later(waitMs(random, centreMs(faults.nodeFailures.everyS)), failNode);
    const sound = [...new Set(pools.flatMap((pool) => pool.nodes))].filter((node) => node.up);
    const node = sound[Math.floor(random() * sound.length)];
    if (!node) return;
    node.up = false;
    later(centreMs(faults.nodeFailures.repairS), () => (node.up = true));
    for (const pool of pools)
      for (const work of [...pool.running]) {
        if (!work.on.includes(node)) continue;
        const run = work.run === null ? undefined : runs.get(work.run);
        if (run) endRun(run, { kind: "node-failed", reason: `node ${node.name} failed (simulated)` });
        else release(work);
      }
  }

  function preempt(): void {
    if (!faults.preemption) return;
    later(waitMs(random, centreMs(faults.preemption.everyS)), preempt);
    const running = [...runs.values()].filter(({ state }) => state.kind === "running");
    const run = running[Math.floor(random() * running.length)];
    if (run) endRun(run, { kind: "preempted" });
  }

  /** Poisson arrivals that ask for `load` times what the pool has; at the beginning that share is running already. */
  function admitOthers(): void {
    for (const pool of pools) {
      const { foreign } = pool.description;
      if (!foreign) continue;
      const total = pool.nodes.reduce((sum, node) => sum + node.cores, 0);
      const meanCores = (foreign.cores[0] + foreign.cores[1]) / 2;
      const meanMs = 500 * (foreign.forS[0] + foreign.forS[1]);
      const everyMs = (meanCores * meanMs) / (foreign.load * total);
      for (let cores = 0; cores < Math.min(1, foreign.load) * total; ) {
        const work = another(pool, foreign, random());
        cores += work.ask.cores * work.ask.nodes;
        pool.queue.push(work);
      }
      const arrive = () => {
        later(waitMs(random, everyMs), arrive);
        const waiting = pool.queue.filter(({ run }) => run === null).length;
        if (waiting < foreign.mostWaiting) pool.queue.push(another(pool, foreign, 1));
      };
      later(waitMs(random, everyMs), arrive);
    }
    schedule();
  }

  function another(pool: PoolState, foreign: NonNullable<PoolDescription["foreign"]>, left: number): Work {
    const asked = Math.max(1, between(random(), foreign.cores[0], foreign.cores[1]));
    const widest = Math.max(...pool.nodes.map((node) => node.cores));
    const nodes = Math.min(pool.nodes.length, Math.ceil(asked / widest));
    const cores = Math.min(widest, Math.ceil(asked / nodes));
    const limitMs = Math.ceil(left * between(random(), 1000 * foreign.forS[0], 1000 * foreign.forS[1]));
    return { run: null, ask: { nodes, cores, memoryMib: 0, devices: null }, limitMs, startedMs: null, on: [] };
  }

  return {
    runs,
    pools,
    fits(name, ask) {
      const pool = pools.find(({ description: { name: own } }) => own === name);
      if (!pool) return "no-pool";
      return couldHold(pool.nodes, ask) ? "fits" : "too-large";
    },
    submit(run) {
      const pool = pools.find(({ description: { name } }) => name === run.pool);
      if (!pool) throw new Error(`broken invariant: there is a pool ${run.pool}`);
      set(run);
      enqueue(run, pool);
    },
    cancel(name) {
      const run = runs.get(name);
      if (run) endRun(run, { kind: "cancelled", by: "user", reason: null });
    },
    withdraw(name) {
      const run = runs.get(name);
      const evidence = "taken out of the queue before it had a node (simulated)";
      if (run?.state.kind === "waiting") endRun(run, { kind: "withdrawn", evidence });
    },
    remove(name) {
      runs.delete(name);
    },
    correct(run) {
      runs.set(run.run, run);
      onChange(run);
    },
    advance(toMs) {
      schedule();
      for (let next = due.at(-1); next && next.atMs <= toMs; next = due.at(-1)) {
        due.pop();
        nowMs = Math.max(nowMs, next.atMs);
        next.act();
        schedule();
      }
      nowMs = Math.max(nowMs, toMs);
      const told = happened;
      happened = [];
      return told;
    },
    nextMs: () => due.at(-1)?.atMs ?? null,
    admitOthers,
  };
}

function ownEnd(plan: Plan, tooMuch: boolean): RunEnd {
  if (tooMuch) return { kind: "out-of-memory" };
  if (plan.end.kind === "signal") return { kind: "signalled", signal: plan.end.signal };
  return plan.end.code === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: plan.end.code };
}
