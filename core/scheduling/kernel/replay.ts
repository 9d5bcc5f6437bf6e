import type { Policy } from "../policy.ts";
import type { Schedule, Workload } from "../replay/workload.ts";
import { type Binding, bindAtRandom, chooser } from "./binding.ts";
import { BeyondClock, type Columns, lastSecondS } from "./columns.ts";
import { createMachine } from "./create-machine.ts";
import { keptHeadPolicy, replayKeptHead } from "./kept-head.ts";
import type { Machine } from "./machine.ts";
import { type Network, type Rebound, replayBound } from "./network.ts";
import { queuePolicy } from "./queue-policy.ts";
import type { Routing } from "./routings.ts";
import { selectJobs } from "./select-jobs.ts";
import { replayWeir } from "./weir.ts";
import { WeirQueue } from "./weir-queue.ts";

export type Replayed =
  /** `rebound`: null where there is no network between. */
  | { readonly kind: "schedule"; readonly schedule: Schedule; readonly rebound: Rebound | null }
  /** The policy asks for more than a queue of a centre, or of all, can do. */
  | { readonly kind: "not-so-routed"; readonly policy: string; readonly routing: Routing }
  /** Nor can it be run so with a network between. */
  | { readonly kind: "not-over-network"; readonly policy: string; readonly routing: Routing }
  /** A job that no centre is large enough for would wait for ever. */
  | { readonly kind: "never-fits"; readonly job: number; readonly processors: number; readonly largest: number }
  /** The last jobs would start later than a schedule's clock reaches. */
  | { readonly kind: "beyond-clock"; readonly lastS: number };

export type ReplaySettings = {
  readonly policy: Policy;
  readonly routing: Routing;
  /** Of the generator behind `random`; the others have no use for it. */
  readonly seed: number;
  /** null: every centre is at hand, and who is bound to one stays. */
  readonly network?: Network | null;
  /** Told of each few thousand jobs that were submitted. */
  readonly onJobs?: (count: number) => void;
};

/** When and where every job of the workload starts. The same workload and settings give the same schedule. */
export function replay(workload: Workload, settings: ReplaySettings): Replayed {
  const { homes, processors } = workload;
  const sizes = homes.map((home) => home.processors);
  const largest = settings.routing === "merged" ? sum(sizes) : Math.max(...sizes);
  const tooLarge = processors.findIndex((needs) => needs > largest);
  if (tooLarge >= 0) return { kind: "never-fits", job: tooLarge, processors: processors[tooLarge] ?? 0, largest };
  try {
    const { network = null } = settings;
    return network === null ? replayFitting(workload, settings, sizes) : replayOverNetwork(workload, settings, network);
  } catch (error) {
    if (error instanceof BeyondClock) return { kind: "beyond-clock", lastS: lastSecondS };
    throw error;
  }
}

function replayFitting(workload: Workload, settings: ReplaySettings, sizes: readonly number[]): Replayed {
  const { policy, routing, seed, onJobs = () => {} } = settings;
  const columns = {
    ...workload,
    startS: new Int32Array(workload.count).fill(-1),
    centre: new Uint16Array(workload.count),
  };
  const parts = separate(workload, routing, seed);
  const kept = keptHeadPolicy(policy);
  const queued = queuePolicy(policy);
  const isOneQueue = routing === "weir" || routing === "central";
  if (isOneQueue && takesWeir(policy)) {
    const { startS, centre } = replayWeir(workload, policy, seed, onJobs);
    return { kind: "schedule", schedule: { startS, centre }, rebound: null };
  }
  if (parts !== null && kept !== null) {
    for (const { jobs, processors, first } of parts) {
      const firstSubmitS = workload.homes[first]?.firstSubmitS ?? 0;
      replayKeptHead({ ...columns, jobs, size: processors, firstSubmitS, centreNumber: first }, kept, onJobs);
    }
  } else if (parts !== null && queued !== null) {
    for (const { jobs, processors, first } of parts)
      drive(columns, jobs, createMachine(columns, queued, { processors: [processors], first }), onJobs);
  } else if (parts !== null && takesWeir(policy)) {
    for (const part of parts) replayPart(columns, part, policy, seed, onJobs);
  } else if (queued !== null && isOneQueue) {
    drive(columns, null, createMachine(columns, queued, { processors: sizes, first: 0 }), onJobs);
  } else if ((queued !== null || takesWeir(policy)) && (routing === "least-load" || routing === "earliest-start")) {
    const machines = sizes.map((processors, first) =>
      queued === null
        ? new WeirQueue(columns, policy, seed, first)
        : createMachine(columns, queued, { processors: [processors], first }),
    );
    driveBound(columns, machines, sizes, routing, onJobs);
  } else return { kind: "not-so-routed", policy: policy.name, routing };
  return { kind: "schedule", schedule: { startS: columns.startS, centre: columns.centre }, rebound: null };
}

