import type { CentreId } from "#core/ids.ts";
import { cardKeyWords } from "#core/job/card-words.ts";
import type { Language } from "#core/language.ts";
import { durationWords, exactMibText } from "#core/measures.ts";
import { binders, notStated, placeRules, poolRules, visitRules } from "#core/scheduling/bound-rules.ts";
import type { Score } from "#core/scheduling/placing/score-terms.ts";

/**
 * Why a task does not start at a centre: the rule, whether waiting helps, and its words, each said once and here. Facts
 * stay data (they are kept with a run and travel in the API); `reasonWords` puts them into a sentence when it is shown.
 */
export const rules = {
  // Of the job itself, before any centre is asked.
  "dependency-waits": {
    holds: "later",
    en: "waits for {open|job|jobs} {awaited}",
    zh: "等待作业 {awaited}",
  },
  "dependency-never-satisfied": {
    holds: "never",
    en: "{dependency} on job {on} can no longer be met",
    zh: "依赖永远无法满足：对作业 {on} 的 {dependency} 已不可能成立",
  },
  "singleton-waits": {
    holds: "later",
    en: "singleton: waits for job {on}, an earlier job of the same name, person and project",
    zh: "singleton：等待同一项目、同一人员的较早同名作业 {on}",
  },
  "array-throttle": {
    holds: "later",
    en: "the array allows {limit} tasks at once, and {live} {live|is|are} placed, running or before this one",
    zh: "该数组同时最多 {limit} 个任务，已有 {live} 个已派发、运行中或排在其前",
  },
  "waits-for-data": {
    holds: "later",
    en: "waits for its data, of the centres that could run it at {centre} first, from {ready}, by its own word",
    zh: "等待其数据：按作业的声明，能运行它的中心中最早为 {centre}，自 {ready} 起就绪",
  },
  "deadline-cannot-be-met": {
    holds: "never",
    en: "can no longer end by its deadline {deadline} within its time limit of {limitS} s",
    zh: "按时限 {limitS} 秒，已无法在截止时刻 {deadline} 前结束",
  },
  "tenant-holds-its-cores": {
    holds: "later",
    en: "its tenant may hold {limit} cores at once over the whole network, and holds {held}; this asks for {asked}",
    zh: "其租户在全网同时至多占用 {limit} 核，已占用 {held} 核；本作业申请 {asked} 核",
  },
  "project-holds-its-cores": {
    holds: "later",
    en: "its project may hold {limit} cores at once over the whole network, and holds {held}; this asks for {asked}",
    zh: "其项目在全网同时至多占用 {limit} 核，已占用 {held} 核；本作业申请 {asked} 核",
  },
  "tenant-cores-too-few": {
    holds: "never",
    en: "as things stand it can never start: its tenant may hold {limit} cores at once over the whole network, and this asks for {asked}; ask for fewer, or an administrator has to allow more (weir admin tenant set --most-cores)",
    zh: "按目前上限永远无法启动：其租户在全网同时至多占用 {limit} 核，而本作业申请 {asked} 核；请减少申请，或由管理员提高上限（weir admin tenant set --most-cores）",
  },
  "project-cores-too-few": {
    holds: "never",
    en: "as things stand it can never start: its project may hold {limit} cores at once over the whole network, and this asks for {asked}; ask for fewer, or an administrator has to allow more (weir admin project set --most-cores)",
    zh: "按目前上限永远无法启动：其项目在全网同时至多占用 {limit} 核，而本作业申请 {asked} 核；请减少申请，或由管理员提高上限（weir admin project set --most-cores）",
  },
  "class-holds-its-cores": {
    holds: "later",
    en: "{by} may hold {limit} cores at once in priority class {class}, and holds {held}; this asks for {asked}",
    zh: "{by}在优先级 {class} 中同时至多占用 {limit} 核，已占用 {held} 核；本作业申请 {asked} 核",
  },
  "class-cores-too-few": {
    holds: "never",
    en: "by the policy in force it can never start: {by} may hold {limit} cores at once in priority class {class}, and this asks for {asked}; ask for fewer, or submit it in another class",
    zh: "按现行策略永远无法启动：{by}在优先级 {class} 中同时至多占用 {limit} 核，而本作业申请 {asked} 核；请减少申请，或改用其他优先级提交",
  },
  "tenant-grant-too-small": {
    holds: "never",
    en: "as things stand it can never start: its tenant was granted {granted} {unit} and can have {most} at most, and for this {asked} would be held (by its time limit and grace); {less}an administrator has to grant more (weir admin tenant set)",
    zh: "按目前额度永远无法启动：其租户获批 {granted} {unit}，至多可用 {most}，而本作业按时限与宽限须冻结 {asked}；{less}须由管理员增加额度（weir admin tenant set）",
  },
  "tenant-grant-used": {
    holds: "later",
    en: "its tenant was granted {granted} {unit} and has {left} left, and for this {asked} would be held (by its time limit and grace); it waits until holds come back or an administrator grants more (weir admin tenant set)",
    zh: "其租户获批 {granted} {unit}，余 {left}，而本作业按时限与宽限须冻结 {asked}；须等待冻结额度退回，或由管理员增加额度（weir admin tenant set）",
  },
  "project-grant-too-small": {
    holds: "never",
    en: "as things stand it can never start: its project was granted {granted} {unit} and can have {most} at most, and for this {asked} would be held (by its time limit and grace); {less}an administrator has to grant more (weir admin project set)",
    zh: "按目前额度永远无法启动：其项目获批 {granted} {unit}，至多可用 {most}，而本作业按时限与宽限须冻结 {asked}；{less}须由管理员增加额度（weir admin project set）",
  },
  "project-grant-used": {
    holds: "later",
    en: "its project was granted {granted} {unit} and has {left} left, and for this {asked} would be held (by its time limit and grace); it waits until holds come back or an administrator grants more (weir admin project set)",
    zh: "其项目获批 {granted} {unit}，余 {left}，而本作业按时限与宽限须冻结 {asked}；须等待冻结额度退回，或由管理员增加额度（weir admin project set）",
  },
  "no-centre": {
    holds: "later",
    en: "the network has no centre yet",
    zh: "网络中尚无中心",
  },
  // What a centre is asked, in this order; the first that fails is the reason.
  "not-among-wished": {
    holds: "never",
    en: "the job asks for {only} only",
    zh: "作业只允许 {only}",
  },
  "excluded-by-job": {
    holds: "never",
    en: "the job excludes this centre",
    zh: "作业排除了该中心",
  },
  "refused-there": {
    holds: "never",
    en: "the centre refused this job before: {words}",
    zh: "该中心此前已拒绝此作业：{words}",
  },
  "only-simulated-work": {
    holds: "never",
    en: "is simulated, executes nothing, and takes only jobs that name it or say #WEIR-SIM",
    zh: "为模拟中心，不真正执行，只接收指明该中心或写有 #WEIR-SIM 的作业",
  },
  ...placeRules,
  "not-in-service": {
    holds: "never",
    en: "not in service: {lifeCycle}",
    zh: "未投入服务：{lifeCycle}",
  },
  "leaves-the-network": {
    holds: "never",
    en: "leaves the network, so nothing new is sent there",
    zh: "即将退出算力网，不再派发新任务",
  },
  "unknown-word": {
    holds: "never",
    en: "its tables have no {word}",
    zh: "其对照表中没有 {word}",
  },
  "no-such-software": {
    holds: "never",
    en: "does not have the software {software}",
    zh: "没有软件 {software}",
  },
  "no-container-runtime": {
    holds: "never",
    en: "has no runtime for containers: none of {runtimes}",
    zh: "没有容器运行环境：{runtimes} 均无",
  },
  "no-such-file-system": {
    holds: "never",
    en: "has no file system {fileSystem}",
    zh: "没有文件系统 {fileSystem}",
  },
  "no-such-licence": {
    holds: "never",
    en: "has no licences {licence}",
    zh: "没有许可证 {licence}",
  },
  "data-not-there": {
    holds: "never",
    en: "its data will not be there, as it says itself (at {centres} alone)",
    zh: "按作业的声明，其数据不会在该中心（仅在 {centres}）",
  },
  "too-few-licences": {
    holds: "never",
    en: "needs {asked} licences {licence}, it has {total}",
    zh: "需要 {asked} 个许可证 {licence}，共 {total} 个",
  },
  "no-account-here": {
    holds: "later",
    en: "no local account is ready there for this person and project: {readiness}",
    zh: "该中心尚无该用户与项目可用的本地账号：{readiness}",
  },
  "time-limit-above-account": {
    holds: "later",
    en: "asks for {askedS} s, and the local account there allows one job at most {limitS} s",
    zh: "申请 {askedS} 秒，而该中心的本地账号每作业至多 {limitS} 秒",
  },
  "above-account": {
    holds: "later",
    en: "asks for {asked} {of}, and the local account there may hold at most {limit} at once",
    zh: "申请 {asked} {of}，而该中心的本地账号同时至多占用 {limit}",
  },
  "above-account-minutes": {
    holds: "later",
    en: "may use {asked} minutes of {of}, and the local account there is allowed {limit} in all",
    zh: "至多使用 {asked} 分钟 × {of}，而该中心的本地账号合计至多 {limit}",
  },
  "at-submit-limit": {
    holds: "later",
    en: "{submitted} jobs of the local user {submitted|waits or runs|wait or run} there, which is as many as may ({limit})",
    zh: "该本地用户在该中心已有 {submitted} 个作业等待或运行，已达上限 {limit}",
  },
  "takes-nothing-new": {
    holds: "later",
    en: "takes nothing new until an operator resumes it: {intake}",
    zh: "在运营者恢复之前不接收新任务：{intake}",
  },
  "never-connected": {
    holds: "later",
    en: "its agent has not connected yet, so its capacity is not known",
    zh: "其代理尚未接入，容量未知",
  },
  unreachable: {
    holds: "later",
    en: "cannot be reached now, so nothing new is sent there",
    zh: "当前失联，不再派发新任务",
  },
  "several-nodes": {
    holds: "never",
    en: "a {driver} centre runs a job on one node, and {asked} nodes are asked for",
    zh: "{driver} 中心只能在一个节点上运行作业，而申请了 {asked} 个节点",
  },
  "another-pool": {
    holds: "never",
    en: "the job asks for partition {word}, which is pool {meant} there, and not {pool}",
    zh: "作业指定分区 {word}，在该中心为资源池 {meant}，而非 {pool}",
  },
  "another-reservation": {
    holds: "never",
    en: "the job asks for reservation {word}, which pool {pool} there is not",
    zh: "作业指定预留 {word}，而该中心的资源池 {pool} 不是该预留",
  },
  "another-qos": {
    holds: "never",
    en: "the job asks for QoS {word}, and what runs in pool {pool} there has the pool's own QoS: name another partition, or no QoS",
    zh: "作业指定 QoS {word}，而该中心资源池 {pool} 中的作业一律使用该资源池自己的 QoS：请改用其他分区，或不指定 QoS",
  },
  "another-qos-pool": {
    holds: "never",
    en: "the job asks for QoS {word}, which is pool {meant} there, and not {pool}: name partition {meant}, or no QoS",
    zh: "作业指定 QoS {word}，在该中心为资源池 {meant}，而非 {pool}：请指定分区 {meant}，或不指定 QoS",
  },
  "no-such-node": {
    holds: "never",
    en: "pool {pool} has no node {node}",
    zh: "资源池 {pool} 没有节点 {node}",
  },
  "time-limit-above-pool": {
    holds: "never",
    en: "asks for {askedS} s, pool {pool} allows at most {limitS} s",
    zh: "申请 {askedS} 秒，资源池 {pool} 至多 {limitS} 秒",
  },
  "too-many-nodes": {
    holds: "never",
    en: "asks for {asked} nodes, pool {pool} gives a job at most {most}",
    zh: "申请 {asked} 个节点，资源池 {pool} 每个作业至多 {most} 个",
  },
  "below-least-nodes": {
    holds: "never",
    en: "asks for {asked} nodes, pool {pool} takes jobs of {least} or more",
    zh: "申请 {asked} 个节点，资源池 {pool} 只接受 {least} 个及以上的作业",
  },
  "no-whole-nodes": {
    holds: "never",
    en: "asks for whole nodes, and pool {pool} does not give them to the network",
    zh: "申请整节点，而资源池 {pool} 不向算力网提供整节点",
  },
  "no-node-row": {
    holds: "never",
    en: "asks for nodes next to each other, and pool {pool} does not say in which order its nodes stand",
    zh: "要求节点相邻，而资源池 {pool} 未上报节点的排列顺序",
  },
  "no-node-groups": {
    holds: "never",
    en: "asks for nodes within {most} groups (switches), and pool {pool} does not say which of its nodes form a group",
    zh: "要求节点位于 {most} 个节点组（交换机）之内，而资源池 {pool} 未上报哪些节点成组",
  },
  "too-few-cores": {
    holds: "never",
    en: "needs {asked} cores, pool {pool} has {total}",
    zh: "需要 {asked} 核，资源池 {pool} 共 {total} 核",
  },
  "too-little-memory": {
    holds: "never",
    en: "needs {askedMib} MiB of memory, pool {pool} has {totalMib} MiB",
    zh: "需要 {askedMib} MiB 内存，资源池 {pool} 共 {totalMib} MiB",
  },
  "no-such-accelerator": {
    holds: "never",
    en: "needs accelerators ({device}), pool {pool} offers {offered}",
    zh: "需要加速卡（{device}），资源池 {pool} 现有型号：{offered}",
  },
  "device-not-shared": {
    holds: "never",
    en: "asks for {share} thousandths of an accelerator ({device}), and pool {pool} gives out whole ones only",
    zh: "申请一张加速卡（{device}）的千分之 {share}，而资源池 {pool} 只整卡分配",
  },
  "no-shards": {
    holds: "never",
    en: "asks for {share} thousandths of an accelerator ({device}), and pool {pool} gives out whole ones only: its Slurm counts no shards (a site sets GresTypes=gpu,shard, shard:N of its nodes, and Name=shard in gres.conf)",
    zh: "申请一张加速卡（{device}）的千分之 {share}，而资源池 {pool} 只整卡分配：其 Slurm 未配置 shard（站点须设置 GresTypes=gpu,shard、节点的 shard:N 以及 gres.conf 中的 Name=shard）",
  },
  "count-not-given": {
    holds: "never",
    en: "asks for {asked} accelerators ({device}) on each node, and pool {pool} gives a job one of these numbers: {given}",
    zh: "每节点申请 {asked} 张加速卡（{device}），而资源池 {pool} 只按以下张数分配：{given}",
  },
  "too-few-accelerators": {
    holds: "never",
    en: "needs {asked} accelerators ({device}), pool {pool} has {total}",
    zh: "需要 {asked} 张加速卡（{device}），资源池 {pool} 共 {total} 张",
  },
  "too-few-nodes-together": {
    holds: "never",
    en: "needs {asked} nodes within {groups} groups (switches), pool {pool} has {found} such nodes that close together",
    zh: "需要 {asked} 个位于 {groups} 个节点组（交换机）之内的节点，资源池 {pool} 如此相邻的有 {found} 个",
  },
  "too-few-nodes-in-a-row": {
    holds: "never",
    en: "needs {asked} nodes next to each other, pool {pool} has {found} such nodes in a row",
    zh: "需要 {asked} 个相邻的节点，资源池 {pool} 此类节点至多 {found} 个相连",
  },
  "too-few-nodes-alike": {
    holds: "never",
    en: "needs {asked} nodes of {cores} cores, {memoryMib} MiB and {cards} accelerators each, pool {pool} has {found}",
    zh: "需要 {asked} 个各有 {cores} 核、{memoryMib} MiB 内存、{cards} 张加速卡的节点，资源池 {pool} 有 {found} 个",
  },
  "above-share": {
    holds: "never",
    en: "asks for more than the {percent} % of pool {pool} that were agreed for the network: {cores} cores, {memoryMib} MiB and {cards} accelerators",
    zh: "超过约定归算力网使用的资源池 {pool} 份额（{percent} %）：{cores} 核、{memoryMib} MiB 内存、{cards} 张加速卡",
  },
  ...poolRules,
  "maintenance-ahead": {
    holds: "later",
    en: "asks for {askedS} s, and maintenance of {nodes} nodes of pool {pool} begins in {startsInS} s",
    zh: "申请 {askedS} 秒，而资源池 {pool} 的 {nodes} 个节点将在 {startsInS} 秒后开始维护",
  },
  "reservation-ends": {
    holds: "later",
    en: "asks for {askedS} s, and the nodes of pool {pool} are reserved for the network for {leftS} s more",
    zh: "申请 {askedS} 秒，而资源池 {pool} 的节点只再为算力网保留 {leftS} 秒",
  },
  "pool-without-reservation": {
    holds: "later",
    en: "pool {pool} is a reservation of the centre's, and its Slurm shows none of that name: it has ended, or the centre has to make it again",
    zh: "资源池 {pool} 是该中心的一个预留，而其 Slurm 中没有该名称的预留：已结束，或须由中心重新建立",
  },
  "pool-of-parts": {
    holds: "later",
    en: "pool {pool} is a reservation that does not hold whole nodes, and only one that does can be a pool: the centre has to change it",
    zh: "资源池 {pool} 所指的预留不是整节点的，而只有整节点的预留才能作为资源池：须由中心修改",
  },
  "pool-without-partition": {
    holds: "later",
    en: "the partition of pool {pool} is not there at the centre",
    zh: "该中心没有资源池 {pool} 所在的分区",
  },
  "pool-not-allowed": {
    holds: "later",
    en: "the centre's own policy does not let the network use what pool {pool} is: the centre has to name it there",
    zh: "该中心的策略不允许算力网使用资源池 {pool} 所指的资源：须由中心在策略中写明",
  },
  "pool-drained": {
    holds: "later",
    en: "pool {pool} is drained: it starts nothing now",
    zh: "资源池 {pool} 已排空，暂不开始作业",
  },
  "pool-down": {
    holds: "later",
    en: "pool {pool} is down",
    zh: "资源池 {pool} 已停用",
  },
  "nodes-out": {
    holds: "later",
    en: "needs {asked} such nodes; {up} of pool {pool} {up|is|are} up, others drain, are down or in maintenance",
    zh: "需要 {asked} 个此类节点；资源池 {pool} 有 {up} 个可用，其余在排空、停机或维护",
  },
  "reservation-ahead": {
    holds: "later",
    en: "the nodes of pool {pool} are reserved for the network from {starts} on",
    zh: "资源池 {pool} 的节点自 {starts} 起才为算力网保留",
  },
  "data-not-there-yet": {
    holds: "later",
    en: "its data are there from {ready}, as it says itself",
    zh: "按作业的声明，其数据自 {ready} 起在该中心就绪",
  },
  "outside-hours": {
    holds: "later",
    en: "by its terms the network may start work in pool {pool} again on {day} at {time}",
    zh: "按约定，算力网须到{day} {time} 才可再在资源池 {pool} 启动作业",
  },
  "share-used": {
    holds: "later",
    en: "{percent} % of pool {pool} were agreed for the network, and what runs or waits there already ({cores} cores, {memoryMib} MiB, {cards} accelerators) leaves too little of it",
    zh: "资源池 {pool} 约定归算力网使用 {percent} %，已在该处运行或等待的作业（{cores} 核、{memoryMib} MiB 内存、{cards} 张加速卡）使余下份额不足",
  },
  ...visitRules,
  "whole-nodes-busy": {
    holds: "later",
    en: "needs {asked} whole nodes of {cores} cores, {found} of pool {pool} {found|is|are} empty",
    zh: "需要 {asked} 个整节点（各 {cores} 核），资源池 {pool} 空闲的整节点有 {found} 个",
  },
  "nodes-in-a-row-busy": {
    holds: "later",
    en: "needs {asked} nodes next to each other; enough of pool {pool} are free, but surely in a row only {found}",
    zh: "需要 {asked} 个相邻的节点；资源池 {pool} 空闲节点够数，但可确定相连的只有 {found} 个",
  },
  "nodes-together-busy": {
    holds: "later",
    en: "needs {asked} nodes within {groups} groups (switches); enough of pool {pool} are free, but {found} that close together",
    zh: "需要 {asked} 个位于 {groups} 个节点组（交换机）之内的节点；资源池 {pool} 空闲节点足够，但如此相邻的只有 {found} 个",
  },
  "cores-busy": {
    holds: "later",
    en: "needs {asked} cores, {free} of {total} {free|is|are} free",
    zh: "需要 {asked} 核，{total} 核中空闲 {free} 核",
  },
  "memory-busy": {
    holds: "later",
    en: "needs {askedMib} MiB of memory, {freeMib} MiB of {totalMib} MiB are free",
    zh: "需要 {askedMib} MiB 内存，{totalMib} MiB 中空闲 {freeMib} MiB",
  },
  "accelerators-busy": {
    holds: "later",
    en: "needs {asked} accelerators ({device}), {free} of {total} {free|is|are} free",
    zh: "需要 {asked} 张加速卡（{device}），{total} 张中空闲 {free} 张",
  },
  "shares-busy": {
    holds: "later",
    en: "needs {asked} nodes with {share} thousandths of an accelerator ({device}) left, {found} of pool {pool} {found|has|have}; {wanted} were asked for, and one is given out in {parts} equal parts",
    zh: "需要 {asked} 个仍余一张加速卡（{device}）千分之 {share} 的节点，资源池 {pool} 现有 {found} 个；原申请千分之 {wanted}，每张按 {parts} 等份分配",
  },
  "nodes-busy": {
    holds: "later",
    en: "needs {asked} nodes with {cores} cores, {memoryMib} MiB and {cards} accelerators free on each, {found} {found|has|have}",
    zh: "需要 {asked} 个各空闲 {cores} 核、{memoryMib} MiB 内存、{cards} 张加速卡的节点，现有 {found} 个",
  },
  "licences-busy": {
    holds: "later",
    en: "needs {asked} licences {licence}, {free} of {total} {free|is|are} free",
    zh: "需要 {asked} 个许可证 {licence}，{total} 个中空闲 {free} 个",
  },
  "account-limit-used": {
    holds: "later",
    en: "the jobs of the local account there hold {held} of the {limit} {of} that they may hold at once, and {asked} more {asked|is|are} asked for",
    zh: "该中心本地账号的作业已占用 {held} {of}，同时至多 {limit}，另申请 {asked}",
  },
  "pool-queue-full": {
    holds: "later",
    en: "does not fit now, and {pending} runs of {per} like it {pending|waits|wait} in the own queue of pool {pool}, which is as many as may ({limit}){sharers}",
    zh: "当前放不下，且{per}同类运行已有 {pending} 个在资源池 {pool} 的本地队列等待，已达上限 {limit}{sharers}",
  },
  "behind-in-queue": {
    holds: "later",
    en: "fits, but job {ahead} came first and waits for room here",
    zh: "放得下，但作业 {ahead} 先到，正在此等待空闲",
  },
  "kept-for-home": {
    holds: "later",
    en: "fits, but the centre's own users would wait longer than without the network if pool {pool} took visitors that ask for {askedS} s; it takes shorter ones sooner, and all once its users have gained enough",
    zh: "放得下，但若资源池 {pool} 接纳申请 {askedS} 秒的外来作业，该中心自己的用户会比不入网时等得更久；时间较短者可更早进入，待其用户获益足够后全部接纳",
  },
  "reserved-for-earlier": {
    holds: "later",
    en: "fits, but job {ahead} has a place in pool {pool} in {inS} s, and this one may last {askedS} s and would delay it",
    zh: "放得下，但资源池 {pool} 已为作业 {ahead} 预留 {inS} 秒后的位置，而本作业最长 {askedS} 秒，会推迟它",
  },
  "another-order": {
    holds: "later",
    en: "fits, but another order of the first {first} tasks starts them sooner on the whole: it keeps room in pool {pool} for job {ahead}, and this one may start in {inS} s",
    zh: "放得下，但为使队首 {first} 个任务总体更早启动，采用了另一种次序：资源池 {pool} 的空闲留给作业 {ahead}，本作业可在 {inS} 秒后启动",
  },
  "would-delay-planned": {
    holds: "later",
    en: "fits, but as long as it is expected to run it would delay one of the first {first} tasks of the queue in pool {pool}, such as job {ahead}",
    zh: "放得下，但按预计运行时间，会推迟资源池 {pool} 中队首 {first} 个任务之一，例如作业 {ahead}",
  },
  // Not a failure: the way into a pool whose own users queue there too (B2).
  "joins-queue": {
    holds: "now",
    en: "does not fit now; joins the own queue of pool {pool}, where {pending} runs of {per} like it {pending|waits|wait} (at most {limit}){sharers}",
    zh: "当前放不下；进入资源池 {pool} 的本地队列，{per}同类运行已有 {pending} 个等待（上限 {limit}）{sharers}",
  },
} as const satisfies Record<string, { readonly holds: Holds; readonly en: string; readonly zh: string }>;

