import { languageOf, speaker } from "#core/language.ts";

/** The name of a finding, for people; what is not here is Slurm's own word. */
export function nameOf(finding: string): string {
  const user = /^(user|credential) (\S+)$/.exec(finding);
  if (user) return say(user[1] === "user" ? "name_user" : "name_credential_of", { user: user[2] ?? "" });
  const pool = /^pool (\S+)$/.exec(finding)?.[1];
  if (pool !== undefined) return say("name_pool", { pool });
  return isNamed(finding) ? say(`name_${finding}`) : finding;
}

/** What `weir-agent doctor` says of Slurm, in the language of the terminal; the engine's and the helper's own words stay as they are. */
const sentences = {
  good: ["good ", "正常"],
  note: ["note ", "注意"],
  wrong: ["wrong", "有误"],
  finding: ["{verdict}  {name}: {words}\n", "{verdict}  {name}：{words}\n"],
  "name_the site's file": ["the site's file", "站点文件"],
  name_version: ["version", "版本"],
  name_accounting: ["accounting", "记账"],
  name_federation: ["federation", "联邦"],
  "name_kill switch": ["kill switch", "停止开关"],
  name_load: ["load", "负载"],
  name_partitions: ["partitions", "分区"],
  name_containers: ["containers", "容器"],
  name_clock: ["clock", "时钟"],
  name_mapping: ["mapping", "映射"],
  name_transport: ["transport", "传输方式"],
  name_mode: ["mode", "方式"],
  name_tokens: ["tokens", "令牌"],
  name_identity: ["identity", "身份"],
  name_server: ["server", "服务器"],
  "name_server's clock": ["server's clock", "服务器时钟"],
  name_leaving: ["leaving", "退出"],
  name_credential: ["credential", "凭据"],
  name_user: ["user {user}", "用户 {user}"],
  name_pool: ["pool {pool}", "资源池 {pool}"],
  "name_shared users": ["shared users", "共用的用户"],
  name_credential_of: ["credential of {user}", "{user} 的凭据"],
  versionTested: ["Slurm {version}, cluster {cluster}", "Slurm {version}，集群 {cluster}"],
  versionUntested: [
    "Slurm {version} is not among the tested versions ({tested}): its texts may read otherwise, and nothing is guessed. Run the connection test before any work is sent here.",
    "Slurm {version} 不在已测试的版本（{tested}）之列：其输出可能不同，代理不作猜测。派发任务之前请先运行接入测试。",
  ],
  accounting: ["slurmdbd: CPU, memory and who cancelled come from it", "slurmdbd：CPU、内存用量及取消者均取自其中"],
  accountingNone: [
    "none: times come from scontrol within MinJobAge ({s} s), CPU and memory from the wrapper, which does not see job steps (srun); an agent that is away for longer has the wrapper's word alone",
    "无：起止时间在 MinJobAge（{s} 秒）内取自 scontrol，CPU 与内存取自包装程序（不含 srun 作业步）；代理离线超过此时长，则只有包装程序的记录",
  ],
  hiddenFromAgent: [
    "{what} are hidden from the agent: it can report no pools. Take them out of PrivateData, or make the agent's user an operator of Slurm's.",
    "{what} 对代理不可见，代理无法上报资源池。请将其从 PrivateData 中去掉，或将代理的用户设为 Slurm 操作员（operator）。",
  ],
  hiddenWork: [
    "the work of others is hidden: load is what nodes report as allocated, unless the policy of weir-as says `load yes`",
    "看不到他人的作业：负载以节点报告的已分配量为准，除非 weir-as 的策略中有 `load yes`",
  ],
  hiddenNothing: ["nothing that the agent needs is hidden", "代理所需的信息均可见"],
  remembered: ["an ended job is remembered for {s} s", "作业结束后记录保留 {s} 秒"],
  forgotten: [
    "an ended job is forgotten after {s} s, and there is no accounting: set MinJobAge to 300",
    "作业结束 {s} 秒后即被清除，且没有记账：请将 MinJobAge 设为 300",
  ],
  doubt: ["{s} s: how long a submission in doubt is looked for", "{s} 秒：提交结果不明时，查找至多持续这么久"],
  arraySize: ["{most}: tasks with a greater index travel alone", "{most}：序号更大的任务单独提交"],
  federation: [
    "this cluster is in the federation {name}: Slurm may start jobs at its other clusters, and there they are not followed. Take it out, or join the clusters one by one.",
    "本集群属于联邦 {name}：Slurm 可能在其他集群上启动作业，代理无法跟踪。请将本集群移出联邦，或逐个接入各集群。",
  ],
  partitionsShare: [
    "these share nodes: {list}. Each node counts once, and what is sent to one of them takes room in the others too",
    "这些分区共用节点：{list}。每个节点只计一次，派到其中一个分区的任务也占用其他分区的空间",
  ],
  containersFound: ["on this machine: {found}", "本机有：{found}"],
  containersSaid: ["by slurm.json: {said}; on this machine: {found}", "slurm.json 指定：{said}；本机有：{found}"],
  containersOff: ["none, by slurm.json", "无（slurm.json 指定）"],
  containersNone: [
    'no runtime on this machine (apptainer, pyxis, enroot, or podman with crun): jobs in containers go elsewhere. If the nodes have one, name it in slurm.json: "containers": ["apptainer"]',
    '本机没有容器运行环境（apptainer、pyxis、enroot，或 podman 与 crun）：使用容器的作业会派往其他中心。若计算节点上有，请在 slurm.json 中写明："containers": ["apptainer"]',
  ],
  nothing: ["nothing", "无"],
  poolNoPartition: [
    "there is no partition {partition}: nothing is sent there. Name another in slurm.json",
    "没有分区 {partition}：不派发任务。请在 slurm.json 中改为其他分区",
  ],
  poolNotAllowed: [
    "the policy of weir-as does not allow all that it is: it has to say `{lines}`",
    "weir-as 的策略未允许其全部内容：策略中须写明 `{lines}`",
  ],
  poolNoReservation: [
    "Slurm shows no reservation {reservation} that is not over: nothing is sent there. Make it (scontrol create reservation), or take the pool out of slurm.json",
    "Slurm 中没有尚未结束的预留 {reservation}：不派发任务。请建立该预留（scontrol create reservation），或从 slurm.json 中去掉此资源池",
  ],
  poolHidden: [
    "reservation {reservation} is not seen: PrivateData hides reservations from the agent, so nothing is sent there. Take them out of PrivateData, or let the agent's user into the reservation",
    "看不到预留 {reservation}：PrivateData 对代理隐藏预留，因此不派发任务。请将其从 PrivateData 中去掉，或允许代理的用户使用该预留",
  ],
  poolOfParts: [
    "reservation {reservation} does not hold whole nodes, or holds nodes that Slurm does not show the agent, and only one that does can be a pool: name its nodes without CoreCnt, and nodes that the agent's user is shown",
    "预留 {reservation} 不是整节点的，或含有 Slurm 不向代理显示的节点，不能作为资源池：请只指定代理用户可见的节点，且不指定 CoreCnt",
  ],
  poolOpen: [
    "reservation {reservation}: {nodes} until {until}, and in no other pool till then",
    "预留 {reservation}：{nodes}，至 {until}，其间不属于其他资源池",
  ],
  poolAhead: [
    "reservation {reservation}: {nodes} from {from} until {until}; nothing is sent there before",
    "预留 {reservation}：{nodes}，{from} 至 {until}；此前不派发任务",
  ],
  poolOtherPartition: [
    "reservation {reservation} is of partition {own}, not {partition}: Slurm starts nothing there",
    "预留 {reservation} 属于分区 {own}，而非 {partition}：Slurm 不会在其中启动作业",
  ],
  poolOutside: [
    "of reservation {reservation} these are not in partition {partition}, and are not counted: {list}",
    "预留 {reservation} 中以下节点不在分区 {partition} 中，不计入：{list}",
  ],
  poolKeepsOut: [
    "reservation {reservation} does not let these mapped users in: {users}",
    "预留 {reservation} 不允许以下已映射的用户使用：{users}",
  ],
  poolQos: ["QoS {qos}", "QoS {qos}"],
  poolQosMost: [
    "QoS {qos}, which may hold {most} at once: Slurm keeps that, and the network knows of it only as a share that its terms agree",
    "QoS {qos}，同时至多 {most}：由 Slurm 执行；算力网只按条款约定的份额计算",
  ],
  poolNoQos: ["there is no QoS {qos}", "没有 QoS {qos}"],
  poolQosUnknown: [
    "whether there is a QoS {qos} cannot be asked: sacctmgr does not answer",
    "无法查询是否有 QoS {qos}：sacctmgr 没有应答",
  ],
  sharedUsers: [
    "these local users are each the account of several people of the network, who can read and end each other's work there: {list}",
    "以下本地用户分别由算力网的多人共用，他们可互相读取和终止作业：{list}",
  ],
  helper: [
    "acts for members of {group} with a uid of at least {minUid}; {load}; {tokens}; policy {policy}",
    "为 {group} 组中 uid 不小于 {minUid} 的成员执行操作；{load}；{tokens}；策略 {policy}",
  ],
  loadAllowed: ["may list the load without names", "可列出负载（不含姓名）"],
  loadDenied: ["may not list the load", "不可列出负载"],
  mintsNone: ["mints no tokens", "不签发令牌"],
  mints: ["mints tokens of at most {s} s", "签发有效期至多 {s} 秒的令牌"],
  stopped: [
    "the site's stop file is there: no new work is taken. Again on: weir-agent resume-new",
    "站点的停止文件已存在：不接受新任务。恢复：weir-agent resume-new",
  ],
  loadUnknown: ["estimates know nothing of the work of others", "预计开始时间不计他人的作业"],
  clockGood: ["within {s} s of slurmctld's", "与 slurmctld 相差不超过 {s} 秒"],
  clockOff: [
    "{s} s off from slurmctld's: deadlines and times would be wrong by that much. Set up NTP on both.",
    "与 slurmctld 相差 {s} 秒：截止时间与各项时间会有同样的偏差。请在两侧配置 NTP。",
  ],
  partitionAbsent: [
    "Slurm shows no partition {partition}, which slurm.json names: a slip, or hidden (AllowGroups, PrivateData)",
    "Slurm 中看不到 slurm.json 所列的分区 {partition}：写错，或被隐藏（AllowGroups、PrivateData）",
  ],
  partitionShut: [
    "{partition} is {state}: nothing starts there (scontrol update PartitionName={partition} State=UP)",
    "{partition} 处于 {state}：不启动作业（scontrol update PartitionName={partition} State=UP）",
  ],
  notAsRoot: [
    "the agent of a Slurm centre never runs as root: systemctl start weir-agent starts it as its own user (without systemd: setpriv --reuid weir-agent --regid weir-agent --clear-groups weir-agent run)",
    "Slurm 中心的代理从不以 root 运行：systemctl start weir-agent 会以其专用用户启动（没有 systemd 时：setpriv --reuid weir-agent --regid weir-agent --clear-groups weir-agent run）",
  ],
  mapping: ["{count} entries, {ready} ready", "{count} 条映射，{ready} 条可用"],
  mappingNone: [
    "nobody is mapped to a local user: every run will be refused. See weir-agent accounts",
    "尚无人映射到本地用户：所有任务都会被拒绝。见 weir-agent accounts",
  ],
  commands: ["commands through weir-as: {helper}", "经 weir-as 执行命令：{helper}"],
  usedWith: ['; it is used with "transport": "rest"', '；设置 "transport": "rest" 后启用'],
  restNoTokens: [
    "slurmrestd needs tokens, and the policy of weir-as allows none: set token-lifespan-max",
    "slurmrestd 需要令牌，而 weir-as 的策略不允许签发：请设置 token-lifespan-max",
  ],
  restNobody: ["slurmrestd can be asked once a user is mapped and ready", "有用户映射可用之后才能访问 slurmrestd"],
  restKnown: [
    "slurmrestd {place}, {version}, {tokens}; known: {live} (tested live), {documented} (by documented answers, not run live)",
    "slurmrestd {place}，{version}，{tokens}；已知版本：{live}（实机测试），{documented}（依据文档，未实机运行）",
  ],
  restOfHelper: ["with weir-as", "令牌由 weir-as 签发"],
  restOfUsers: ["with tokens that users lend", "令牌由用户委托"],
  restUntested: [". Run the connection test before any work is sent here.", "。派发任务之前请先运行接入测试。"],
  restUnnamed: [
    'slurmrestd listens at {place}; with "transport": "rest" and "rest": {"url": "{place}"} it would be used',
    'slurmrestd 正在 {place} 监听；设置 "transport": "rest" 与 "rest": {"url": "{place}"} 后启用',
  ],
  lending: [
    "users lend their own tokens (weir-delegate) by {folder}; there is no weir-as; {count} are in force",
    "用户经 {folder} 委托自己的令牌（weir-delegate）；没有 weir-as；{count} 个有效",
  ],
  lentNone: [
    "they lend no credential of their own: weir-delegate, as that user, lends one",
    "本人没有委托凭据：请由该用户执行 weir-delegate",
  ],
  lentEnded: [
    "the credential that they lent has ended at {time}: weir-delegate, as that user",
    "委托的凭据已于 {time} 到期：请由该用户执行 weir-delegate",
  ],
  lentEnds: [
    "the credential that they lent ends at {time}, and nothing new is sent: weir-delegate, as that user",
    "委托的凭据将于 {time} 到期，不再派来新任务：请由该用户执行 weir-delegate",
  ],
  testEnded: ["job {job} of {user} ended badly: {words}", "{user} 的作业 {job} 未正常结束：{words}"],
  testNoRecord: [
    "job {job} of {user} ended: {state}; its folder of runs has no record of it. Can every node reach it?",
    "{user} 的作业 {job} 已结束：{state}；其运行目录中没有记录。所有节点都能访问该目录吗？",
  ],
  testLate: ["job {job} of {user} did not end within {s} s", "{user} 的作业 {job} 在 {s} 秒内未结束"],
  jwtNone: ["Slurm gives no tokens: AuthAltTypes has no auth/jwt", "Slurm 不签发令牌：AuthAltTypes 中没有 auth/jwt"],
  jwtForbidden: [
    "users may make no tokens: AuthAltParameters has disable_token_creation",
    "用户不能生成令牌：AuthAltParameters 中有 disable_token_creation",
  ],
  jwtAny: ["users may make tokens of any lifespan", "用户可生成任意有效期的令牌"],
  jwtMost: ["users may make tokens of at most {s} s", "用户可生成有效期至多 {s} 秒的令牌"],
  jwtHidden: [
    "; PrivateData hides jobs, so the end of what runs on after a token's end is learnt when it is renewed",
    "；PrivateData 隐藏作业，令牌到期后仍在运行的作业，其结束要到续期时才能得知",
  ],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

export const say = speaker(sentences, languageOf(process.env));

type Named = keyof typeof sentences extends infer Key ? (Key extends `name_${infer Name}` ? Name : never) : never;

function isNamed(finding: string): finding is Named {
  return `name_${finding}` in sentences;
}
