import type { Schedule, Workload } from "../replay/workload.ts";
import { type Binding, bindAtRandom, chooser } from "./binding.ts";
import { Ends } from "./ends.ts";
import { LocalQueue, type LocalQueuePolicy } from "./local-queue.ts";

/** What lies between the network and its centres, in whole seconds. */
export type Network = {
  /** In the order of the workload's homes. */
  readonly centres: readonly NetworkCentre[];
  /** How often work that waits at a centre is compared with others. */
  readonly lookS: number;
  /** null: what was bound once stays. */
  readonly moves: MoveLimits | null;
};

export type MoveLimits = {
  /** A move is worth it that gains more seconds than this, and more than this share of what is still to be waited. */
  readonly leastGainS: number;
  readonly leastGainShare: number;
  /** Of one job. */
  readonly most: number;
};

export type NetworkCentre = {
  /** How long an order takes to get there, and a report back. */
  readonly latencyS: number;
  /** Work that has not started there so long after it was bound comes back; more than the latency. null: it stays. */
  readonly leaseS: number | null;
};

/** How often work was bound again: because another place was better, or because its lease was over. */
export type Rebound = { readonly moves: number; readonly returned: number };

/**
 * Work that is bound to a centre when it is submitted, and waits in that centre's own queue. An order reaches the queue a
 * latency after it was given. Whoever has not started when the lease is over is taken out and known to be so a latency
 * later; it is then bound again. Under `earliest-start` what waits is looked at again each `lookS`: it is moved, at most
 * `moves.most` times, when the start that another centre promises is earlier by more than the gain asked for; the order to
 * leave, its confirmation and the order to the other centre take their time, and it joins that queue as one that has just
 * come. At one instant: ends, then leases, submissions and returns in order of submission, then moves, then a pass of
 * each queue. Without latency, lease and moves every start is that of `replay`.
 */
export function replayBound(
  workload: Workload,
  policy: LocalQueuePolicy,
  routing: Binding | "home" | "random",
  network: Network,
  seed: number,
  onJobs: (count: number) => void = () => {},
): Schedule & Rebound {
  return new BoundNetwork(workload, policy, routing, network, seed).run(onJobs);
}

class BoundNetwork {
  readonly #workload: Workload;
  readonly #network: Network;
  readonly #queues: readonly LocalQueue[];
  readonly #choose: (job: number, nowS: number) => number;
  readonly #mayMove: boolean;
  readonly #startS: Int32Array;
  readonly #centre: Uint16Array;
  /** When the lease of the job's last binding is over. */
  readonly #leaseEndS: Float64Array;
  readonly #moved: Int32Array;
  readonly #ends = new Ends();
  /** Orders on their way to a queue, leases, and jobs on their way back to the network, each by when it is due. */
  readonly #arrivals = new Ends();
  readonly #leases = new Ends();
  readonly #returns = new Ends();
  #waiting = 0;
  #nextLookS = Number.POSITIVE_INFINITY;
  #moves = 0;
  #returned = 0;

  constructor(
    workload: Workload,
    policy: LocalQueuePolicy,
    routing: Binding | "home" | "random",
    network: Network,
    seed: number,
  ) {
    const { homes, home, processors, count } = workload;
    this.#workload = workload;
    this.#network = network;
    this.#startS = new Int32Array(count).fill(-1);
    this.#centre = new Uint16Array(count);
    this.#leaseEndS = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.#moved = new Int32Array(count);
    const sizes = homes.map((one) => one.processors);
    this.#queues = sizes.map((size, at) => new LocalQueue(workload, policy, size, network.centres[at]?.latencyS ?? 0));
    this.#mayMove = routing === "earliest-start" && network.moves !== null && network.moves.most > 0;
    if (routing === "home") this.#choose = (job) => home[job] ?? 0;
    else if (routing === "random") {
      const drawn = bindAtRandom(sizes, processors, seed);
      this.#choose = (job) => drawn[job] ?? 0;
    } else this.#choose = chooser(workload, sizes, this.#queues, routing);
  }

