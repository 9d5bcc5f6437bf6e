import type { Language } from "#core/language.ts";

/**
 * By what a centre keeps its promises (how it is reached, who jobs run as, how limits are enforced), and what is wrong there,
 * in the order in which it is read: what asks for somebody first. Agents speak English, and a newer or a site's own one may
 * say what is not known here: that stands as it was said.
 */
export function mechanismsInWords(
  mechanisms: Readonly<Record<string, string>>,
  language: Language,
): readonly { readonly name: string; readonly title: string; readonly text: string }[] {
  const known = Object.keys(titles);
  const place = (name: string) => (known.includes(name) ? known.indexOf(name) : known.length);
  return Object.entries(mechanisms)
    .toSorted(([one], [other]) => place(one) - place(other))
    .map(([name, value]) => ({
      name,
      title: said(titles, name, language) ?? name,
      text: mechanismText(name, value, language),
    }));
}

/** Of one of them, and of what a pool says of the work of others. */
export function mechanismText(name: string, value: string, language: Language): string {
  if (name === "faults") {
    return value
      .split(", ")
      .map((one) => said(faults, one, language) ?? said(values, one, language) ?? one)
      .join(language === "zh" ? "、" : ", ");
  }
  const known = said(values, value, language);
  if (known !== null) return known;
  for (const [pattern, words] of patterns) {
    const match = pattern.exec(value);
    if (match) return words[language].replace(/\{(\d)\}/g, (_, at: string) => match[Number(at)] ?? "");
  }
  return value;
}

type Words = Readonly<Record<Language, string>>;

function said(table: Readonly<Record<string, Words>>, value: string, language: Language): string | null {
  return Object.hasOwn(table, value) ? (table[value]?.[language] ?? null) : null;
}

const titles: Readonly<Record<string, Words>> = {
  alarm: { en: "Alarm", zh: "警报" },
  trouble: { en: "Trouble", zh: "异常" },
  engine: { en: "Engine", zh: "引擎" },
  transport: { en: "Reached by", zh: "访问方式" },
  accounting: { en: "Accounting", zh: "记账" },
  load: { en: "Load of others", zh: "他人负载" },
  faults: { en: "Faults played", zh: "模拟的故障" },
  copies: { en: "Second copies", zh: "重复副本" },
  ending: { en: "End of a process tree", zh: "终止进程树" },
  timeLimit: { en: "Time limit", zh: "时限" },
  memory: { en: "Memory limit and peak", zh: "内存限制与峰值" },
  processes: { en: "Process limit", zh: "进程数限制" },
  folders: { en: "Temporary folders", zh: "临时目录" },
  identity: { en: "Who jobs run as", zh: "作业身份" },
  shared: { en: "Shared local users", zh: "共用的本地用户" },
  uids: { en: "Uids reserved", zh: "预留用户数" },
  uidsInUse: { en: "Uids in use", zh: "在用用户数" },
  quarantine: { en: "Uids held back", zh: "暂扣的用户" },
  launcher: { en: "Launcher", zh: "启动器" },
  cpu: { en: "CPU limit", zh: "CPU 限制" },
  modules: { en: "Modules", zh: "环境模块" },
};

const values: Readonly<Record<string, Words>> = {
  none: { en: "none", zh: "无" },
  "a uid for each run": { en: "a uid for each run", zh: "每次运行使用单独的用户号" },
  "the user who runs the agent (no isolation)": {
    en: "the user who runs the agent (no isolation)",
    zh: "运行代理的用户（无隔离）",
  },
  "each run as the local user of the site's mapping": {
    en: "each run as the local user of the site's mapping",
    zh: "按站点映射，以本地用户身份运行",
  },
  "cgroup.kill": { en: "by the kernel (cgroup.kill)", zh: "由内核终止（cgroup.kill）" },
  "by uid": { en: "by uid", zh: "按用户号" },
  "by descent and run id": { en: "by descent and run id", zh: "按进程亲缘与运行编号" },
  "cgroup-v1": { en: "by the kernel (cgroup v1)", zh: "由内核限制与计量（cgroup v1）" },
  "cgroup-v2": { en: "by the kernel (cgroup v2)", zh: "由内核限制与计量（cgroup v2）" },
  sampled: { en: "sampled, and ended when above", zh: "定时采样，超限即终止" },
  "pids cgroup": { en: "by the kernel (pids cgroup)", zh: "由内核限制（pids cgroup）" },
  RLIMIT_NPROC: { en: "a limit of the user (RLIMIT_NPROC)", zh: "用户进程数上限（RLIMIT_NPROC）" },
  shared: { en: "shared", zh: "共用" },
  "private by mount namespace": {
    en: "private to each run; elsewhere it can write only where its job says",
    zh: "每次运行私有；其他位置仅可写作业指明之处",
  },
  "swept, nothing made elsewhere (Landlock)": {
    en: "swept after each run; elsewhere it can make files only where its job says",
    zh: "每次运行后清理；其他位置仅可在作业指明之处新建文件",
  },
  "swept, with the whole machine": {
    en: "the whole machine is looked through after each run",
    zh: "每次运行后检查整台机器",
  },
  "the site takes no new work now (weir-agent stop-new)": {
    en: "the site takes no new work now (weir-agent stop-new)",
    zh: "站点现在不接收新任务（weir-agent stop-new）",
  },
  "the site's policy is not in force, or its helper does not answer: weir-agent doctor says why": {
    en: "the site's policy is not in force, or its helper does not answer: weir-agent doctor says why",
    zh: "站点策略未生效，或其辅助程序没有应答：原因见 weir-agent doctor",
  },
  "it does not answer": { en: "it does not answer", zh: "没有应答" },
  "it does not answer; it is being started again": {
    en: "it does not answer; it is being started again",
    zh: "没有应答，正在重新启动",
  },
  "commands through weir-as": { en: "commands through weir-as", zh: "经 weir-as 执行命令" },
  slurmdbd: { en: "slurmdbd", zh: "slurmdbd" },
  "to the second by the wrapper, and after it by Slurm": {
    en: "to the second by the wrapper, and after it by Slurm",
    zh: "由包装程序精确到秒，其后由 Slurm 执行",
  },
  "not enforced: a run may use more memory than it asked for": {
    en: "not enforced: a run may use more memory than it asked for",
    zh: "不强制：运行可能使用超出申请的内存",
  },
  "PrivateData=jobs hides the work of others, and the site's policy allows no listing of the load": {
    en: "PrivateData=jobs hides the work of others, and the site's policy allows no listing of the load",
    zh: "PrivateData=jobs 隐藏了他人的作业，站点策略也不允许列出负载",
  },
  "PrivateData=jobs hides the work of others, and the listing of the load fails: weir-agent doctor says why": {
    en: "PrivateData=jobs hides the work of others, and the listing of the load fails: weir-agent doctor says why",
    zh: "PrivateData=jobs 隐藏了他人的作业，列出负载又失败：原因见 weir-agent doctor",
  },
  "the description hides the jobs of the centre's own users": {
    en: "the description hides the jobs of the centre's own users",
    zh: "描述文件隐藏了中心自有用户的作业",
  },
  "none: times by scontrol, CPU and memory by the wrapper": {
    en: "none: times by scontrol, CPU and memory by the wrapper",
    zh: "无：时间取自 scontrol，CPU 与内存由包装程序计量",
  },
};

