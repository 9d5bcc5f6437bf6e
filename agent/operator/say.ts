import { languageOf, speaker } from "#core/language.ts";

/** What `weir-agent` says to an operator, in the language of the terminal; Slurm's and the helper's own words stay as they are. */
const sentences = {
  nothingWrong: ["nothing is wrong", "未发现错误"],
  countWrong: ["{count} wrong", "{count} 项有误"],
  identityGood: ["uid {uid}, with no right of its own", "uid {uid}，自身没有任何特权"],
  identityRoot: [
    "the agent would run as root: install it (weir-agent install), or run it as a system user",
    "代理将以 root 运行：请先安装（weir-agent install），或以系统用户运行",
  ],
  serverUnsaid: ["not said yet: weir-agent enrol URL", "尚未指定：weir-agent enrol URL"],
  serverThrough: ["{url} through {proxy}", "{url}（经 {proxy}）"],
  serverNotWeir: ["{way} answers, but not as a server of Weir does", "{way} 有应答，但不是 Weir 服务器"],
  serverAnswers: ["{way} answers", "{way} 有应答"],
  clockGood: ["within {off} s of this machine's", "与本机相差不超过 {off} 秒"],
  clockOff: ["{off} s off from this machine's: set up NTP on both", "与本机相差 {off} 秒：请在两侧配置 NTP"],
  credentialNone: ["none yet: weir-agent enrol URL", "尚无：weir-agent enrol URL"],
  credentialGood: ["of the centre {centre}; it renews itself", "属于中心 {centre}；自动更新"],
  enrolled: ["enrolled as {centre} at {url}", "已作为 {centre} 接入 {url}"],
  enrolledAlready: [
    "this agent is enrolled already ({path}); to enrol it anew: weir-agent enrol --again {url}",
    "该代理已接入（{path}）；重新接入：weir-agent enrol --again {url}",
  ],
  tokenRefused: ["{url} refuses the token: {words}", "{url} 拒绝该令牌：{words}"],
  behindProxy: [
    "{words}. Behind a proxy or a private CA: see HTTPS_PROXY and WEIR_CA_FILE in the settings",
    "{words}。位于代理之后或使用私有 CA 时：见设置中的 HTTPS_PROXY 与 WEIR_CA_FILE",
  ],
  noAddress: [
    "{text}: not an address of a server, such as https://weir.example",
    "{text}：不是服务器地址，应如 https://weir.example",
  ],
  tokenPrompt: ["the one-time token, then Enter and Ctrl-D:", "请输入一次性令牌，然后按 Enter 与 Ctrl-D："],
  noToken: [
    "no token: give it on standard input, or by --token-file FILE",
    "没有令牌：请从标准输入给出，或用 --token-file 文件",
  ],
  written: ["written ", "已写入"],
  kept: ["kept    ", "保留  "],
  removed: ["removed ", "已移除"],
  leftThere: ["left    ", "留下  "],
  next: ["Next:", "接下来："],
  notEnded: [
    "{count} runs have not ended: `weir centre leave` first, and wait for them (weir-agent leave lists them)",
    "{count} 个运行尚未结束：请先执行 `weir centre leave` 并等待（weir-agent leave 会列出）",
  ],
  folderBusy: ["the folder {chunk} of {user} is in use; try again", "{user} 的目录 {chunk} 正被使用；请重试"],
  accountStays: ["the account {user} stays: {words}", "账号 {user} 未移除：{words}"],
  foldersGone: [
    "removed: {folders} folders of runs, and what Weir had beside them",
    "已移除：{folders} 个运行目录及其旁 Weir 自身的文件",
  ],
  gone: [
    "removed: {accounts} accounts of the network, tokens, journals, the credential. Last: weir-agent uninstall",
    "已移除：{accounts} 个算力网账号、令牌、日志与凭据。最后执行：weir-agent uninstall",
  ],
  folderStays: ["the folder of runs of {user} stays, as you said", "按您的指示，{user} 的运行目录保留"],
  foldersStay: [
    "not removed: the folders of runs of {users}, whom the site's policy does not let in. Let them in for this (usermod --append --groups …), or leave theirs behind: --without USER. The others' are removed, and nothing else yet",
    "未移除：{users} 的运行目录，站点策略不准入这些用户。请为此重新准入（usermod --append --groups …），或以 --without 用户 保留其目录。其他用户的已移除，其余尚未处理",
  ],
  staysThere: [
    "not Weir's, and stays in the folder of runs of {user}: {count} names",
    "{user} 的运行目录中保留 {count} 项，不属于 Weir",
  ],
  agentRuns: [
    "the agent still runs: systemctl disable --now weir-agent, then this again",
    "代理仍在运行：请先执行 systemctl disable --now weir-agent，再重试",
  ],
  notBegun: [
    "it was not said yet that this centre leaves: weir-agent leave --yes. Without any retention: weir-agent leave --finish --early",
    "尚未声明本中心退出：weir-agent leave --yes。不作保留：weir-agent leave --finish --early",
  ],
  notYet: [
    "nothing is removed before {time}, as agreed: until then users can fetch their output. To remove it all the same: weir-agent leave --finish --early",
    "按约定，{time} 之前不移除任何内容：用户在此之前可取回输出。仍要移除：weir-agent leave --finish --early",
  ],
  notFinished: [
    "this centre leaves, and what it keeps would be lost track of: weir-agent leave --finish first (weir-agent leave says when). To stay after all: weir-agent leave --stay",
    "本中心正在退出，其保留内容将无从清理：请先执行 weir-agent leave --finish（时间见 weir-agent leave）。若不退出：weir-agent leave --stay",
  ],
  yesOrFinish: [
    "--yes begins the retention, --finish ends it: one of them",
    "--yes 开始保留期，--finish 结束：请择一使用",
  ],
  stayAlone: ["--stay takes --yes back, and stands alone", "--stay 撤销 --yes，须单独使用"],
  withFinish: ["--{option} goes with --finish", "--{option} 须与 --finish 同用"],
  listRuns: ["runs that have not ended: {list}", "尚未结束的运行：{list}"],
  listFolders: ["folders of runs: {list}", "运行目录：{list}"],
  listAccounts: ["accounts: {list}", "账号：{list}"],
  listOwn: [
    "wrapper and empty folders of Weir's, if there are any, in the folders of runs of: {list}",
    "运行目录中可能有 Weir 的包装程序与空目录的用户：{list}",
  ],
  listByHook: [
    "  (*: made by the site's hook create-account, and taken away by its hook remove)",
    "  （*：由站点钩子 create-account 建立，由钩子 remove 移除）",
  ],
  listTokens: ["tokens that users lent: {list}", "用户委托的令牌：{list}"],
  listJournals: ["the agent's journals and kept output: {list}", "代理的日志与留存的输出：{list}"],
  listCredential: ["credential: {list}", "凭据：{list}"],
  wouldGoUsual: [
    "none of it goes yet. From weir-agent leave --yes on it is kept for {days} days (nothing else is agreed), in which users can fetch their output; then weir-agent leave --finish removes it",
    "目前均不移除。自 weir-agent leave --yes 起保留 {days} 天（未另行约定），其间用户可取回输出；之后由 weir-agent leave --finish 移除",
  ],
  wouldGoAgreed: [
    "none of it goes yet. From weir-agent leave --yes on it is kept for the agreed {days} days, in which users can fetch their output; then weir-agent leave --finish removes it",
    "目前均不移除。自 weir-agent leave --yes 起按约定保留 {days} 天，其间用户可取回输出；之后由 weir-agent leave --finish 移除",
  ],
  goesOn: [
    "this centre leaves: all of it is kept for {days} days, until {time}, and users can fetch their output; then: weir-agent leave --finish",
    "本中心正在退出：以上内容保留 {days} 天，至 {time}，用户可取回输出；之后执行：weir-agent leave --finish",
  ],
  mayGo: [
    "this centre leaves: its {days} days were over on {time}. Remove it all: weir-agent leave --finish",
    "本中心正在退出：{days} 天保留期已于 {time} 结束。全部移除：weir-agent leave --finish",
  ],
  none: ["none", "无"],
  there: ["there", "有"],
  unknownWord: ["weir-agent does not know {name}.", "weir-agent 没有 {name} 这个命令。"],
  sayWhich: [
    "say what the network may use here: --{option} NAME, as often as needed, or --{every}. There are: {found}",
    "请说明算力网可使用的范围：--{option} 名称（可重复），或 --{every}。现有：{found}",
  ],
  notBoth: ["--{option} and --{every} do not go together", "--{option} 与 --{every} 不能同时使用"],
  stopIsThere: [
    "{path} is there: nothing new starts. Running work goes on. Again on: weir-agent resume-new",
    "{path} 已存在：不再启动新任务，运行中的继续。恢复：weir-agent resume-new",
  ],
  stopIsGone: ["{path} is gone: new work may start", "{path} 已移除：可以启动新任务"],
  accountRemoved: [
    "{who} is removed: nothing new runs as {user}. Running work goes on.",
    "{who} 已移除：不再以 {user} 启动新任务，运行中的继续。",
  ],
  accountNoUser: [
    "accounts add WHO USER [ACCOUNT]: the local user is missing",
    "accounts add WHO USER [ACCOUNT]：缺少本地用户",
  ],
  accountShared: [
    "{who} would be {user}, who is {other} already: people who share a local user can read and end each other's work, and the site cannot tell them apart. If that is meant: --shared",
    "{who} 将使用 {user}，而该用户已是 {other}：共用一个本地用户的人可以读取和终止彼此的任务，站点也无法区分他们。确需如此请加 --shared",
  ],
  accountIsShared: ["shared with {other}", "与 {other} 共用"],
  accountWords: [
    "accounts {word}: the words are list, add, test and remove",
    "accounts {word}：可用 list、add、test 与 remove",
  ],
  accountAskedFor: [
    "asked for by the network: {person} in project {project}",
    "算力网申请：项目 {project} 中的 {person}",
  ],
  accountsNone: [
    "nobody of the network has an account here yet: weir-agent accounts add",
    "算力网中尚无人在此有账号：weir-agent accounts add",
  ],
  accountUntried: [
    "{who} → {user}: created, not tried. The agent tries it.",
    "{who} → {user}：已创建，未测试。代理将进行测试。",
  ],
  accountTrying: ["a test job as {user} in partition {partition} …", "以 {user} 在分区 {partition} 运行测试作业 …"],
  accountReady: [
    "{who} → {user}: ready (job {job} ran, {ms} ms)",
    "{who} → {user}：可用（作业 {job} 已运行，{ms} 毫秒）",
  ],
  accountNotReady: ["{who} → {user}: not ready: {words}", "{who} → {user}：不可用：{words}"],
  accountForgotten: [
    "{who} → {user} is out of the mapping: nothing new runs as that user, and what may have run as it before is looked for no more",
    "{who} → {user} 已移出映射：不再以该用户启动新任务，也不再查找以前以其运行的内容",
  ],
  accountNotAdded: ["{who} → {user}: not added: {words}", "{who} → {user}：未加入：{words}"],
  accountUnknown: [
    "{who} has no account here; those that have: weir-agent accounts",
    "{who} 在此没有账号；已有的见 weir-agent accounts",
  ],
  whoForm: [
    "{text}: say person:ID, project:ID or person:ID,project:ID; `weir centre accounts CENTRE` lists the ids",
    "{text}：应为 person:编号、project:编号 或 person:编号,project:编号；编号见 `weir centre accounts 中心`",
  ],
  readiness_requested: ["requested", "已申请"],
  readiness_created: ["created", "已创建，未通过测试"],
  "readiness_needs-credential": ["waits for their own credential", "等待本人委托凭据（weir-delegate）"],
  readiness_ready: ["ready", "可用"],
  readiness_removed: ["removed", "已移除"],
  beside: ["{words} ({more})", "{words}（{more}）"],
  wrongWords: ["{words}", "选项有误：{words}"],
  slurmNotHere: [
    "sbatch is not on the PATH: install the agent where users of this cluster can submit jobs",
    "PATH 中没有 sbatch：请在本集群用户可以提交作业的机器上安装代理",
  ],
  noPartitionUp: ["no partition that the network may use is up", "算力网可使用的分区均未启用（UP）"],
  delegatedBoth: [
    "--delegated FOLDER and --rest PLACE go together: tokens that users lend serve at slurmrestd",
    "--delegated 目录 与 --rest 位置 须同时给出：用户委托的令牌用于 slurmrestd",
  ],
  delegatedPath: ["--delegated {folder}: not a plain absolute path", "--delegated {folder}：不是普通的绝对路径"],
  stateAbsent: ["{path} is absent: weir-agent install makes it", "{path} 不存在：由 weir-agent install 建立"],
  asRootOnly: ["only root may: sudo weir-agent …", "仅 root 可执行：sudo weir-agent …"],
  nextLook: ["look whether all is well: weir-agent doctor", "检查是否一切正常：weir-agent doctor"],
  nextEnrol: [
    "enrol, with the token on standard input: weir-agent enrol URL",
    "接入，令牌由标准输入给出：weir-agent enrol URL",
  ],
  nextRestart: [
    "restart the agent, which ends no run: systemctl restart weir-agent",
    "重启代理，不影响任何运行：systemctl restart weir-agent",
  ],
  nextStart: ["start: systemctl enable --now weir-agent", "启动：systemctl enable --now weir-agent"],
  nextUser: ["make the system user {user} on the machine itself", "在目标机器上建立系统用户 {user}"],
  nextUserAndGroup: [
    "make the system user {user} and the group {group} on the machine itself",
    "在目标机器上建立系统用户 {user} 与组 {group}",
  ],
  nextFolder: [
    "make the folder where users and agent meet, for all nodes: install -d -o {user} -g {user} -m 0711 {folder}",
    "建立用户与代理交接的目录，供所有节点使用：install -d -o {user} -g {user} -m 0711 {folder}",
  ],
  nextTell: [
    "tell the users: {delegate}, as themselves, on a login node",
    "告知用户：在登录节点上以本人身份执行 {delegate}",
  ],
  nextPolicy: [
    "read {policy} and take out of it what the network may not use",
    "阅读 {policy}，删去算力网不得使用的内容",
  ],
  nextLetIn: [
    "let users in: usermod --append --groups {group} USER; then: {helper} check USER ACCOUNT PARTITION",
    "准入用户：usermod --append --groups {group} 用户；然后：{helper} check 用户 账号 分区",
  ],
  onlyRoot: [
    "only root may: sudo weir-agent {word} (the same as {same}, where the policy names no other file)",
    "仅 root 可执行：sudo weir-agent {word}（策略未另行指定文件时，等同于 {same}）",
  ],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

export const language = languageOf(process.env);
export const say = speaker(sentences, language);