  run(onJobs: (count: number) => void): Schedule & Rebound {
    const { submitS, count } = this.#workload;
    let next = 0;
    while (next < count || this.#waiting > 0) {
      const nowS = Math.min(submitS[next] ?? Number.POSITIVE_INFINITY, this.#nextS());
      this.#endAll(nowS);
      this.#expire(nowS);
      const come: number[] = [];
      while (this.#returns.nextS <= nowS && this.#returns.count > 0) come.push(this.#returns.pop());
      for (; next < count && submitS[next] === nowS; next += 1) {
        come.push(next);
        this.#waiting += 1;
        if ((next & tellEach) === tellEach) onJobs(tellEach + 1);
      }
      for (const job of come.sort((a, b) => a - b)) this.#bind(job, nowS, this.#choose(job, nowS), 0);
      if (this.#mayMove && nowS >= this.#nextLookS) this.#look(nowS);
      while (this.#arrivals.nextS <= nowS && this.#arrivals.count > 0) this.#arrivals.pop();
      for (const [at, queue] of this.#queues.entries()) for (const job of queue.pass(nowS)) this.#start(job, at, nowS);
      if (this.#mayMove && this.#nextLookS <= nowS) this.#nextLookS = Number.POSITIVE_INFINITY;
      if (this.#mayMove && this.#waiting > 0 && this.#nextLookS === Number.POSITIVE_INFINITY)
        this.#nextLookS = (Math.floor(nowS / this.#network.lookS) + 1) * this.#network.lookS;
    }
    onJobs(count & tellEach);
    return { startS: this.#startS, centre: this.#centre, moves: this.#moves, returned: this.#returned };
  }

  #nextS(): number {
    return Math.min(this.#ends.nextS, this.#arrivals.nextS, this.#leases.nextS, this.#returns.nextS, this.#nextLookS);
  }

  #endAll(nowS: number): void {
    while (this.#ends.nextS <= nowS && this.#ends.count > 0) {
      const job = this.#ends.pop();
      this.#queues[this.#centre[job] ?? 0]?.end(job, this.#startS[job] ?? 0);
    }
  }

  /** A lease that was followed by another, or by a start, is over without effect. */
  #expire(nowS: number): void {
    while (this.#leases.nextS <= nowS && this.#leases.count > 0) {
      const job = this.#leases.pop();
      if ((this.#startS[job] ?? -1) >= 0 || this.#leaseEndS[job] !== nowS) continue;
      const at = this.#centre[job] ?? 0;
      this.#queues[at]?.withdraw(job);
      this.#leaseEndS[job] = Number.POSITIVE_INFINITY;
      this.#returned += 1;
      this.#returns.add(job, nowS + this.#latencyS(at));
    }
  }

  /** `afterS`: how long it takes until the order can be given. */
  #bind(job: number, nowS: number, at: number, afterS: number): void {
    const orderedS = nowS + afterS;
    const hereS = orderedS + this.#latencyS(at);
    const leaseS = this.#network.centres[at]?.leaseS ?? null;
    this.#centre[job] = at;
    this.#queues[at]?.add(job, hereS);
    if (hereS > nowS) this.#arrivals.add(job, hereS);
    this.#leaseEndS[job] = leaseS === null ? Number.POSITIVE_INFINITY : orderedS + leaseS;
    if (leaseS !== null) this.#leases.add(job, orderedS + leaseS);
  }

  /** In order of submission, each judged by what those before it have left. */
  #look(nowS: number): void {
    const { moves } = this.#network;
    if (moves === null) return;
    const waiting = this.#queues.flatMap((queue) => queue.waitingAt(nowS)).sort((a, b) => a - b);
    for (const job of waiting) {
      if ((this.#moved[job] ?? 0) >= moves.most) continue;
      const own = this.#centre[job] ?? 0;
      const ownS = this.#queues[own]?.estimateStart(job, nowS) ?? nowS;
      const gainS = Math.max(moves.leastGainS, moves.leastGainShare * (ownS - nowS));
      const awayS = 2 * this.#latencyS(own);
      const better = this.#earliestElsewhere(job, own, nowS + awayS);
      if (better === null || ownS - better.startS <= gainS) continue;
      this.#queues[own]?.withdraw(job);
      this.#moved[job] = (this.#moved[job] ?? 0) + 1;
      this.#moves += 1;
      this.#bind(job, nowS, better.at, awayS);
    }
  }

  /** Of equal ones the job's home, then the first. null: nowhere else is it large enough. */
  #earliestElsewhere(job: number, own: number, nowS: number): { readonly at: number; readonly startS: number } | null {
    const { homes, home, processors } = this.#workload;
    let best: { readonly at: number; readonly startS: number } | null = null;
    for (const [at, queue] of this.#queues.entries()) {
      if (at === own || (homes[at]?.processors ?? 0) < (processors[job] ?? 0)) continue;
      const startS = queue.estimateStart(job, nowS);
      if (best !== null && (startS > best.startS || (startS === best.startS && at !== home[job]))) continue;
      best = { at, startS };
    }
    return best;
  }

  #start(job: number, at: number, nowS: number): void {
    this.#startS[job] = nowS;
    this.#centre[job] = at;
    this.#waiting -= 1;
    this.#ends.add(job, nowS + (this.#workload.runS[job] ?? 0));
  }

  #latencyS(at: number): number {
    return this.#network.centres[at]?.latencyS ?? 0;
  }
}

const tellEach = 1023;
