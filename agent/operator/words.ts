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
  readonly summary: Sentence;
  readonly more?: Sentence;
  readonly takes: readonly [least: number, most: number];
  readonly options: Readonly<Record<string, { readonly value?: string; readonly words: Sentence }>>;
  readonly act: (given: Given) => Promise<number>;
};

type Sentence = readonly [en: string, zh: string];

const json = { words: ["for programs", "供程序读取"] } as const;

const words: readonly Word[] = [
  {
    name: "install",
    operands: "",
    summary: [
      "lays out helper, policy, sudo's rule, systemd's unit and the agent on this machine",
      "在本机安装辅助程序、策略、sudo 规则、systemd 单元与代理",
    ],
    more: [
      "Needs root, on a machine where users submit jobs. Once more is an upgrade: the site's own policy and settings stay.\nThe first time, what the network may use has to be said: accounts and partitions, by name or all that Slurm has now.",
      "需要 root 权限，在用户可以提交作业的机器上执行。再次执行即为升级：站点自己的策略与设置保持不变。\n首次安装须说明算力网可使用的账号与分区：逐个列出，或取 Slurm 现有的全部。",
    ],
    takes: [0, 0],
    options: {
      runs: {
        value: "PATH",
        words: [
          "each user's folder of runs, which all nodes share: %u the user, %h their home (%h/.weir)",
          "每个用户的运行目录，须由所有节点共享：%u 为用户名，%h 为主目录（%h/.weir）",
        ],
      },
      account: {
        value: "NAME",
        words: [
          "the network may use this account; as often as needed (-: Slurm's default, as without slurmdbd)",
          "算力网可使用该账号；可重复（-：Slurm 的默认账号，没有 slurmdbd 时即是如此）",
        ],
      },
      "all-accounts": {
        words: [
          "in its place: every account that Slurm has now, each by its name",
          "代替前者：Slurm 现有的每个账号，逐个列出",
        ],
      },
      partition: {
        value: "NAME",
        words: ["the network may use this partition; as often as needed", "算力网可使用该分区；可重复"],
      },
      "all-partitions": {
        words: [
          "in its place: every partition that Slurm has now, each by its name",
          "代替前者：Slurm 现有的每个分区，逐个列出",
        ],
      },
      qos: {
        value: "NAME",
        words: [
          "the network may use this QoS; as often as needed (-: Slurm's default alone)",
          "算力网可使用该 QoS；可重复（-：仅 Slurm 的默认 QoS）",
        ],
      },
      delegated: {
        value: "FOLDER",
        words: [
          "no helper, no sudo: users lend their own tokens by this folder, which login nodes and all nodes share",
          "不用辅助程序与 sudo：用户经此目录委托自己的令牌，该目录须由登录节点与所有节点共享",
        ],
      },
      rest: {
        value: "PLACE",
        words: [
          "with it: where slurmrestd listens, /PATH of its socket or http://HOST:PORT",
          "与前者同用：slurmrestd 的监听位置，套接字 /路径 或 http://主机:端口",
        ],
      },
      root: {
        value: "STAGING",
        words: ["lay the same tree out in that folder and start nothing", "在该目录下布置同样的文件树，不启动任何程序"],
      },
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
    more: [
      "The status is 0 where nothing is wrong. Slurm 22.05 is what the driver is tested with; of others it does not guess.",
      "没有“有误”项时退出码为 0。驱动以 Slurm 22.05 测试；对其他版本不作猜测。",
    ],
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
      "token-file": {
        value: "FILE",
        words: ["where the token is, in place of standard input", "令牌所在文件，代替标准输入"],
      },
      again: { words: ["though it is enrolled already", "已经接入也重新接入"] },
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
    more: [
      "WHO is person:ID, project:ID or person:ID,project:ID; the most exact one decides. The network's ids are in\n`weir centre accounts CENTRE`; names and accounts of this site never leave it. An account is ready, and work comes,\nonly once a small test job has run as that user. ACCOUNT - is Slurm's default.",
      "WHO 为 person:编号、project:编号 或 person:编号,project:编号；以最具体的一条为准。算力网的编号见\n`weir centre accounts 中心`；本站点的用户名与账号不会传出。只有以该用户成功运行一个小测试作业之后，\n账号才可用，才会派来任务。ACCOUNT 为 - 时用 Slurm 的默认账号。",
    ],
    takes: [0, 4],
    options: {
      qos: { value: "NAME", words: ["the QoS of that user's runs", "该用户的运行所用的 QoS"] },
      partition: { value: "NAME", words: ["where the test job runs", "测试作业所在的分区"] },
      shared: {
        words: ["though somebody else of the network is that user already", "即使该用户已对应算力网中的其他人"],
      },
      forget: {
        words: [
          "with remove: out of the mapping altogether, as for a user whom this machine no longer knows",
          "与 remove 同用：完全移出映射，如本机已没有该用户时",
        ],
      },
      "no-test": { words: ["without the test job; the agent makes it", "此处不做测试作业，由代理完成"] },
      json,
    },
    act: accounts,
  },
  {
    name: "stop-new",
    operands: "",
    summary: ["the kill switch: no new job, token or account from now on", "停止开关：此后不再有新作业、令牌或账号"],
    more: [
      "It makes a file of root's, which neither the agent nor the server can take away. Running work goes on and can be\nseen and cancelled. It needs neither the server nor the agent.",
      "它建立一个属于 root 的文件，代理与服务器都无法移除。运行中的任务继续，仍可查看与取消。\n不依赖服务器，也不依赖代理。",
    ],
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
      "lists what of the network is here and when it goes; --yes begins the retention, --finish removes it",
      "列出算力网在此留下的内容与移除时间；--yes 开始保留期，--finish 移除",
    ],
    more: [
      "First, in the network: weir centre leave CENTRE, and wait until nothing of it runs. From --yes on all is kept for the\ndays that are agreed (30 unless the centre's terms say otherwise), and the agent goes on serving users their output.\nThen stop the agent, and --finish: folders of runs, accounts (those that the site's own hook made by its hook\n`remove`), tokens, journals, credential. It needs no server, and goes on where it was interrupted.\nThen: weir-agent uninstall.",
      "先在算力网中执行：weir centre leave 中心，并等待其任务全部结束。自 --yes 起，全部内容按约定天数保留（中心条款未另行约定时为\n30 天），代理继续向用户提供其输出。之后停止代理，执行 --finish：移除运行目录、账号（站点钩子所建的由钩子 `remove` 移除）、\n令牌、日志与凭据。不依赖服务器，中断后可继续。之后执行：weir-agent uninstall。",
    ],
    takes: [0, 0],
    options: {
      yes: { words: ["this centre leaves: the retention begins", "本中心退出：保留期开始"] },
      stay: { words: ["it does not leave after all: takes --yes back", "不退出：撤销 --yes"] },
      finish: { words: ["remove it all, once the retention is over", "保留期结束后全部移除"] },
      early: { words: ["with --finish: before the retention is over", "与 --finish 同用：在保留期结束之前"] },
      without: {
        value: "USER",
        words: [
          "with --finish: leave this user's folder of runs behind; as often as needed",
          "与 --finish 同用：保留该用户的运行目录；可重复",
        ],
      },
      json,
    },
    act: leave,
  },
  {
    name: "uninstall",
    operands: "",
    summary: ["takes away what install made, the agent's journal with it", "移除 install 所建的一切，包括代理的日志"],
    more: [
      "What was there before stays. Folders of runs and accounts go with `leave --finish`, before it.",
      "安装之前已有的保持不变。运行目录与账号须在此之前由 `leave --finish` 移除。",
    ],
    takes: [0, 0],
    options: {
      "keep-audit": { words: ["leave /var/log/weir/weir-as.log", "保留 /var/log/weir/weir-as.log"] },
      root: { value: "STAGING", words: ["from that folder", "从该目录移除"] },
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
      `  --${`${option}${value === undefined ? "" : ` ${value}`}`.padEnd(18)} ${inLanguage(means)}`,
  );
  const usage = ["weir-agent", name, ...(rows.length > 0 ? [inLanguage(["[OPTION…]", "[选项…]"])] : []), operands]
    .filter(Boolean)
    .join(" ");
  return [
    `${inLanguage(["usage: ", "用法："])}${usage}`,
    "",
    inLanguage(summary),
    ...(more ? ["", inLanguage(more)] : []),
    ...(rows.length > 0 ? ["", ...rows] : []),
  ].join("\n");
}

function inLanguage([en, zh]: Sentence): string {
  return language === "zh" ? zh : en;
}