/** `never`: no waiting helps there, as the centre is now. */
export type Holds = "now" | "later" | "never";
export type Facts = Readonly<Record<string, string | number | boolean | null>>;
export type Rule = keyof typeof rules;

export type JobRule =
  | "dependency-waits"
  | "dependency-never-satisfied"
  | "singleton-waits"
  | "array-throttle"
  | "waits-for-data"
  | "deadline-cannot-be-met"
  | "tenant-holds-its-cores"
  | "project-holds-its-cores"
  | "tenant-cores-too-few"
  | "project-cores-too-few"
  | "class-holds-its-cores"
  | "class-cores-too-few"
  | "tenant-grant-too-small"
  | "tenant-grant-used"
  | "project-grant-too-small"
  | "project-grant-used"
  | "no-centre";
export type CentreRule = Exclude<Rule, JobRule>;

/** One centre and the first rule a task fails there; `rule` null: it could start there now. */
export type Candidate = {
  readonly centre: CentreId;
  readonly rule: CentreRule | null;
  readonly holds: Holds;
  readonly facts: Facts;
  /** What a place there would cost, where it was worked out. */
  readonly score?: Score;
};

export function candidate(centre: CentreId, rule: CentreRule | null, facts: Facts): Candidate {
  return { centre, rule, holds: rule === null ? "now" : rules[rule].holds, facts };
}