const patterns: readonly (readonly [RegExp, Words])[] = [
  [
    /^simulated: nothing is executed; seed (\d+), time ([\d.]+) times as fast$/,
    {
      en: "simulated, nothing is executed; seed {1}, speed of time {2}",
      zh: "模拟，不实际执行；随机种子 {1}，时间 {2} 倍速",
    },
  ],
  [
    /^(\d+), each the account of several people$/,
    { en: "{1}, each the account of several people", zh: "{1} 个，各由多人共用" },
  ],
  [
    /^(\d+) second copies ran nothing$/,
    { en: "{1} started twice; the second copy ran nothing", zh: "重复启动 {1} 次，副本均未执行" },
  ],
  [
    /^the site's policy refused 1 requests, the last at (\S+) by (\S+); the site's audit says more$/,
    {
      en: "the site's policy refused a request, at {1} by {2}; the site's audit says more",
      zh: "站点策略已拒绝 1 个请求，在 {1}，依据 {2}；详见站点审计",
    },
  ],
  [
    /^the site's policy refused (\d+) requests, the last at (\S+) by (\S+); the site's audit says more$/,
    {
      en: "the site's policy refused {1} requests, the last at {2} by {3}; the site's audit says more",
      zh: "站点策略已拒绝 {1} 个请求，最近一次在 {2}，依据 {3}；详见站点审计",
    },
  ],
  [
    /^by the kernel, through Slurm \((\S+)\)$/,
    { en: "by the kernel, through Slurm ({1})", zh: "由内核执行，经 Slurm（{1}）" },
  ],
  [
    /^sampled by Slurm, and ended when above \((\S+)\)$/,
    { en: "sampled by Slurm, and ended when above ({1})", zh: "由 Slurm 定时采样，超限即终止（{1}）" },
  ],
  [
    /^slurmrestd (.+), with weir-as$/,
    { en: "slurmrestd {1}, with weir-as", zh: "slurmrestd {1}，令牌由 weir-as 签发" },
  ],
  [
    /^slurmrestd (.+), with tokens that users lend$/,
    { en: "slurmrestd {1}, with tokens that users lend", zh: "slurmrestd {1}，令牌由用户委托" },
  ],
  [/^by Slurm \((\S+)\)$/, { en: "by Slurm ({1})", zh: "由 Slurm 执行（{1}）" }],
  [
    /^Slurm (\S+), cluster (.+), not among the tested versions \((.+)\)$/,
    {
      en: "Slurm {1}, cluster {2}, not among the tested versions ({3})",
      zh: "Slurm {1}，集群 {2}，不在已测试的版本（{3}）之列",
    },
  ],
  [/^Slurm (\S+), cluster (.+)$/, { en: "Slurm {1}, cluster {2}", zh: "Slurm {1}，集群 {2}" }],
];

/** Of simulated centres: the fields of their description. */
const faults: Readonly<Record<string, Words>> = {
  slowAnswersMs: { en: "slow answers", zh: "应答缓慢" },
  flapping: { en: "answers only in turns", zh: "时断时续" },
  clock: { en: "clock is off", zh: "时钟偏差" },
  lostJobs: { en: "loses jobs", zh: "丢失作业" },
  lateReportsMs: { en: "late reports", zh: "上报延迟" },
  refusedSubmits: { en: "refuses some jobs", zh: "拒绝部分作业" },
  cutAnswers: { en: "answers cut off", zh: "应答中断" },
  duplicatedStarts: { en: "starts jobs twice", zh: "重复启动作业" },
  nodeFailures: { en: "nodes fail", zh: "节点故障" },
  preemption: { en: "preempts jobs", zh: "抢占作业" },
};
