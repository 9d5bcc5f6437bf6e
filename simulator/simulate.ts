import { performance } from "node:perf_hooks";
import type { Network, Rebound } from "#core/scheduling/kernel/network.ts";
import { type Replayed, replay } from "#core/scheduling/kernel/replay.ts";
import type { Routing } from "#core/scheduling/kernel/routings.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";
import { unreachable } from "#core/unreachable.ts";
import { type Metrics, measure } from "#simulator/metrics.ts";
import { type Lateness, lateness } from "#simulator/report/series.ts";
import type { SwfLog } from "#simulator/swf.ts";
import {
  buildWorkload,
  type WorkloadRefusal,
  type WorkloadSettings,
  workloadRefusalWords,
} from "#simulator/workload.ts";

export type Simulation = Omit<WorkloadSettings, "rules"> & {
  readonly policy: Policy;
  readonly routing: Routing;
  readonly seed: number;
  /** What lies between the network and each trace's centre; null: nothing. */
  readonly network: Network | null;
};

/** What the replay itself took, reading and measuring apart. */
export type Effort = {
  readonly wallS: number;
  readonly cpuS: number;
  readonly jobsPerS: number;
  /** Of the whole process, ever. */
  readonly peakRssMib: number;
};

export type Simulated = {
  readonly kind: "simulated";
  readonly workload: Workload;
  /** The number in its trace of each project of the workload; see `BuiltWorkload`. */
  readonly groups: readonly number[];
  readonly schedule: Schedule;
  /** null: nothing lies between the network and the centres. */
  readonly rebound: Rebound | null;
  readonly metrics: Metrics;
  readonly effort: Effort;
};

export type SimulationRefusal = { readonly kind: "workload"; readonly refusal: WorkloadRefusal } | ReplayRefusal;
type ReplayRefusal = Exclude<Replayed, { readonly kind: "schedule" }>;

/** One replay of the logs. `onJobs(done, all)` is told of each thousand jobs submitted. */
export function simulate(
  logs: readonly SwfLog[],
  simulation: Simulation,
  onJobs: (done: number, all: number) => void = () => {},
): Simulated | SimulationRefusal {
  const { policy, routing, seed, network } = simulation;
  const built = buildWorkload(logs, { ...simulation, rules: rulesOf(policy) });
  if (built.kind !== "workload") return { kind: "workload", refusal: built };
  const { workload, groups } = built;
  let done = 0;
  const told = (count: number) => {
    done += count;
    onJobs(done, workload.count);
  };
  const [beganMs, beganCpu] = [performance.now(), process.cpuUsage()];
  const replayed = replay(workload, { policy, routing, seed, network, onJobs: told });
  const wallS = (performance.now() - beganMs) / 1000;
  const { user, system } = process.cpuUsage(beganCpu);
  if (replayed.kind !== "schedule") return replayed;
  const effort = {
    wallS,
    cpuS: (user + system) / 1e6,
    jobsPerS: Math.round(workload.count / wallS),
    peakRssMib: process.resourceUsage().maxRSS / 1024,
  };
  const { schedule, rebound } = replayed;
  const metrics = measure(workload, schedule, longestWaitS(policy));
  return { kind: "simulated", workload, groups, schedule, rebound, metrics, effort };
}

/**
 * By how much jobs start later than they would on their home alone, under EASY there, in the order of the homes and then of
 * all; null where there is one home, or where the policy's rules make other jobs of the traces (RLScheduler's).
 */
export function laterThanAlone({ workload, schedule }: Simulated, policy: Policy): readonly Lateness[] | null {
  if (workload.homes.length === 1 || rulesOf(policy) === "sequence") return null;
  const alone = replay(workload, { policy: policies.easy, routing: "home", seed: 0 });
  return alone.kind === "schedule" ? lateness(workload, schedule, alone.schedule) : null;
}

/** What a job of a trace is under a policy: two that differ in it cannot be compared job by job. */
export function rulesOf({ head }: Policy): WorkloadSettings["rules"] {
  return head === "kept" ? "sequence" : "batch";
}

/** What counts as too long a wait: the policy's promise; where it has none, that of Weir's own. */
export function longestWaitS({ maxWaitS }: Policy): number {
  return maxWaitS ?? policies.weir.maxWaitS;
}

/** What is wrong, and what to do about it. */
export function simulationRefusalWords(refusal: SimulationRefusal, language: "en" | "zh"): string {
  if (refusal.kind === "workload") return workloadRefusalWords(refusal.refusal, language);
  const [en, zh] = replayWords(refusal);
  return language === "zh" ? zh : en;
}

function replayWords(refusal: ReplayRefusal): readonly [en: string, zh: string] {
  switch (refusal.kind) {
    case "not-so-routed":
      return [
        `The policy ${refusal.policy} is not run with --routing ${refusal.routing}. Take another --routing: home always works.`,
        `策略 ${refusal.policy} 不支持 --routing ${refusal.routing}。请改用其他 --routing，home 总是可用。`,
      ];
    case "not-over-network":
      return [
        `The policy ${refusal.policy} with --routing ${refusal.routing} is not run with --network. There one queue at the network (central, weir) takes fcfs, sjf, easy, sjf-easy, saf-easy, weir and policy files, and a queue at each centre (home, random, least-load, earliest-start) the first five and easy-sjbf.`,
        `策略 ${refusal.policy} 与 --routing ${refusal.routing} 不能同 --network 一起回放。网络侧单一队列（central、weir）可用 fcfs、sjf、easy、sjf-easy、saf-easy、weir 和策略文件；各中心队列（home、random、least-load、earliest-start）可用前五种和 easy-sjbf。`,
      ];
    case "never-fits":
      return [
        `A job needs ${refusal.processors} processors and the largest centre has ${refusal.largest}: it would never start. Give a larger centre, or --routing merged.`,
        `有作业需要 ${refusal.processors} 个处理器，而最大的中心只有 ${refusal.largest} 个，永远无法开始。请加入更大的中心，或用 --routing merged。`,
      ];
    case "beyond-clock":
      return [
        `Jobs would start later than ${refusal.lastS} s after the first submission, where the clock ends. Take fewer --days, or a policy with backfill.`,
        `有作业的开始时间将晚于首次提交后 ${refusal.lastS} 秒（时钟终点）。请减小 --days，或改用带回填的策略。`,
      ];
    default:
      return unreachable(refusal);
  }
}
