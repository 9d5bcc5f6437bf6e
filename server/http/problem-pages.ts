import type { RefusalKind } from "#core/refusal.ts";

/** What each kind of refusal means, for the page its `type` leads to: English and Chinese. */
export const meanings: Readonly<Record<RefusalKind, readonly [en: string, zh: string]>> = {
  "malformed-json": [
    "The body could not be read as one JSON document in UTF-8.",
    "请求正文不是一个 UTF-8 的 JSON 文档。",
  ],
  "invalid-request": [
    "A field is missing, unknown or outside its limits. The facts list each by its path.",
    "某个字段缺失、未知或超出上限。facts 按路径逐一列出。",
  ],
  "unknown-option": [
    "The script or the command line has an sbatch option that Weir does not know. None is ever dropped silently.",
    "脚本或命令行中有 Weir 不认识的 sbatch 选项。任何选项都不会被悄悄忽略。",
  ],
  "bad-option-value": ["An sbatch option is known, but not with this value.", "该 sbatch 选项存在，但值不正确。"],
  "option-refused": [
    "Weir knows this sbatch option and cannot honour it; leaving it out would change the work.",
    "Weir 认识该 sbatch 选项但无法满足；忽略它会改变作业。",
  ],
  "too-large": ["Something is larger than its limit. The facts give both.", "超出上限。facts 给出实际值与上限。"],
  "not-text": [
    "A text holds a NUL or half a character, which files, environments and the database cannot carry.",
    "文本含有 NUL 或不完整的字符，文件、环境变量与数据库均无法保存。",
  ],
  "script-without-interpreter": ["A script must begin with #! and its interpreter.", "脚本首行必须是 #! 加解释器。"],
  "script-with-dos-lines": ["The lines of a script must end in a line feed alone.", "脚本各行只能以换行符（LF）结尾。"],
  "path-escape": ["The path of an input file would lead out of the job's folder.", "输入文件的路径会离开作业目录。"],
  "bad-array": ["The indices of the array cannot be read.", "数组下标写法无法识别。"],
  "unknown-dependency": [
    "A dependency names a job that does not exist, or that the caller may not see.",
    "所依赖的作业不存在，或您无权查看。",
  ],
  "dependency-cycle": ["Jobs wait for each other in a circle.", "作业互相等待，形成环。"],
  "array-mismatch": [
    "aftercorr pairs the tasks of two arrays, which needs the same indices on both sides.",
    "aftercorr 逐一对应两个数组的任务，要求下标一致。",
  ],
  "unknown-project": ["The caller is no member of the project named.", "您不是所写项目的成员。"],
  "no-centre-fits": [
    "No centre in service could run this even if it were idle. The facts name each centre's first failing rule and the nearest shape that fits.",
    "即使全部空闲，也没有在用中心能运行此作业。facts 列出各中心首条不满足的规则与最接近的可行规格。",
  ],
  "not-offered": [
    "The job asks for software, a container, a partition or the like that no centre in service offers, or names a centre that is not there.",
    "作业申请的软件、容器、分区等，没有在用中心提供；或所指的中心不存在。",
  ],
  "idempotency-conflict": [
    "The Idempotency-Key was used within 24 hours for another request.",
    "该幂等键在 24 小时内已用于另一请求。",
  ],
  "not-signed-in": ["A session or a token is needed.", "需要会话或令牌。"],
  "bad-credentials": [
    "The code, token, session or password is wrong, spent, revoked or expired.",
    "登录码、令牌、会话或密码有误、已用、已撤销或已过期。",
  ],
  forbidden: ["The caller is known, but lacks the role this needs.", "已识别身份，但缺少所需角色。"],
  "not-found": [
    "There is nothing of that name that the caller may see. What others own is not told apart from what does not exist.",
    "没有您可见的此对象。他人所有与不存在不作区分。",
  ],
  "already-exists": ["The name is taken.", "名称已被占用。"],
  "already-ended": ["What has ended stays as it ended.", "已结束的不再改变。"],
  "not-unreachable": [
    "A run is lost by evidence, or an administrator declares it so while its centre cannot be reached, or was asked to end it and does not let the network act as its local user. This one's centre answers, and says itself what became of it.",
    "运行的“丢失”须有证据，或由管理员在其中心失联、或已请求结束而中心不许以其本地用户行事时声明。此运行的中心有应答，结果由中心给出。",
  ],
  "last-administrator": [
    "The only administrator who can sign in can neither be disabled nor lose the role: the network needs one.",
    "唯一可登录的管理员既不能停用，也不能取消其角色：算力网不能没有管理员。",
  ],
  "disable-oneself": [
    "Nobody disables themselves, since they could not undo it: another administrator can.",
    "不能停用自己，因为无法自行恢复；可由另一位管理员操作。",
  ],
  "person-disabled": [
    "The person is disabled: neither a password nor a link signs them in until an administrator enables them.",
    "该人员已停用：在管理员启用之前，密码与链接均不能登录。",
  ],
  "bad-cursor": ["The cursor was not given by this list.", "游标不是此列表给出的。"],
  "host-not-ours": [
    "The Host header names another server. This protects against pages that point a name of their own at this server.",
    "Host 头写的是另一台服务器。此检查防止恶意页面把自己的域名指向本服务器。",
  ],
  "origin-not-ours": [
    "A page of another origin tried to act with this browser's session.",
    "其他来源的页面试图使用此浏览器的会话。",
  ],
  "credential-revoked": [
    "The agent's credential was revoked, or its centre has left the network. Only a new enrolment token lets it in again.",
    "代理的凭据已被撤销，或其中心已退出算力网。需要新的接入令牌才能再次接入。",
  ],
  "centre-step": [
    "A centre cannot be drained, suspended, resumed or made to leave from the state it is in. The facts name what can be done.",
    "中心在当前状态下不能执行此操作（排空、暂停、恢复或退出）。facts 列出可执行的操作。",
  ],
  "enrolment-token-spent": [
    "A one-time enrolment token is unknown, spent or expired.",
    "一次性接入令牌不存在、已用或已过期。",
  ],
  overtaken: [
    "The change was prepared on a version that is in force no longer: somebody has set another since. The facts name who and when.",
    "该修改所基于的版本已不再生效：此后有人设定了新版本。facts 给出由谁、于何时设定。",
  ],
  "agent-version": [
    "A centre's agent is of a version that this server does not understand, or the other way round.",
    "中心代理与本服务器的版本互不兼容。",
  ],
  fenced: ["A newer session of this centre's agent has taken over.", "该中心代理的更新会话已接管。"],
  "log-unavailable": ["The log lies at a centre that cannot be reached right now.", "日志在暂时失联的中心。"],
  "no-log": ["The run never started, or what it wrote is no longer kept.", "运行从未开始，或其输出已不再保留。"],
  "store-refused": ["The database refused to keep this.", "数据库拒绝保存。"],
  "store-unavailable": [
    "The database is not answering. Nothing was acknowledged.",
    "数据库暂无应答，尚未确认任何内容。",
  ],
  "too-many-requests": ["Too many failures or requests in a short time.", "短时间内失败或请求过多。"],
  fault: [
    "A mistake of Weir's own. The request id finds it in the server's log.",
    "Weir 自身的错误。可凭请求编号在服务器日志中查到。",
  ],
};