/** The sentence for a rule and its facts; null stands for "could start now". A rule of a later Weir shows as its name. */
export function reasonWords(rule: string | null, facts: Facts, language: Language): string {
  if (rule === null) return filled(startsNow[language], facts, language);
  if (!isRule(rule)) return rule;
  return filled(rules[rule][language], inWords(facts, language), language);
}

/** Of a centre that could start it, were there nothing else in the way. */
export function roomWords(facts: Facts, language: Language): string {
  return filled(hasRoom[language], facts, language);
}

/** Facts that hold several names, one after the other. */
const lists = ["only", "offered", "given", "runtimes", "centres"] as const;

/** Facts that are words of ours, and not a centre's or a user's. */
function inWords(facts: Facts, language: Language): Facts {
  const unit = grantedWords[language].get(`${facts.unit}`);
  const separator = language === "zh" ? "、" : ", ";
  const cards = (keys: string) => keys.split(", ").map((key) => cardKeyWords(key, language));
  const said: Readonly<Record<string, string | undefined>> = {
    awaited: typeof facts.awaited === "string" ? awaitedWords(facts.awaited, language) : undefined,
    readiness: readinessWords[language].get(`${facts.readiness}`),
    lifeCycle: lifeCycleWords[language].get(`${facts.lifeCycle}`),
    intake: intakeWords[language].get(`${facts.intake}`),
    day: weekdays[language][Number(facts.day) - 1],
    of: countedWords[language].get(`${facts.of}`),
    driver: language === "zh" ? driversZh.get(`${facts.driver}`) : undefined,
    less: facts.most === "0" ? "" : { en: "ask for less, or ", zh: "请减少申请，或" }[language],
    unit: facts.granted === "1" ? unit?.replace(/s$/, "") : unit,
    by: binders[language].get(`${facts.by}`),
    per: whoseRuns[language][facts.per === "account" ? "account" : "project"],
    sharers: sharersWords(facts, language),
    device: typeof facts.device === "string" ? cardKeyWords(facts.device, language) : undefined,
    ...(language === "zh" &&
      Object.fromEntries(
        lists.flatMap((name) => (typeof facts[name] === "string" ? [[name, facts[name].replaceAll(", ", "、")]] : [])),
      )),
    offered: typeof facts.offered === "string" ? cards(facts.offered).join(separator) : undefined,
    ...regionsOf(facts, { en: "a region not stated", zh: "未声明区域" }[language]),
  };
  const known = Object.entries(said).flatMap(([name, words]) => (words === undefined ? [] : [[name, words] as const]));
  return { ...facts, ...Object.fromEntries(known) };
}

