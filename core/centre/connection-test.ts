import type { DriverName } from "#core/centre/centre.ts";

/**
 * The connection test of a centre, which is also the contract of every driver: what is checked, what each check is
 * worth, and the grade that follows. docs/guides/connection-test.md says in words what each check asks.
 */
export const checkNames = [
  "submit",
  "tag",
  "exit-code",
  "signal",
  "cancel-running",
  "cancel-queued",
  "time-limit",
  "deadline",
  "second-start",
  "wrapper-record",
  "log-streaming",
  "clock-skew",
  "restart",
  "environment",
  "array",
  "out-of-memory",
  "accelerator",
  "multi-node",
  "throughput",
  "estimate",
] as const;
export type CheckName = (typeof checkNames)[number];

/** What each is called by people. */
export const checkWords: Readonly<Record<CheckName, readonly [en: string, zh: string]>> = {
  submit: ["Submit", "提交"],
  tag: ["Found by its tag", "按标记找回"],
  "exit-code": ["Exit code", "退出码"],
  signal: ["Signal", "信号"],
  "cancel-running": ["Cancel, running", "取消运行中的"],
  "cancel-queued": ["Cancel, queued", "取消排队中的"],
  "time-limit": ["Time limit", "时限"],
  deadline: ["Deadline", "最迟开始"],
  "second-start": ["Second start", "重复启动"],
  "wrapper-record": ["Record of the run", "运行记录"],
  "log-streaming": ["Log while it runs", "实时日志"],
  "clock-skew": ["Clock", "时钟"],
  restart: ["Agent's restart", "代理重启"],
  environment: ["Environment", "环境变量"],
  array: ["Array", "数组"],
  "out-of-memory": ["Out of memory", "内存不足"],
  accelerator: ["Accelerator", "加速卡"],
  "multi-node": ["Several nodes", "多节点"],
  throughput: ["Throughput", "吞吐"],
  estimate: ["Estimated start", "预计开始"],
};

export const verdicts = ["pass", "fail", "not-offered"] as const;
export type Verdict = (typeof verdicts)[number];

/** One check with its evidence: what was asked of the engine, what was seen, by the agent's clock. */
export type CheckResult = {
  readonly check: CheckName;
  readonly verdict: Verdict;
  readonly asked: string;
  readonly seen: string;
  readonly startedMs: number;
  readonly tookMs: number;
};

export const grades = ["A", "B", "C"] as const;
export type Grade = (typeof grades)[number];

/**
 * What a failure and an absence cost: the best grade that is left, null: none is. Runs that are started twice, lost,
 * not ended, or told wrongly are never served; what a centre may honestly do without costs little or nothing.
 */
export const gradeTable = {
  submit: { failed: null, absent: null },
  tag: { failed: null, absent: null },
  "exit-code": { failed: null, absent: null },
  signal: { failed: null, absent: null },
  "cancel-running": { failed: null, absent: null },
  // An engine without a queue of its own has nothing to cancel there.
  "cancel-queued": { failed: null, absent: "A" },
  "time-limit": { failed: null, absent: null },
  deadline: { failed: null, absent: null },
  "second-start": { failed: null, absent: null },
  "wrapper-record": { failed: null, absent: null },
  "log-streaming": { failed: null, absent: null },
  "clock-skew": { failed: null, absent: null },
  restart: { failed: null, absent: null },
  // Where nothing is executed nothing can leak; that is no centre of the first class.
  environment: { failed: null, absent: "C" },
  array: { failed: null, absent: null },
  "out-of-memory": { failed: "C", absent: "C" },
  accelerator: { failed: "C", absent: "A" },
  "multi-node": { failed: "C", absent: "A" },
  throughput: { failed: "B", absent: "A" },
  estimate: { failed: "B", absent: "A" },
} as const satisfies Record<CheckName, { readonly failed: Grade | null; readonly absent: Grade | null }>;

/** Beyond this the agent's clock and the server's differ too much: what a centre dates cannot be believed. */
export const mostClockSkewMs = 5_000;

export type Graded = {
  /** null: not passed. */
  readonly grade: Grade | null;
  /** The checks that cost something, and what was left. */
  readonly costs: readonly {
    readonly check: CheckName;
    readonly why: "failed" | "not-offered" | "not-run";
    readonly leaves: Grade | null;
  }[];
};

/** A check that was not run counts as failed. `clockSkewMs`: the agent's clock less the server's. */
export function gradeOf(results: readonly CheckResult[], clockSkewMs: number): Graded {
  const costs = checkNames.flatMap((check): Graded["costs"] => {
    const result = results.find((one) => one.check === check);
    const { failed, absent } = gradeTable[check];
    const skewed = check === "clock-skew" && Math.abs(clockSkewMs) > mostClockSkewMs;
    if (result === undefined) return [{ check, why: "not-run", leaves: failed }];
    if (result.verdict === "fail" || skewed) return [{ check, why: "failed", leaves: failed }];
    if (result.verdict === "not-offered" && absent !== "A") return [{ check, why: "not-offered", leaves: absent }];
    return [];
  });
  let grade: Grade | null = "A";
  for (const { leaves } of costs) grade = grade === null || leaves === null ? null : leaves > grade ? leaves : grade;
  return { grade, costs };
}

/** What is signed and kept: the whole of a test that has ended. Times in milliseconds since 1970. */
export type TestReport = {
  readonly kind: "weir-connection-test";
  readonly version: 1;
  readonly centre: string;
  readonly test: number;
  readonly driver: DriverName;
  readonly agentVersion: string;
  readonly askedBy: string;
  readonly askedMs: number;
  readonly endedMs: number;
  /** The agent's clock less the server's, when the report came. */
  readonly clockSkewMs: number;
  readonly grade: Grade | null;
  readonly costs: Graded["costs"];
  readonly checks: readonly CheckResult[];
};
