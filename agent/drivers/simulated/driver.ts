import { setTimeout as delay } from "node:timers/promises";
import type { Driver, FoundRun, StartAnswer } from "#agent/driver.ts";
import type { EngineReport } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder, RunUsage } from "#core/run-order.ts";
import { type Happening, openCluster, type SimulatedRun } from "./cluster.ts";
import { type Description, offersOf } from "./description.ts";
import { startsInMs } from "./estimate.ts";
import { hostsText } from "./hosts.ts";
import { logOf } from "./log.ts";
import type { Ask } from "./node.ts";
import { planOf } from "./plan.ts";
import { between, lot } from "./random.ts";
import { openRecord } from "./record.ts";
import { poolReport } from "./report.ts";

/**
 * A centre of any size of which nothing is real: its runs take the time that their scripts say, on a clock that may be
 * faster, with the faults that its description names. It keeps the rules of every driver by itself: a deadline in the
 * queue is a fence (R1), what it lost is told with the evidence (R2), a run it knows is not started again (R3, R4), and
 * nothing is requeued (R5). Its file at `path` is its memory, so it is the same after the agent's restart.
 *
 * Times in observations are real; what is metered, limited and planned is the centre's time, `speed` times as fast.
 */
export function openSimulatedDriver(settings: SimulatedSettings): Driver {
  const { description, path, note } = settings;
  const { faults, seed, speed } = description;
  const openedMs = Date.now();
  const record = openRecord(path, openedMs);
  /** Never goes back, whatever the wall clock does. */
  let latestMs = Math.max(0, ...record.runs.map(lastMs));
  const cluster = openCluster(description, record.runs.length > 0 ? latestMs : centreNow(), record.runs, record.keep);
  /** Numbers what is drawn, so that each draw is another. */
  let draws = 0;
  let listener: ((observation: RunObservation) => void) | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  /** When what was seen of a run is told, so that it is told in its order. */
  /** What is still to be told of each run, in the order it happened. */
  const untold = new Map<RunId, { readonly observation: RunObservation; readonly atMs: number }[]>();
  /** What is known of waiting runs at the network. */
  const toldWait = new Map<RunId, string>();
  let known: EngineReport | null = null;
  cluster.advance(centreNow());
  for (const run of cluster.runs.values()) if (run.state.kind === "vanished") noticeLost(run.run);
  cluster.admitOthers();
  turn();

  /** Milliseconds of the centre's time. */
  function centreNow(): number {
    latestMs = Math.max(latestMs, Math.floor((Date.now() - record.epochMs) * speed));
    return latestMs;
  }

  /** Takes the engine to now, tells what happened, and comes back when something will. */
  function turn(): void {
    if (closed) return;
    for (const happening of cluster.advance(centreNow())) tell(happening);
    for (const { queue } of cluster.pools) {
      const head = queue[0]?.run ? cluster.runs.get(queue[0].run) : undefined;
      if (head) tell({ atMs: latestMs, run: head });
    }
    if (timer) clearTimeout(timer);
    const nextMs = cluster.nextMs();
    if (nextMs === null) return;
    timer = setTimeout(turn, Math.min(60_000, Math.max(1, (nextMs - centreNow()) / speed)));
  }

  function tell({ run }: Happening): void {
    if (run.state.kind === "vanished") {
      setTimeout(() => noticeLost(run.run), noticedAfterMs);
      return;
    }
    // What did not wait at all is told once, as started.
    if (run.state.kind === "waiting" && cluster.runs.get(run.run)?.state.kind !== "waiting") return;
    const observation = observationOf(run);
    if (observation) send(observation);
  }

  /** In the order they happened, as late as the description has it, and not while the engine does not answer. */
  function send(observation: RunObservation): void {
    const [least, most] = faults.lateReportsMs ?? [0, 0];
    const lateMs = between(lot(seed, `late ${observation.run} ${draws++}`), least, most);
    const before = untold.get(observation.run);
    const told = { observation, atMs: Math.max(Date.now() + lateMs, before?.at(-1)?.atMs ?? 0) };
    if (before) {
      before.push(told);
      return;
    }
    untold.set(observation.run, [told]);
    hand(observation.run);
  }

  /** What of a run is due; the rest when it is. Two timers of the same moment need not ring in their order. */
  function hand(run: RunId): void {
    const waiting = untold.get(run) ?? [];
    if (closed) return;
    while (waiting[0] && waiting[0].atMs <= Date.now() && !isDown()) {
      const [{ observation }] = waiting;
      waiting.shift();
      listener?.(observation);
    }
    const [next] = waiting;
    if (next) setTimeout(() => hand(run), Math.max(isDown() ? 50 : 1, next.atMs - Date.now()));
    else untold.delete(run);
  }

  /** The engine lists neither a job nor a record of it: that is the evidence (R2). */
  function noticeLost(name: RunId): void {
    const run = cluster.runs.get(name);
    if (closed || run?.state.kind !== "vanished") return;
    const { startedMs, atMs, on } = run.state;
    const evidence = "the engine answers and has no job, no process and no end of it (simulated loss)";
    const ended: SimulatedRun = {
      ...run,
      state: { kind: "ended", atMs, startedMs, on, end: { kind: "lost", evidence }, words: null },
    };
    cluster.correct(ended);
    const observation = observationOf(ended);
    if (observation) send(observation);
  }

  function observationOf(run: SimulatedRun): RunObservation | null {
    const { state } = run;
    if (state.kind === "vanished") return null;
    if (state.kind === "waiting") return waitingOf(run);
    if (state.kind === "running") {
      toldWait.delete(run.run);
      const evidence = `${run.engineId} runs on ${state.on.length === 1 ? state.on[0] : `${state.on.length} nodes`} (simulated)`;
      return { kind: "started", run: run.run, atMs: wallMs(state.startedMs), evidence, nodes: hostsText(state.on) };
    }
    toldWait.delete(run.run);
    const usage = usageOf(run, state.startedMs, state.atMs);
    return { kind: "ended", run: run.run, atMs: wallMs(state.atMs), end: state.end, usage, words: state.words };
  }

  /** Told when it is taken and when what is known of the wait changes. */
  function waitingOf(run: SimulatedRun): RunObservation | null {
    const pool = cluster.pools.find(({ description: { name } }) => name === run.pool);
    if (!pool) return null;
    const first = pool.queue[0]?.run === run.run;
    const reason = first ? "Resources" : "Priority";
    const reasonKind = first ? "resources" : "priority";
    if (toldWait.get(run.run) === reason) return null;
    toldWait.set(run.run, reason);
    const inMs = startsInMs(pool, run.run, centreNow());
    const startsIn = inMs === null ? null : Math.ceil(inMs / speed);
    const { engineId } = run;
    return {
      kind: "waiting",
      run: run.run,
      atMs: wallMs(centreNow()),
      engineId,
      reason,
      reasonKind,
      startsInMs: startsIn,
    };
  }

  function usageOf({ plan, ask }: SimulatedRun, startedMs: number | null, endedMs: number): RunUsage {
    const wall = startedMs === null ? 0 : endedMs - startedMs;
    return {
      startedMs: startedMs === null ? null : wallMs(startedMs),
      wallMs: wall,
      cpuUserMs: wall * ask.cores * ask.nodes,
      cpuSystemMs: 0,
      peakMemoryMib: startedMs === null ? 0 : Math.min(plan.memoryMib, ask.memoryMib),
      memoryWay: "engine",
      droppedStdoutBytes: 0,
      droppedStderrBytes: 0,
      energyJoules: null,
    };
  }

  /** What the centre's clock says, which may be off. */
  function wallMs(centreMs: number): number {
    const realMs = Math.round(record.epochMs + centreMs / speed);
    const { offMs = 0, driftMsPerHour = 0 } = faults.clock ?? {};
    return Math.max(0, realMs + offMs + Math.round((driftMsPerHour * (realMs - openedMs)) / 3_600_000));
  }

  function isDown(): boolean {
    if (!faults.flapping) return false;
    const { upS, downS } = faults.flapping;
    return (Date.now() - openedMs) % ((upS + downS) * 1000) >= upS * 1000;
  }

  /** As any engine: it takes its time, and sometimes does not answer at all. */
  async function asked(): Promise<void> {
    if (faults.slowAnswersMs) {
      const [least, most] = faults.slowAnswersMs;
      await delay(between(lot(seed, `slow ${draws++}`), least, most));
    }
    if (isDown()) throw new Error("the engine does not answer (simulated flapping)");
    if (closed) throw new Error("the driver is closed");
    turn();
  }

  function refusal(order: RunOrder, ask: Ask): string | null {
    switch (cluster.fits(order.pool, ask)) {
      case "no-pool":
        return `this centre has no pool ${order.pool}; it has ${description.pools.map(({ name }) => name).join(", ")}`;
      case "too-large":
        return `${ask.nodes} nodes with ${ask.cores} cores, ${ask.memoryMib} MiB and ${ask.devices?.count ?? 0} accelerators are more than pool ${order.pool} has`;
      case "fits":
    }
    const limitS = description.pools.find(({ name }) => name === order.pool)?.timeLimitS ?? null;
    if (limitS !== null && order.timeLimitS > limitS)
      return `a time limit of ${order.timeLimitS} s is more than the ${limitS} s of pool ${order.pool}`;
    return lot(seed, `refuse ${order.run}`) < (faults.refusedSubmits ?? 0) ? "refused at random (simulated)" : null;
  }

  return {
    name: "simulated",

    async describe() {
      if (isDown() && known) return { ...known, mechanisms: { ...known.mechanisms, engine: "it does not answer" } };
      turn();
      const nowMs = centreNow();
      const states = [...cluster.runs.values()];
      known = {
        pools: cluster.pools.map((pool) => poolReport(pool, nowMs, speed)),
        offers: offersOf(description),
        mechanisms: {
          engine: `simulated: nothing is executed; seed ${seed}, time ${speed} times as fast`,
          faults: Object.keys(faults).join(", ") || "none",
          copies: `${states.reduce((sum, run) => sum + run.copies, 0)} second copies ran nothing`,
        },
      };
      return known;
    },

    async start(order): Promise<StartAnswer> {
      await asked();
      if (cluster.runs.has(order.run)) return { kind: "already-there" };
      if (order.startWithinMs <= 0) return { kind: "busy", words: "the lease has passed" };
      const plan = planOf(order, seed);
      // What the job says is wrong, here and at every other simulated centre: no fault of the network's.
      if (typeof plan === "string") return { kind: "refused", words: plan, definite: true };
      const ask = askOf(order);
      const words = refusal(order, ask);
      if (words !== null) return { kind: "refused", words };
      const nowMs = centreNow();
      const engineId = `sim-${order.run}`;
      cluster.submit({
        run: order.run,
        engineId,
        name: order.name,
        pool: order.pool,
        ask,
        plan,
        timeLimitMs: order.timeLimitS * 1000,
        submittedMs: nowMs,
        startBeforeMs: nowMs + Math.floor(order.startWithinMs * speed),
        copies: 0,
        state: { kind: "waiting" },
      });
      turn();
      if (lot(seed, `cut ${order.run}`) < (faults.cutAnswers ?? 0))
        throw new Error("the engine's answer was cut off (simulated)");
      return { kind: "queued", engineId };
    },

    async cancel(run) {
      await asked();
      const known = cluster.runs.get(run);
      if (!known || known.state.kind === "vanished") return "not-there";
      if (known.state.kind === "ended") return "already-ended";
      cluster.cancel(run);
      turn();
      return "cancelling";
    },

    async withdraw(run) {
      await asked();
      const known = cluster.runs.get(run);
      if (!known || known.state.kind === "vanished") return "not-there";
      if (known.state.kind !== "waiting") return "started";
      cluster.withdraw(run);
      turn();
      return "asked";
    },

    async find(only): Promise<readonly FoundRun[]> {
      await asked();
      const runs = only ? only.flatMap((run) => cluster.runs.get(run) ?? []) : [...cluster.runs.values()];
      return runs.flatMap((run): FoundRun[] => {
        if (run.state.kind === "waiting") return [{ run: run.run, state: "waiting", engineId: run.engineId }];
        if (run.state.kind === "running")
          return [{ run: run.run, state: "running", startedMs: wallMs(run.state.startedMs) }];
        const observation = observationOf(run);
        return observation?.kind === "ended" ? [{ run: run.run, state: "ended", observation }] : [];
      });
    },

    listen(onObservation) {
      listener = onObservation;
    },

    async readLog(name, stream, from, maxBytes) {
      await asked();
      const run = cluster.runs.get(name);
      const log = run ? logOf(run, centreNow()) : null;
      if (!log) return { kind: "none", words: run ? "it has not started" : `there is no ${name}` };
      const bytes = Buffer.from(stream === "stdout" ? log.text : "");
      const offset = from < 0 ? Math.max(0, bytes.length + from) : Math.min(from, bytes.length);
      const piece = bytes.subarray(offset, offset + Math.min(maxBytes, 2 ** 20));
      return { kind: "bytes", bytes: piece, offset, sizeBytes: bytes.length, final: log.final };
    },

    async remove(name) {
      await asked();
      const run = cluster.runs.get(name);
      if (run && run.state.kind !== "ended") throw new Error(`${name} has not ended`);
      cluster.remove(name);
      record.drop(name);
    },

    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      note("the simulated engine rests; its runs go on by the clock", {});
    },
  };
}

export type SimulatedSettings = {
  readonly description: Description;
  /** Its memory; made where it is missing. */
  readonly path: string;
  readonly note: (words: string, facts: object) => void;
};

/** The driver looks at the engine's list so long after a job vanished. */
const noticedAfterMs = 500;

function askOf({ allocation }: RunOrder): Ask {
  const { acceleratorVendor: vendor, acceleratorModel: model, acceleratorsPerNode: count } = allocation;
  const { acceleratorShareMilli: shareMilli, wholeNodes, nodeGroups, contiguous } = allocation;
  return {
    nodes: allocation.nodes,
    cores: allocation.coresPerNode,
    memoryMib: allocation.memoryMibPerNode,
    devices: count > 0 ? { vendor, model, count, ...(shareMilli !== undefined && { shareMilli }) } : null,
    ...(wholeNodes && { wholeNodes }),
    ...(nodeGroups !== undefined && { nodeGroups }),
    ...(contiguous && { contiguous }),
  };
}

function lastMs({ submittedMs, state }: SimulatedRun): number {
  if (state.kind === "waiting") return submittedMs;
  return state.kind === "running" ? state.startedMs : state.atMs;
}