/** `17 afterok, 18 afterany`, with as many as were named. */
function awaitedWords(awaited: string, language: Language): string {
  const [open, close, separator] = language === "zh" ? ["（", "）", "、"] : [" (", ")", ", "];
  return awaited
    .split(", ")
    .map((one) => one.replace(/ (.+)$/, `${open}$1${close}`))
    .join(separator);
}

/** Whose runs count together in a centre's own queue (B2). */
const whoseRuns = {
  en: { project: "the project's", account: "its local account's" },
  zh: { project: "本项目", account: "同一本地账号的" },
} as const satisfies Record<Language, Readonly<Record<string, string>>>;

/** `others`: how many other projects' work is of that account too; `named`: those of them that the reader may know. */
function sharersWords({ others, named }: Facts, language: Language): string {
  if (typeof others !== "number" || others === 0) return "";
  const names = typeof named === "string" && named !== "" ? named.split(", ") : [];
  const rest = others - names.length;
  if (language === "zh") {
    const known = names.length > 0 ? [`项目 ${names.join("、")} `] : [];
    return `；该账号与${[...known, ...(rest > 0 ? [`另外 ${rest} 个项目`] : [])].join("及")}共用`;
  }
  const known = names.length > 0 ? [`project${names.length === 1 ? "" : "s"} ${names.join(", ")}`] : [];
  const more = rest > 0 ? [`${rest} ${names.length > 0 ? "more" : "other"} project${rest === 1 ? "" : "s"}`] : [];
  return `; that account is shared with ${[...known, ...more].join(" and ")}`;
}