/** One queue at the network, or one at each centre. */
function replayOverNetwork(workload: Workload, settings: ReplaySettings, network: Network): Replayed {
  const { policy, routing, seed, onJobs = () => {} } = settings;
  const queued = queuePolicy(policy);
  const isOneQueue = routing === "weir" || routing === "central";
  const isPlain = queued === null || queued.backfill === "none" || queued.backfill === "easy";
  if (isOneQueue && isPlain && (takesWeir(policy) || queued !== null)) {
    const latenciesS = network.centres.map(({ latencyS }) => latencyS);
    const { startS, centre } = replayWeir(workload, policy, seed, onJobs, {}, latenciesS);
    return { kind: "schedule", schedule: { startS, centre }, rebound: { moves: 0, returned: 0 } };
  }
  if (isOneQueue || routing === "merged" || queued === null || queued.backfill === "conservative")
    return { kind: "not-over-network", policy: policy.name, routing };
  const { startS, centre, moves, returned } = replayBound(workload, queued, routing, network, seed, onJobs);
  return { kind: "schedule", schedule: { startS, centre }, rebound: { moves, returned } };
}

/** Whether only Weir's own scheduler knows the policy. */
function takesWeir(policy: Policy): boolean {
  const { head, backfill } = policy;
  return queuePolicy(policy) === null && head !== "kept" && backfill !== "conservative" && backfill !== "window";
}

/** Weir's own scheduler at one machine that knows nothing of the others. */
function replayPart(
  columns: Workload & Columns,
  { jobs, processors, first }: Part,
  policy: Policy,
  seed: number,
  onJobs: (count: number) => void,
): void {
  const its = jobs ?? Int32Array.from(columns.startS, (_, job) => job);
  const home = columns.homes[first];
  if (home === undefined) return;
  const { startS } = replayWeir(selectJobs(columns, its, [{ ...home, processors }]), policy, seed, onJobs);
  for (const [at, job] of its.entries()) {
    columns.startS[job] = startS[at] ?? -1;
    columns.centre[job] = first;
  }
}

/** Jobs of one machine, in the order of the workload; null: all. */
type Part = { readonly jobs: Int32Array | null; readonly processors: number; readonly first: number };

/** The machines that know nothing of each other, or null where what happens at one decides what comes to another. */
function separate(workload: Workload, routing: Routing, seed: number): readonly Part[] | null {
  const { homes, home, processors } = workload;
  if (routing === "merged" || (routing === "home" && homes.length === 1))
    return [{ jobs: null, processors: sum(homes.map((one) => one.processors)), first: 0 }];
  if (routing !== "home" && routing !== "random") return null;
  const centre =
    routing === "home"
      ? home
      : bindAtRandom(
          homes.map((one) => one.processors),
          processors,
          seed,
        );
  const counts = new Int32Array(homes.length);
  for (const at of centre) counts[at] = (counts[at] ?? 0) + 1;
  const jobs = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let job = 0; job < centre.length; job += 1) {
    const at = centre[job] ?? 0;
    const its = jobs[at];
    if (its) its[counts[at] ?? 0] = job;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return homes.map((one, first) => ({ jobs: jobs[first] ?? null, processors: one.processors, first }));
}

function drive(columns: Columns, jobs: Int32Array | null, machine: Machine, onJobs: (count: number) => void): void {
  const { submitS } = columns;
  const count = jobs === null ? submitS.length : jobs.length;
  for (let i = 0; i < count; ) {
    let job = jobs === null ? i : (jobs[i] ?? 0);
    const nowS = submitS[job] ?? 0;
    machine.advance(nowS);
    do {
      machine.submit(job);
      i += 1;
      if ((i & tellEach) === 0) onJobs(tellEach + 1);
      job = jobs === null ? i : (jobs[i] ?? 0);
    } while (i < count && submitS[job] === nowS);
    machine.pass(nowS);
  }
  machine.advance(Number.POSITIVE_INFINITY);
  onJobs(count & tellEach);
}

const tellEach = 1023;

/** Each centre its own queue; which one a job joins is decided when it is submitted, by what is there at that instant. */
function driveBound(
  columns: Columns,
  machines: readonly Machine[],
  sizes: readonly number[],
  binding: Binding,
  onJobs: (count: number) => void,
): void {
  const { submitS } = columns;
  const choose = chooser(columns, sizes, machines, binding);
  for (let i = 0; i < submitS.length; ) {
    const nowS = submitS[i] ?? 0;
    for (const machine of machines) machine.advance(nowS);
    do {
      machines[choose(i, nowS)]?.submit(i);
      i += 1;
      if ((i & tellEach) === 0) onJobs(tellEach + 1);
    } while (i < submitS.length && submitS[i] === nowS);
    for (const machine of machines) machine.pass(nowS);
  }
  for (const machine of machines) machine.advance(Number.POSITIVE_INFINITY);
  onJobs(submitS.length & tellEach);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
