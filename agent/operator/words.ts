import { runAgent } from "#agent/run-agent.ts";
import { accounts } from "./accounts.ts";
import { doctor } from "./doctor.ts";
import { enrolHere } from "./enrol-here.ts";
import type { Given } from "./given.ts";
import { installHere, uninstallHere } from "./install-here.ts";
import { resumeNew, stopNew } from "./kill-switch.ts";
import { leave } from "./leave.ts";
import { language } from "./say.ts";

/** Every word of `weir-agent`: what help says, and what is done. */
export type Word = {
  readonly name: string;
  readonly operands: string;
  readonly summary: readonly [en: string, zh: string];
  readonly more?: string;
  readonly takes: readonly [least: number, most: number];
  readonly options: Readonly<Record<string, { readonly value?: string; readonly words: string }>>;
  readonly act: (given: Given) => Promise<number>;
};

const json = { words: "for programs" };

const words: readonly Word[] = [
  {
    name: "install",
    operands: "",
    summary: [
      "lays out helper, policy, sudo's rule, systemd's unit and the agent on this machine",
      "在本机安装辅助程序、策略、sudo 规则、systemd 单元与代理",
    ],
    more: "Needs root, on a machine where users submit jobs. Once more is an upgrade: the site's own policy and settings stay.\nThe first time, what the network may use has to be said: accounts and partitions, by name or all that Slurm has now.",
    takes: [0, 0],
    options: {
      runs: {
        value: "PATH",
        words: "each user's folder of runs, which all nodes share: %u the user, %h their home (%h/.weir)",
      },
      account: {
        value: "NAME",
        words: "the network may use this account; as often as needed (-: Slurm's default, as without slurmdbd)",
      },
      "all-accounts": { words: "in its place: every account that Slurm has now, each by its name" },
      partition: { value: "NAME", words: "the network may use this partition; as often as needed" },
      "all-partitions": { words: "in its place: every partition that Slurm has now, each by its name" },
      qos: { value: "NAME", words: "the network may use this QoS; as often as needed (-: Slurm's default alone)" },
      delegated: {
        value: "FOLDER",
        words: "no helper, no sudo: users lend their own tokens by this folder, which login nodes and all nodes share",
      },
      rest: { value: "PLACE", words: "with it: where slurmrestd listens, /PATH of its socket or http://HOST:PORT" },
      root: { value: "STAGING", words: "lay the same tree out in that folder and start nothing" },
    },
    act: installHere,
  },
  {
    name: "doctor",
    operands: "",
    summary: [
      "looks whether all is well: Slurm, helper, policy, clocks, server",
      "检查是否一切正常：Slurm、辅助程序、策略、时钟、服务器",
    ],
    more: "The status is 0 where nothing failed. Slurm 22.05 is what the driver is tested with; of others it does not guess.",
    takes: [0, 0],
    options: { json },
    act: doctor,
  },
  {
    name: "enrol",
    operands: "URL",
    summary: [
      "makes this agent a centre's own, by a one-time token on standard input",
      "以标准输入给出的一次性令牌接入，使该代理归属一个中心",
    ],
    takes: [1, 1],
    options: {
      "token-file": { value: "FILE", words: "where the token is, in place of standard input" },
      again: { words: "though it is enrolled already" },
    },
    act: enrolHere,
  },
  {
    name: "run",
    operands: "",
    summary: ["serves the centre; systemd's unit does that", "为中心服务；由 systemd 单元执行"],
    takes: [0, 0],
    options: {},
    act: (given) => runAgent(given.environment),
  },
  {
    name: "accounts",
    operands: "[list | add WHO USER [ACCOUNT] | test WHO | remove WHO]",
    summary: ["who of the network is whom here", "算力网中的人与项目在本中心对应的本地用户"],
    more: "WHO is person:ID, project:ID or person:ID,project:ID; the most exact one decides. The network's ids are in\n`weir centre accounts CENTRE`; names and accounts of this site never leave it. An account is ready, and work comes,\nonly once a small test job has run as that user. ACCOUNT - is Slurm's default.",
    takes: [0, 4],
    options: {
      qos: { value: "NAME", words: "the QoS of that user's runs" },
      partition: { value: "NAME", words: "where the test job runs" },
      "no-test": { words: "without the test job; the agent makes it" },
      json,
    },
    act: accounts,
  },
  {
    name: "stop-new",
    operands: "",
    summary: ["the kill switch: no new job, token or account from now on", "停止开关：此后不再有新作业、令牌或账号"],
    more: "It makes a file of root's, which neither the agent nor the server can take away. Running work goes on and can be\nseen and cancelled. It needs neither the server nor the agent.",
    takes: [0, 0],
    options: {},
    act: stopNew,
  },
  {
    name: "resume-new",
    operands: "",
    summary: ["takes the kill switch away", "取消停止开关"],
    takes: [0, 0],
    options: {},
    act: resumeNew,
  },
  {
    name: "leave",
    operands: "",
    summary: [
      "lists what of the network is still here; with --yes ends accounts and credential",
      "列出算力网在此留下的内容；加 --yes 则终止账号与凭据",
    ],
    more: "First, in the network: weir centre leave CENTRE, and wait until nothing of it runs. Accounts and folders that the\nsite's own hook made are removed by its hook `remove`. Then: weir-agent uninstall.",
    takes: [0, 0],
    options: { yes: { words: "do it" }, json },
    act: leave,
  },
  {
    name: "uninstall",
    operands: "",
    summary: ["takes away what install made, the agent's journal with it", "移除 install 所建的一切，包括代理的日志"],
    more: "What was there before stays. The users' own folders of runs are theirs and stay.",
    takes: [0, 0],
    options: {
      "keep-audit": { words: "leave /var/log/weir/weir-as.log" },
      root: { value: "STAGING", words: "from that folder" },
    },
    act: uninstallHere,
  },
];

export function findWord(name: string): Word | null {
  return words.find((word) => word.name === name) ?? null;
}

export function overview(): string {
  const rows = words.map(({ name, summary }) => `  ${name.padEnd(12)} ${inLanguage(summary)}`);
  return [
    inLanguage([
      "weir-agent: the agent of a centre of the network, for its operator.",
      "weir-agent：中心的代理，供其运营者使用。",
    ]),
    "",
    inLanguage(["usage: weir-agent WORD [OPTION…]", "用法：weir-agent 命令 [选项…]"]),
    "",
    ...rows,
    "",
    inLanguage(["weir-agent WORD --help says more.", "weir-agent 命令 --help 给出更多说明。"]),
  ].join("\n");
}

export function wordHelp({ name, operands, summary, more, options }: Word): string {
  const rows = Object.entries(options).map(
    ([option, { value, words: means }]) =>
      `  --${`${option}${value === undefined ? "" : ` ${value}`}`.padEnd(18)} ${means}`,
  );
  const usage = ["weir-agent", name, ...(rows.length > 0 ? ["[OPTION…]"] : []), operands].filter(Boolean).join(" ");
  return [
    `${inLanguage(["usage: ", "用法："])}${usage}`,
    "",
    inLanguage(summary),
    ...(more ? ["", more] : []),
    ...(rows.length > 0 ? ["", ...rows] : []),
  ].join("\n");
}

function inLanguage([en, zh]: Word["summary"]): string {
  return language === "zh" ? zh : en;
}