/** The regions of an agreement, where one is not stated. */
function regionsOf({ from, to }: Facts, words: string): Readonly<Record<string, string>> {
  return { ...(from === notStated && { from: words }), ...(to === notStated && { to: words }) };
}

/** What an engine counts for an account; what is not here, as `gres/gpu`, is said as the engine writes it. */
const countedWords: Record<Language, ReadonlyMap<string, string>> = {
  en: new Map([
    ["job", "running jobs"],
    ["cpu", "cores"],
    ["node", "nodes"],
    ["mem", "MiB of memory"],
  ]),
  zh: new Map([
    ["job", "个运行作业"],
    ["cpu", "核"],
    ["node", "个节点"],
    ["mem", "MiB 内存"],
  ]),
};

const grantedWords: Record<Language, ReadonlyMap<string, string>> = {
  en: new Map([
    ["core-ms", "core-hours"],
    ["milli-card-ms", "card-hours"],
  ]),
  zh: new Map([
    ["core-ms", "核时"],
    ["milli-card-ms", "卡时"],
  ]),
};

const driversZh: ReadonlyMap<string, string> = new Map([
  ["process", "单机"],
  ["simulated", "模拟"],
  ["slurm", "Slurm "],
]);

/** From Monday on, as `Hours` counts them. */
export const weekdays = {
  en: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
  zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
} as const satisfies Record<Language, readonly string[]>;

