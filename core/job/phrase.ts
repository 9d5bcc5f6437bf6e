/**
 * What parsing and admission say about a job, beside refusing or taking it, as a kind and its facts: kept with a job and
 * carried by refusals as data, put into words only where it is shown. The one table of these words in both languages.
 */
export const phrases = {
  // What is wrong with a request before anything in it is read.
  "not-utf8": ["It holds bytes that are not UTF-8", "含有非 UTF-8 的字节"],
  "json-wrong-at": ["Line {line}, character {column}: {said}", "第 {line} 行第 {column} 个字符处有误（{said}）"],
  "json-cut-off": ["It ends before it is complete", "内容不完整"],
  "json-wrong": ["{said}", "不合 JSON 语法（{said}）"],
  "not-json-type": ["Its content type is {type}, not application/json", "其内容类型为 {type}，应为 application/json"],
  "unread-body": ["{said}", "无法读取（{said}）"],
  "idempotency-key": [
    "must be 1 to 200 visible ASCII characters, without spaces",
    "应为 1 至 200 个可见的 ASCII 字符，不含空格",
  ],
  "not-after": ["must not be later than {field}", "不应晚于 {field}"],
  "no-such-pool": ["there is no pool {pool} at {centre}; there is {known}", "{centre} 没有资源池 {pool}，现有 {known}"],
  // What is wrong with what is stated of a centre's capacity.
  "capacity-no-figure": [
    "{text} is no figure of capacity: write a number with its unit (G, T, P or E), as in 300 PFLOPS FP16 dense",
    "“{text}”不是算力数值：请写数值与单位（G、T、P 或 E），如 300 PFLOPS FP16 dense",
  ],
  "capacity-no-precision": [
    "{text} has no precision, without which a figure says nothing: name one of {known}, as in 300 PFLOPS FP16 dense",
    "“{text}”未写精度，数值便无意义：请写 {known} 之一，如 300 PFLOPS FP16 dense",
  ],
  "capacity-no-sparsity": [
    "{text} does not say dense or sparse, that word alone behind the precision: a sparse peak is up to twice the dense one",
    "“{text}”未写明稠密还是稀疏：请在精度之后只写 dense 或 sparse，稀疏峰值可达稠密的两倍",
  ],
  "capacity-too-much": [
    "{said} is more than 1 ZFLOPS on one line: check its unit and the number of devices",
    "{said} 超过每行上限 1 ZFLOPS：请核对单位与设备数量",
  ],
  "capacity-no-sparse-fp64": ["FP64 has no sparse peak: state it dense", "FP64 没有稀疏峰值：请按稠密填写"],
  "capacity-evidence": [
    "a measured figure needs its evidence: say which benchmark or report shows it, or state it as nominal",
    "实测值须有依据：请写明基准测试或报告，或改为标称",
  ],
  "capacity-not-measured": [
    "what is planned or being built cannot have been measured: state it as nominal, or as on trial once it runs",
    "规划或在建的算力不可能已实测：请改为标称；投入试运行后再填写实测值",
  ],
  "capacity-new-retired": [
    "a new line is not retired: state what is there or is to be, and retire it when it ends",
    "新登记的一行不能是退役：请登记现有或将有的算力，结束时再设为退役",
  ],
  "capacity-step": ["goes from {from} to {legal}, not to {to}", "{from}之后只能是{legal}，不能是{to}"],
  "capacity-step-final": [
    "is retired, which is final: state what takes its place on a new line",
    "已退役，不再改变：请以新的一行登记其替代者",
  ],
  "capacity-not-yet": [
    "{from} is still to come: state it as planned, building or trial until then",
    "{from} 尚未到来：此前请填写规划、在建或试运行",
  ],
  "capacity-one-place": [
    "a site lies in one place: line {at} of the list says {other} for {site}; say the same in both",
    "一个站点只在一处：列表第 {at} 行写 {site} 在 {other}，请填写一致",
  ],
  "capacity-twice": [
    "line {at} of the list states the same, or the whole of which this is a part, with the same precision, sparsity, basis and stage: it would be counted twice; state it in one place",
    "列表第 {at} 行已登记相同内容或其整体（精度、稠密或稀疏、标称或实测、阶段均相同），会重复计数：请只登记一处",
  ],
  "capacity-pool-serves": [
    "pool {pool} is in service, as its agent reports it, and would become {to} and take no more work: state first what of it is in service",
    "资源池 {pool} 由其代理上报，已在用；如此登记会使其变为{to}而不再接收作业：请先登记其中在用的部分",
  ],
  "capacity-pool-step": [
    "pool {pool} would go from {from} to {to}: take what is stated of it through the stages between",
    "资源池 {pool} 会由{from}变为{to}：请逐阶段更改其登记",
  ],
  "capacity-pool-retired": [
    "pool {pool} is retired, which is final: what takes its place is a pool of another name, which the centre's engine has to give it",
    "资源池 {pool} 已退役，不再改变：替代者须为中心引擎中另一名称的资源池",
  ],
  "capacity-no-line": [
    "there is no line {line}: leave the number out to state something new; there is {known}",
    "没有第 {line} 号登记：新登记请不写编号，现有 {known}",
  ],
  "capacity-line-twice": ["line {line} is there twice; keep one", "第 {line} 号登记出现两次；请只保留一处"],
  "a-month-or-day": ["a month or a day, as 2027-06 or 2027-06-30", "年月或日期，如 2027-06 或 2027-06-30"],
  either: ["{one} or {other}", "{one}或{other}"],
  "stage-planned": ["planned", "规划"],
  "stage-building": ["building", "在建"],
  "stage-trial": ["on trial", "试运行"],
  "stage-in-service": ["in service", "在用"],
  "stage-retired": ["retired", "退役"],
  "price-list": ["no such price list; there is {known}", "没有这一价目表，现有 {known}"],
  "must-be": ["must be {what}", "应为{what}"],
  "member-twice": [
    "is there twice, and nothing says which of the two counts; keep one",
    "出现了两次，无从判断以哪一个为准；请只保留一个",
  ],
  "too-deep": [
    "has lists and objects one in another more than {most} deep; nothing that is asked for here is",
    "列表与对象嵌套超过 {most} 层；此处的任何请求都不需要",
  ],
  "encoded-body": [
    "It is encoded as {encoding}, which is not taken; send it as it is, without Content-Encoding",
    "其编码为 {encoding}，不予接受；请原样发送，不带 Content-Encoding",
  ],
  "one-line": [
    "holds {found}; a name is one line, without characters that steer a terminal or turn its text around",
    "含有 {found}；名称须为一行，不得含控制终端或改变文字方向的字符",
  ],
  "no-proto": ["no field may be called __proto__", "字段不能名为 __proto__"],
  // Why a job may not be of a class of the policy.
  "class-not-for": [
    "jobs of project {project} may not be of class {class}; {instead}",
    "项目 {project} 的作业不能使用等级 {class}；{instead}",
  ],
  "class-too-long": [
    "a job of class {class} may ask for {limitS} s at most, and this asks for {askedS} s; ask for less, or {instead}",
    "等级 {class} 的作业时限至多 {limitS} 秒，而本作业申请 {askedS} 秒；请缩短，或{instead}",
  ],
  "class-too-wide": [
    "{whose} may hold {limit} cores at once in class {class}, and this asks for {asked}; ask for fewer, or {instead}",
    "{whose}在等级 {class} 中同时至多占用 {limit} 核，而本作业申请 {asked} 核；请减少，或{instead}",
  ],
  "class-instead": ["choose one of these: {known}", "改选以下之一：{known}"],
  "class-none-else": ["an administrator has to change the policy", "由管理员修改策略"],
  // What a value should have been.
  "class-names": ["a class of the policy in force: {known}", "现行策略中的等级：{known}"],
  "class-names-near": [
    "a class of the policy in force: {known}; is {nearest} meant?",
    "现行策略中的等级：{known}；是否指 {nearest}？",
  ],
  "a-size": ["a size such as 4G, 4096M or 4096 (MiB)", "大小，如 4G、4096M 或 4096（MiB）"],
  "a-size-from-1": [
    "a size from 1M; for all the memory of a node, ask for the whole node with --exclusive",
    "不小于 1M 的大小；需要节点全部内存时，请用 --exclusive 申请整个节点",
  ],
  "tasks-from-1": ["a number of tasks from 1", "不小于 1 的任务数"],
  "cores-from-1": ["a number of cores from 1", "不小于 1 的核数"],
  "nodes-from-1": ["a number of nodes from 1, or a range such as 2-4", "不小于 1 的节点数，或范围，如 2-4"],
  "a-time": [
    "minutes, minutes:seconds, hours:minutes:seconds, days-hours or days-hours:minutes:seconds, above 0",
    "大于 0 的时长，写作 分、分:秒、时:分:秒、日-时 或 日-时:分:秒",
  ],
  "a-moment": [
    "a moment by the clock of {zone}: HH:MM[:SS] [AM|PM], MMDD[YY], MM/DD[/YY][-HH:MM[:SS]], YYYY-MM-DD[THH:MM[:SS]] or now+COUNT[seconds|minutes|hours|days|weeks]",
    "{zone} 时区的时刻：HH:MM[:SS] [AM|PM]、MMDD[YY]、MM/DD[/YY][-HH:MM[:SS]]、YYYY-MM-DD[THH:MM[:SS]] 或 now+数量[seconds|minutes|hours|days|weeks]",
  ],
  "data-place": [
    "CENTRE, or CENTRE=WHEN where its data are to come: now, so long from now (90s, 30m, 2h, 1d) or a moment by the clock of {zone} as YYYY-MM-DDTHH:MM",
    "中心，数据尚未到达时写 中心=时间：now、从现在起的时长（90s、30m、2h、1d）或 {zone} 时区的时刻，如 YYYY-MM-DDTHH:MM",
  ],
  "data-elsewhere": [
    "never, now, so long from now (90s, 30m, 2h, 1d) or a moment by the clock of {zone} as YYYY-MM-DDTHH:MM",
    "never（不会到达）、now、从现在起的时长（90s、30m、2h、1d）或 {zone} 时区的时刻，如 YYYY-MM-DDTHH:MM",
  ],
  "data-nowhere": [
    "names no centre where its data are, and none would have them: name one (--data-at CENTRE), or say when they are elsewhere (--data-elsewhere)",
    "未写明数据在哪个中心，于是没有中心会有其数据：请写明一个（--data-at 中心），或说明何时到达别处（--data-elsewhere）",
  ],
  "data-centre-twice": [
    "names centre {centre} a second time: say once from when on its data are there",
    "中心 {centre} 出现两次：请只写一次其数据何时就绪",
  ],
  "data-one-when": [
    "says both fromMs and afterS: say one of them, or neither where they are there already",
    "同时写了 fromMs 与 afterS：请只写其一；已在该处则都不写",
  ],
  "data-moment-past": [
    "{said} is over (it is {now} now): name a moment to come, or say that they are there already (now, or no moment)",
    "{said} 已过（现在是 {now}）：请写将来的时刻；数据已在该处则写 now 或不写时间",
  ],
  "data-after-deadline": [
    "its data are ready at {ready} at the earliest, and to end by its deadline {deadline} it has to start by {latest}: name a later deadline, a shorter time limit, or an earlier moment",
    "其数据最早 {ready} 就绪，而为在截止时刻 {deadline} 前结束须在 {latest} 前启动：请推迟截止时刻、缩短时限，或写更早的就绪时间",
  ],
  "data-there": ["its data are at {centre}", "其数据已在 {centre}"],
  "data-there-from": [
    "its data are at {centre} from {ready}; it does not start there before",
    "其数据自 {ready} 起在 {centre} 就绪，此前不在该处启动",
  ],
  "data-not-elsewhere": [
    "its data are at no other centre, so it goes to none (--data-elsewhere says when they are)",
    "其数据不在其他中心，因此不会派往别处（可用 --data-elsewhere 说明何时到达）",
  ],
  "data-elsewhere-already": ["at all other centres its data are already", "其数据已在其余各中心"],
  "data-elsewhere-from": [
    "at all other centres its data are from {ready}; it does not start there before",
    "其数据自 {ready} 起在其余各中心就绪，此前不在该处启动",
  ],
  "moment-to-come": [
    "a moment to come (it is {now} now), from {earliest}, which is the time limit from now",
    "将来的时刻（现在是 {now}），不早于 {earliest}，即从现在起一个时限之后",
  ],
  "moment-to-end-by": [
    "{earliest} or later, which is the time limit from now; or ask for a shorter time limit",
    "不早于 {earliest}，即从现在起一个时限之后；或申请更短的时限",
  ],
  "simulation-word": [
    "{said} after #WEIR-SIM or in WEIR_SIM is not understood: give run=3s (or run=1s..5s), exit=0…255 (or exit=index), signal=1…64 or memory=MiB",
    "无法理解 #WEIR-SIM 之后或 WEIR_SIM 中的 {said}：可写 run=3s（或 run=1s..5s）、exit=0…255（或 exit=index）、signal=1…64、memory=MiB",
  ],
  "export-list": ["ALL, NONE, NAME or NAME=value, with commas between", "ALL、NONE、NAME 或 NAME=值，以逗号分隔"],
  "dependency-list": [
    "singleton, or afterok, afterany, afternotok or aftercorr with job ids, as in afterok:12:13,afterany:14_3",
    "singleton，或 afterok、afterany、afternotok、aftercorr 加作业编号，如 afterok:12:13,afterany:14_3",
  ],
  "centre-ids": ["ids of centres as in weir centres, with commas", "weir centres 所列的中心标识，以逗号分隔"],
  "gres-word": [
    "NAME[:MODEL][:COUNT], as in gpu:2 or npu:ascend910b:8",
    "名称[:型号][:数量]，如 gpu:2 或 npu:ascend910b:8",
  ],
  "gpus-word": ["a number, or MODEL:number as in a100:2", "数量，或 型号:数量，如 a100:2"],
  "a-signal": ["a signal and how long before the end, as in TERM@120", "信号与提前的秒数，如 TERM@120"],
  "signal-within-an-hour": ["at most 3600 seconds before the end", "结束前至多 3600 秒"],
  "signal-before-limit": ["less than the time limit of {limitS} s", "小于时限 {limitS} 秒"],
  "licence-list": ["names with counts, as in matlab:2,ansys@server:1", "名称与数量，如 matlab:2,ansys@server:1"],
  "site-words": ["words as centres have them in their tables, without blanks", "各中心对照表中的词，不含空白"],
  "node-list": ["at most 1000 nodes, as in n1,c[001-004]", "至多 1000 个节点，如 n1,c[001-004]"],
  "as-many-nodes-as-listed": [
    "at least as many nodes as --nodelist names ({count})",
    "节点数不少于 --nodelist 所列（{count}）",
  ],
  "region-no-country": [
    "takes one region by its code of ISO 3166-2, as cn-sd, and {country} is a whole country",
    "应为单个区域的代码（ISO 3166-2），如 cn-sd；{country} 是整个国家",
  ],
  "region-code": [
    "a region by its code of ISO 3166-2, as cn-sd, or of GB/T 2260, as 370200",
    "区域代码（ISO 3166-2，如 cn-sd，或 GB/T 2260，如 370200）",
  ],
  "region-code-near": [
    "a region by its code of ISO 3166-2, as cn-sd, or of GB/T 2260, as 370200; is {nearest} meant?",
    "区域代码（ISO 3166-2，如 cn-sd，或 GB/T 2260，如 370200）；是否指 {nearest}？",
  ],
  "region-codes": [
    "regions by their codes of ISO 3166-2, as cn-gz,cn-sd, or a whole country by its code of ISO 3166-1, as cn",
    "区域代码（ISO 3166-2），如 cn-gz,cn-sd；或整个国家的代码（ISO 3166-1），如 cn",
  ],
  "region-codes-near": [
    "regions by their codes of ISO 3166-2, as cn-gz,cn-sd, or a whole country by its code of ISO 3166-1, as cn; is {nearest} meant?",
    "区域代码（ISO 3166-2），如 cn-gz,cn-sd；或整个国家的代码（ISO 3166-1），如 cn；是否指 {nearest}？",
  ],
  "module-name": ["a module's name/version, such as gromacs/2024.1", "模块的 名称/版本，如 gromacs/2024.1"],
  "no-value": ["no value at all", "不带值"],
  "a-value": ["a value", "须有值"],
  "only-one-of": ["only one of {one} and {other}", "{one} 与 {other} 只用其一"],
  "closing-quote": ["a closing quote for every quote that opens", "每个引号都须闭合"],
  "variable-value": [
    "a value: --export={name}=VALUE, or {name} among the request's environment",
    "须有值：--export={name}=值，或在请求的 environment 中给出 {name}",
  ],
  "a-folder": [
    "an absolute path, or nothing for the job's own folder, where its input files are",
    "绝对路径；不写即为作业自己的目录，输入文件在其中",
  ],
  "multiple-of-each-task": ["a multiple of the {count} for each task", "每个任务 {count} 张的整数倍"],
  "accelerators-beside": ["accelerators to go with it", "须同时申请加速卡"],
  "as-many-tasks-as-nodes": ["at least as many tasks as nodes ({nodes})", "任务数不少于节点数（{nodes}）"],
  "tasks-that-fit": [
    "at most {nodes} nodes × {perNode} tasks per node",
    "至多 {nodes} 个节点 × 每节点 {perNode} 个任务",
  ],
  "one-model": ["one model for the whole job", "整个作业只用一种型号"],
  "shared-evenly": ["a number that {nodes} nodes share evenly", "能由 {nodes} 个节点均分的数量"],
  "one-number-for-each-node": [
    "ways of asking that come to one number for each node",
    "几种写法须得出相同的每节点数量",
  ],
  "a-share-of-one": ["a share of one accelerator on each node", "只能是每节点一张加速卡的份额"],
  "not-with-whole-nodes": ["no whole nodes beside it", "不与整节点同时申请"],
  "switches-from-1": ["a number of switches from 1, as in 1 or 2@30:00", "交换机数，从 1 起，如 1 或 2@30:00"],
  "no-cores-per-task-beside": ["not --cpus-per-task beside it", "不与 --cpus-per-task 同用"],

  // What is wrong with a field.
  "script-or-command": ["give either a script or a command", "脚本与命令只给其一"],
  "arguments-of-a-script": [
    "these belong to a script; those of a command follow its first word",
    "此项属于脚本；命令的参数写在其首词之后",
  ],
  "program-unnamed": ["the first word names the program and cannot be empty", "首词为程序名，不能为空"],
  "one-memory": ["give either memoryMibPerNode or memoryMibPerCore", "memoryMibPerNode 与 memoryMibPerCore 只给其一"],
  "wrap-is-the-script": ["--wrap stands for the script", "--wrap 即为脚本，不能再给脚本或命令"],
  "nothing-to-run": ["give a script or a command: there is nothing to run", "请给出脚本或命令：没有可运行的内容"],
  empty: ["cannot be empty", "不能为空"],
  "leaves-run-folder": [
    '"{path}" leads out of the run\'s own folder, which a relative name without --chdir lies in: write an absolute path, or say --chdir',
    "“{path}”会离开该次运行自己的目录（未指定 --chdir 时，相对名称位于其中）：请写绝对路径，或指定 --chdir",
  ],
  "file-twice": ['"{path}" is there twice', "“{path}”出现了两次"],
  "file-and-folder": ['"{path}" is both a file and a folder', "“{path}”既是文件又是目录"],
  "key-twice": ['the key "{key}" is that of job {position} already', "键“{key}”已用于第 {position} 个作业"],
  "tenants-differ": [
    "all jobs of one call must belong to projects of one tenant",
    "一次请求中的作业须属于同一租户的项目",
  ],
  "not-an-array": [
    "this is not a list of indices, with at most one %LIMIT at its end",
    "这不是下标列表，其末尾至多一个 %上限",
  ],
  "throttle-of-0": ["%0 would let no task run", "%0 会使任何任务都不能运行"],
  "index-too-long": ['an index has at most 9 digits, "{word}" has more', "下标至多 9 位数字，“{word}”超出"],
  "not-an-index": ['"{word}" is neither an index nor a range', "“{word}”既不是下标也不是范围"],
  "step-of-0": ["{word} has step 0", "{word} 的步长为 0"],
  "range-backwards": ["{word} ends before it begins", "{word} 的终点在起点之前"],

  // Options left out without harm, and why.
  "shares-the-node": [
    "the job has its cores and memory to itself, and shares the rest of the node",
    "作业独占其核心与内存，节点的其余部分与他人共用",
  ],
  "cores-not-shared": ["cores are never shared between jobs", "核心从不在作业之间共用"],
  "no-mail": [
    "Weir sends no mail; weir submit --wait waits for the end",
    "Weir 不发邮件；weir submit --wait 会等到结束",
  ],
  "log-of-each-attempt": [
    "each attempt begins its own log, a file named by --output is appended to",
    "每次运行各有日志，--output 指定的文件则追加写入",
  ],
  "order-is-the-networks": [
    "order within the queue is the network's; see --priority-class",
    "排队次序由算力网决定；见 --priority-class",
  ],
  "limit-stays": ["the time limit stays as asked and is never shortened", "时限保持所申请的值，从不缩短"],
  "environment-of-the-centre": [
    "the environment is that of the local user at the centre, with the job's own",
    "环境取自中心的本地用户，再加作业自己的变量",
  ],
  "never-met-is-cancelled": [
    "a job whose dependency can never be met always ends cancelled",
    "依赖永远无法满足的作业总是以取消结束",
  ],
  "threads-are-the-centres": [
    "Weir counts cores and leaves hardware threads to the centre",
    "Weir 以核心计数，硬件线程由中心决定",
  ],
  "own-cores": ["Weir gives each task its own cores", "Weir 为每个任务分配独立核心"],
  "frequency-is-the-centres": ["the frequency of the cores is the centre's", "核心频率由中心决定"],
  "core-binding-is-the-centres": ["binding to cores is left to the centre", "核心绑定由中心决定"],
  "memory-binding-is-the-centres": ["binding to memory is left to the centre", "内存绑定由中心决定"],
  "card-binding-is-the-centres": ["binding to accelerators is left to the centre", "加速卡绑定由中心决定"],
  "card-frequency-is-the-centres": ["the frequency of the accelerators is the centre's", "加速卡频率由中心决定"],
  "binding-is-the-centres": ["binding is left to the centre", "绑定由中心决定"],
  "measured-anyway": ["Weir measures every run in its own way", "Weir 以自己的方式计量每次运行"],
  "no-profile": [
    "Weir keeps no profile beyond CPU time and peak memory",
    "除 CPU 时间与内存峰值外，Weir 不保存性能剖析",
  ],
  "limits-are-the-centres": [
    "limits are the centre's, not those of the submitting shell",
    "限制由中心决定，不取自提交时的 shell",
  ],
  "booked-to-the-project": ["usage is booked to the project", "用量记入项目"],
  "text-not-kept": ["the text is not kept", "该文字不保存"],
  "lost-node-ends": ["a run that loses a node ends", "失去节点的运行即告结束"],
  "all-nodes-ready": ["a run starts when all its nodes are ready", "所有节点就绪后运行才开始"],
  "no-powering": ["Weir powers no nodes up or down", "Weir 不开关节点"],
  "power-is-the-centres": ["power management is the centre's", "电源管理由中心决定"],
  "only-a-wish": [
    "this was only a wish; --constraint asks for features of nodes",
    "此项只是偏好；要求节点特性请用 --constraint",
  ],
  "other-systems-not-obeyed": ["lines of other systems are never obeyed", "其他系统的指令行从不采用"],
  "only-rings": ["it only rings", "它只会响铃"],

  // Options that only the command line honours.
  "client-waits": [
    "weir submit waits; other ways of submitting answer at once",
    "weir submit 会等待；其他提交方式立即应答",
  ],
  "client-prints-id": ["weir submit prints the id alone", "weir submit 只打印编号"],
  "client-prints-less": ["weir submit prints less", "weir submit 打印得更少"],
  "client-always-warns": ["weir submit prints the warnings in any case", "weir submit 总会打印提示"],

  // Options that cannot be honoured, and why.
  "no-hold": ["a job cannot be held back; submit it when it may start", "作业不能挂起等待；请在可以开始时再提交"],
  "use-dry-run": [
    "weir submit takes it on its command line, the same as --dry-run; a script or a request asks for the job itself",
    "weir submit 的命令行接受此项，与 --dry-run 相同；脚本或请求则是申请作业本身",
  ],
  "no-overcommit": ["every task has its own cores; ask for fewer tasks", "每个任务独占核心；请减少任务数"],
  "no-boot": ["Weir boots no nodes", "Weir 不重启节点"],
  "runs-as-submitter": ["work runs as the person who submits it", "作业以提交者身份运行"],
  "ids-are-weirs": ["Weir gives the ids", "作业编号由 Weir 分配"],
  "file-on-your-side": [
    "the file is on your side; name the variables with --export=NAME=value",
    "该文件在您本地；请用 --export=NAME=值 写明变量",
  ],
  "no-temporary-space": [
    "centres do not report the space of their temporary folders yet; check it in the script",
    "中心尚未上报临时目录空间；请在脚本中自行检查",
  ],
  "write-per-task": ["write it as --cpus-per-task and --gpus-per-task", "请改写为 --cpus-per-task 与 --gpus-per-task"],
  "write-cores-per-task": ["write it as --cpus-per-task", "请改写为 --cpus-per-task"],
  "system-cores-are-the-centres": ["cores for the system are the centre's", "系统预留核心由中心决定"],
  "no-sockets": [
    "centres do not report sockets yet; say --ntasks and --cpus-per-task",
    "中心尚未上报插槽；请用 --ntasks 与 --cpus-per-task",
  ],
  "no-links": ["links inside a centre are not described yet", "中心内部网络尚未登记"],
  "no-ports": ["ports are not reserved", "不提供端口预留"],
  "no-labels": ["security labels are not described yet", "安全标签尚未登记"],
  "no-layout": ["the layout of nodes is not described yet", "节点布局尚未登记"],
  "one-node-only": [
    "the layout of nodes is not described yet; leave it out, or ask for one node",
    "节点布局尚未登记；请删去，或只申请一个节点",
  ],
  "weir-line-late": [
    "lines beginning with #WEIR stand before the first command of the script, as #SBATCH lines do",
    "以 #WEIR 开头的行须在脚本首条命令之前，与 #SBATCH 相同",
  ],
  "see-help": ["see weir submit --help", "见 weir submit --help"],
  "no-input": [
    "work reads nothing from outside; redirect in the script: COMMAND < FILE",
    "作业没有标准输入；请在脚本中重定向：命令 < 文件",
  ],
  "no-begin": ["a job cannot be given a time to begin; submit it then", "不能指定开始时间；请届时再提交"],
  "no-any-of": [
    "dependencies joined by ? (any one of them is enough) are not offered; join by , what must all hold",
    "不提供用 ? 连接（满足其一）的依赖；请用 , 连接须全部满足的依赖",
  ],
  "no-such-dependency": [
    "{kind} is not offered; use afterok, afterany, afternotok, aftercorr or singleton",
    "不提供 {kind}；可用 afterok、afterany、afternotok、aftercorr、singleton",
  ],
  "one-kind-of-card": [
    "a job has one kind of accelerator; submit one job for each",
    "一个作业只能申请一种加速卡；请分开提交",
  ],
  "signal-to-program": [
    "before the end Weir sends TERM to the whole job, or HUP, INT, QUIT, USR1 or USR2 to the script alone; write --signal=B:USR1@SECONDS, or TERM@SECONDS, and trap it",
    "结束前 Weir 向整个作业发送 TERM，或仅向脚本发送 HUP、INT、QUIT、USR1、USR2；请写 --signal=B:USR1@秒数 或 TERM@秒数，并捕获该信号",
  ],
  "one-shape": [
    "a job has one shape; submit the parts as jobs of their own",
    "一个作业只有一种规格；请将各部分作为单独作业提交",
  ],

  // What is said beside accepting a job.
  "left-out": ["{option} is left out: {because}", "未采用 {option}：{because}"],
  "taken-so": ["{option}: {how}", "{option}：{how}"],
  // Said no more, and kept with the jobs to which it was.
  "requeue-is-a-new-attempt": [
    "where its nodes fail or it is preempted it runs again, at any centre, as a further attempt with usage of its own; for attempts after a failure of its own say --retries N",
    "节点故障或被抢占后会在任一中心再次运行，用量分别计量；自身失败后需再试请用 --retries N",
  ],
  "fewest-nodes": ["of {min} to {max} nodes, the job takes {min}", "在 {min} 至 {max} 个节点中，作业取 {min} 个"],
  "shell-not-sent": [
    "the environment of the submitting shell is not sent; name what is needed: --export=NAME=value",
    "提交时 shell 的环境不会发送；请写明所需：--export=NAME=值",
  ],
  "term-reaches-all": [
    "SIGTERM reaches the whole job {beforeS} s before the end of its time limit, which is shown as a limit shorter by that and a grace as long",
    "时限结束前 {beforeS} 秒，SIGTERM 会送达整个作业；显示为时限缩短 {beforeS} 秒、宽限同样长",
  ],
  "late-directive": [
    "line {line}: #SBATCH after the first command is not read, as in sbatch",
    "第 {line} 行：首条命令之后的 #SBATCH 不读取，与 sbatch 相同",
  ],
  "late-directives": [
    "{count} more #SBATCH lines after the first command are not read",
    "首条命令之后另有 {count} 行 #SBATCH 未读取",
  ],
  "comment-directive": [
    "line {line}: {text} is a comment; a directive begins exactly with #SBATCH",
    "第 {line} 行：{text} 是注释；指令须恰以 #SBATCH 开头",
  ],
  "foreign-directive": [
    "line {line}: lines beginning with {mark} belong to another system and are not read",
    "第 {line} 行：以 {mark} 开头的行属于其他系统，不读取",
  ],
  "more-warnings": ["and {count} more of such warnings", "另有 {count} 条此类提示"],
  "path-pins": [
    "{field} {path} is an absolute path: the job can only run at a centre that has it",
    "{field} {path} 是绝对路径：作业只能在有此路径的中心运行",
  ],
  "path-pins-own": [
    "{field} {path}: where the centre separates users each run has {own} to itself, empty at its start and removed at its end",
    "{field} {path}：在隔离用户的中心，每次运行各有自己的 {own}，开始时为空，结束时删除",
  ],

  "groups-however-long": [
    "the nodes will be that close together however long it takes; more switches after a time are not offered",
    "无论等待多久，节点都会如此相邻；不提供超时后放宽",
  ],
  "ends-by": [
    "it must end by {deadline}: where a run of its whole time limit cannot start by {latest}, the job is cancelled",
    "须在 {deadline} 之前结束：若到 {latest} 仍不能以完整时限启动，作业即被取消",
  ],
  "written-to": [
    "{stream} is written to {path}; weir logs {log} prints it too",
    "{stream}写入 {path}；weir logs {log} 也可查看",
  ],
  "written-to-own-folder": [
    "{stream} is written to {path} in the run's own folder at the centre that it goes to (weir show {job} says the whole path); weir logs {log} prints it too",
    "{stream}写入所派往中心的运行目录中的 {path}（完整路径见 weir show {job}）；weir logs {log} 也可查看",
  ],
  "deadline-likely": [
    "as things stand it would start at {start}, in time for its deadline",
    "按目前情况将于 {start} 启动，可在截止时刻前结束",
  ],
  "deadline-learnt": [
    "nine in ten such jobs start by {start}, in time for its deadline",
    "同类作业九成在 {start} 前启动，可在截止时刻前结束",
  ],
  "deadline-by": [
    "as things stand it would start by {start} at the latest, in time for its deadline",
    "按目前情况最迟于 {start} 启动，可在截止时刻前结束",
  ],
  "deadline-about": [
    "as things stand it would start about {start}, in time for its deadline, unless others go ahead of it",
    "按目前情况约于 {start} 启动；若无其他作业排到前面，可在截止时刻前结束",
  ],
  "deadline-at-risk": [
    "it may miss its deadline: as things stand it could start as late as {latest}, and has to start by {last}; a smaller or shorter request may start sooner (weir why --what-if, once it is submitted)",
    "可能赶不上截止时刻：按目前情况最晚可能 {latest} 才启动，而须在 {last} 前启动；减少申请或缩短时限或可更早启动（提交后可用 weir why --what-if 查看）",
  ],
  "deadline-unlikely": [
    "it is likely to miss its deadline: as things stand it would start about {start}, and has to start by {last}; a smaller or shorter request may start sooner (weir why --what-if, once it is submitted)",
    "很可能赶不上截止时刻：按目前情况约 {start} 启动，而须在 {last} 前启动；减少申请或缩短时限或可更早启动（提交后可用 weir why --what-if 查看）",
  ],
  "deadline-after-others": [
    "whether it can meet its deadline depends on when the jobs that it waits for end",
    "能否赶上截止时刻，取决于所等待的作业何时结束",
  ],
  "deadline-unknown": [
    "as things stand nobody can tell when it would start, so neither whether it can meet its deadline",
    "目前无法预计何时启动，因此也无法判断能否赶上截止时刻",
  ],
  "beyond-core-bound": [
    "as things stand it can never start: {whose} may hold {limit} cores at once over the whole network, and {asked} are asked for {for}; ask for fewer, or an administrator has to allow more ({command} --most-cores)",
    "按目前上限永远无法启动：{whose}在全网同时至多占用 {limit} 核，而{for}申请 {asked} 核；请减少申请，或由管理员提高上限（{command} --most-cores）",
  ],
  "grant-never-covers": [
    "as things stand it can never start: {asked} would be held {for} (by its time limit and grace), and {whose} was granted {granted}, of which {most} can come free at most (the rest is used); {remedy} ({command})",
    "按目前额度永远无法启动：{for}按时限与宽限须冻结 {asked}，而{whose}获批 {granted}，其中至多可腾出 {most}（其余已用）；{remedy}（{command}）",
  ],
  "grant-used": [
    "it will wait: {asked} would be held {for} (by its time limit and grace), and {whose} was granted {granted}, of which {left} is left now, the rest being used or held; it starts once enough has come back, or an administrator grants more ({command})",
    "将会等待：{for}按时限与宽限须冻结 {asked}，而{whose}获批 {granted}，现余 {left}，其余已用或冻结；待退回足够额度，或由管理员增加额度（{command}）后启动",
  ],
  "grant-not-for-all": [
    "not all of its {tasks} tasks can run at once: {total} would be held for them together, and {whose} was granted {granted}, of which {left} is left now, the rest being used or held; the others wait until enough has come back",
    "其 {tasks} 个任务不能全部同时运行：合计须冻结 {total}，而{whose}获批 {granted}，现余 {left}，其余已用或冻结；其余任务须等待足够额度退回",
  ],
  "no-excluded-nodes": [
    "a job cannot be kept away from single nodes; to keep it away from a centre, --not-centre NAME",
    "不能让作业避开个别节点；要避开某个中心，请用 --not-centre 名称",
  ],
  "nodes-pin": [
    "--nodelist {nodes}: the job can only run at the centre that has these nodes",
    "--nodelist {nodes}：作业只能在拥有这些节点的中心运行",
  ],
  "pinned-to": [
    "by what it asks for beside its shape, the job can only run at: {centres}",
    "按规格之外的要求，作业只能在以下中心运行：{centres}",
  ],
  "never-met": [
    "{dependency} can no longer be met, by how that job ended: this job will end cancelled without a start",
    "{dependency} 因该作业已如此结束而不可能满足：本作业将不开始即被取消",
  ],
  "partly-never-met": [
    "{dependency}: tasks whose counterpart has ended otherwise will end cancelled without a start",
    "{dependency}：对应任务未成功结束的各任务将不开始即被取消",
  ],
  "nothing-executed": [
    "simulated: nothing is executed if it goes to {centres}",
    "模拟：若派往 {centres}，则不真正执行任何内容",
  ],
  "residency-there": ["centres in service that lie there: {centres}", "位于其中的在役中心：{centres}"],
  "residency-nowhere": [
    "no centre in service lies in {regions}: nothing would run until one does",
    "没有在役中心位于 {regions}：在有之前，其作业都无法运行",
  ],
  "domestic-cores": ["work without accelerators can run at: {centres}", "不用加速卡的作业可在以下中心运行：{centres}"],
  "domestic-cores-nowhere": [
    "no pool in service is marked domestic in its terms: work without accelerators would run nowhere",
    "没有在役资源池在条款中标为国产：不用加速卡的作业无处可运行",
  ],
  "domestic-cards": ["work on accelerators can run at: {centres}", "使用加速卡的作业可在以下中心运行：{centres}"],
  "domestic-cards-nowhere": [
    "no centre in service has domestic accelerators: work on accelerators would run nowhere",
    "没有在役中心具备国产加速卡：使用加速卡的作业无处可运行",
  ],
  "residency-empty": ["no centre in service lies in {regions}", "没有在役中心位于 {regions}"],
  "residency-unsaid": [
    "left out, since nobody says where they lie: {centres} (weir centre terms)",
    "未说明所在区域、因而排除在外的中心：{centres}（weir centre terms）",
  ],

  // A part of others.
  "standard-output": ["standard output", "标准输出"],
  "standard-error": ["standard error", "标准错误"],
  "errors-of": ["--stderr {job}", "--stderr {job}"],
  "any-task-of": ["{job}_INDEX", "{job}_下标"],
  "both-streams": ["what it prints, errors too,", "标准输出与标准错误"],
  "its-tenant": ["its tenant", "其租户"],
  "its-project": ["its project", "其项目"],
  "its-submitter": ["its submitter", "其提交者"],
  "for-this-job": ["for it", "本作业"],
  "for-each-task": ["for each task", "每个任务"],
  "less-or-more-granted": ["ask for less, or have an administrator grant more", "请减少申请，或由管理员增加额度"],
  "more-granted": ["an administrator has to grant more", "须由管理员增加额度"],
  "core-hours": ["{hours} core-hours", "{hours} 核时"],
  "one-core-hour": ["1 core-hour", "1 核时"],
  "card-hours": ["{hours} card-hours", "{hours} 卡时"],
  "one-card-hour": ["1 card-hour", "1 卡时"],
  "option-at-line": ["{option} (line {line})", "{option}（第 {line} 行）"],
  "memory-of-the-centre": ["the centre's memory per core × cores", "中心的每核内存 × 核数"],
  "memory-given": ["{memory} per node, the centre's per core × cores", "每节点 {memory}，即中心的每核内存 × 核数"],
  "memory-given-between": [
    "{least} to {most} per node, by the centre's per core × cores",
    "每节点 {least} 至 {most}，依中心的每核内存 × 核数而定",
  ],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

export type PhraseKind = keyof typeof phrases;
export type Phrase = {
  readonly kind: PhraseKind;
  readonly facts: { readonly [name: string]: string | number | Phrase };
};

export function phrase(kind: PhraseKind, facts: Phrase["facts"] = {}): Phrase {
  return { kind, facts };
}

/** Text that needs no translation stays as it is. */
export function phraseWords(said: Phrase | string, language: "en" | "zh"): string {
  if (typeof said === "string") return said;
  // One kept by a later Weir shows as its name.
  if (!Object.hasOwn(phrases, said.kind)) return said.kind;
  const template = phrases[said.kind][language === "zh" ? 1 : 0];
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const fact = said.facts[name] ?? "?";
    if (typeof fact === "object") return phraseWords(fact, language);
    return language === "zh" && listFacts.has(name) ? `${fact}`.replaceAll(", ", "、") : `${fact}`;
  });
}

/** Several names as one fact, with ", " between. */
const listFacts: ReadonlySet<string> = new Set(["centres", "regions", "known"]);

/** The line of the script that is spoken of. */
export function phraseLine({ facts }: Phrase): number | null {
  if (typeof facts.line === "number") return facts.line;
  for (const fact of Object.values(facts)) {
    const line = typeof fact === "object" ? phraseLine(fact) : null;
    if (line !== null) return line;
  }
  return null;
}

/** An option as the user wrote it, and the line of the script where it stands; null: not in a script. */
export type OptionPlace = { readonly option: string; readonly line: number | null };

export function optionAt({ option, line }: OptionPlace): Phrase | string {
  return line === null ? option : phrase("option-at-line", { option, line });
}