const lifeCycleWords: Record<Language, ReadonlyMap<string, string>> = {
  en: new Map([["trial", "on trial"]]),
  zh: new Map([
    ["planned", "规划"],
    ["building", "在建"],
    ["trial", "试运行"],
    ["retired", "退役"],
  ]),
};

const intakeWords: Record<Language, ReadonlyMap<string, string>> = {
  en: new Map(),
  zh: new Map([
    ["draining", "排空中"],
    ["suspended", "已暂停"],
  ]),
};

const readinessWords: Record<Language, ReadonlyMap<string, string>> = {
  en: new Map([["needs-credential", "it waits until they lend their own credential there again (weir-delegate)"]]),
  zh: new Map([
    ["not asked for", "尚未申请"],
    ["requested", "已申请"],
    ["created", "已创建，未通过测试"],
    ["needs-credential", "等待本人在该中心重新委托凭据（weir-delegate）"],
    ["removed", "中心已移除"],
  ]),
};

export function isRule(text: string): text is Rule {
  return Object.hasOwn(rules, text);
}

const startsNow = {
  en: "fits, {free} of {total} cores {free|is|are} free",
  zh: "放得下，{total} 核中空闲 {free} 核",
} as const;

const hasRoom = {
  en: "has room for it: {free} of {total} cores {free|is|are} free",
  zh: "有空闲：{total} 核中空闲 {free} 核",
} as const;

function filled(template: string, facts: Facts, language: Language): string {
  // English templates have the plural: `{asked} cores`, and where the verb follows the number `{free|is|are}`. Seconds and
  // MiB are said in what they come to.
  const counted = template
    // Of cards that were not asked for nothing is said.
    .replace(/, \{memoryMib\} MiB(?:,| and) \{cards\} accelerators/g, (whole) =>
      facts.cards === 0 ? " and {memoryMib} MiB" : whole,
    )
    .replace(/、\{cards\} 张加速卡/g, (whole) => (facts.cards === 0 ? "" : whole))
    .replace(
      /\{(\w+)\} ((?:whole |such )?)(core|node|group|accelerator|licence|task|run|job|minute)s\b/g,
      (whole, name: string, of: string, one: string) => (facts[name] === 1 ? `1 ${of}${one}` : whole),
    )
    .replace(/\{(\w+)\|([^|}]+)\|([^}]+)\}/g, (_, name: string, one: string, several: string) =>
      facts[name] === 1 ? one : several,
    )
    .replace(/\{(\w+S)\} (?:s\b|秒)/g, (whole, name: string) => {
      const seconds = facts[name];
      return typeof seconds === "number" ? durationWords(seconds * 1000, language, 4) : whole;
    })
    .replace(/\{(\w+Mib)\} MiB/g, (whole, name: string) => {
      const mib = facts[name];
      return typeof mib === "number" ? exactMibText(mib) : whole;
    });
  // Chinese templates have a blank beside what may be a name in Latin letters; between Chinese words there is none.
  const places = /((?<=\p{Script=Han}) )?\{(\w+)\}( (?=\p{Script=Han}))?/gu;
  return counted.replace(places, (_, before: string | undefined, name: string, after: string | undefined) => {
    const fact = `${facts[name] ?? "?"}`;
    const [start, end] = [/^\p{Script=Han}/u.test(fact) ? "" : before, /\p{Script=Han}$/u.test(fact) ? "" : after];
    return `${start ?? ""}${fact}${end ?? ""}`;
  });
}

const ranks = new Map(Object.keys(rules).map((rule, rank) => [rule, rank]));

/** The place of a rule in the order they are asked. */
export function ruleRank(rule: Rule): number {
  return ranks.get(rule) ?? -1;
}
