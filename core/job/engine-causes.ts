import type { KeptSentences } from "#core/kept-sentences.ts";

/**
 * What the driver of an engine says of a run's start, its wait and its end, in sentences that are whole: none of them could be
 * what a person wrote. A name of Slurm's (NODE_FAIL, DEADLINE) stays as Slurm has it.
 */
export const engineCauses: KeptSentences = [
  [
    "the engine answers and knows no job {a}; its wrapper never began, and cannot begin any more",
    "引擎有应答，但没有作业 {a}；其包装程序从未开始，也不会再开始",
  ],
  [
    "the engine answers and knows no job {a}; its wrapper never began",
    "引擎有应答，但没有作业 {a}；其包装程序从未开始",
  ],
  [
    "the engine answers and knows no job {a}; its wrapper began and wrote no end; its wrapper on {b}, process {c} there, lives no more",
    "引擎有应答，但没有作业 {a}；其包装程序（{b} 上的进程 {c}）已开始而未写下结束，现已不存在",
  ],
  [
    "the engine answers and knows no job {a}; its wrapper began and wrote no end; no node has it: {b}",
    "引擎有应答，但没有作业 {a}；其包装程序已开始而未写下结束；没有节点在运行它：{b}",
  ],
  [
    "the engine answers and knows no job {a}; its wrapper began and wrote no end; {b}",
    "引擎有应答，但没有作业 {a}；其包装程序已开始而未写下结束；{b}",
  ],
  [
    "killed, and the engine that may have done so has forgotten it: the engine answers and knows no job {a}",
    "被强制终止，而可能将其终止的引擎已不再有其记录：引擎有应答，但没有作业 {a}",
  ],
  [
    "the engine stopped it and has forgotten it: the engine answers and knows no job {a}",
    "引擎已将其停止，此后不再有其记录：引擎有应答，但没有作业 {a}",
  ],
  [
    "the engine answers and knows no job {a}: this end is by the wrapper's record",
    "引擎有应答，但没有作业 {a}：此结束以包装程序的记录为准",
  ],
  [
    "the job asks for QoS {a}, which pool {b} is not: name another partition, or no QoS",
    "作业指定 QoS {a}，而资源池 {b} 不是该 QoS：请改用其他分区，或不指定 QoS",
  ],
  ["Slurm: RUNNING on {a}, job {b}", "Slurm：在 {a} 上 RUNNING，作业 {b}"],
  ["Slurm: SUSPENDED on {a}, job {b}", "Slurm：在 {a} 上 SUSPENDED，作业 {b}"],
  ["Slurm: {a} on {b}", "Slurm：{b} 发生 {a}"],
  [
    "Slurm ended job {a} as soon as it had {b}, and nothing of it was begun there",
    "Slurm 在作业 {a} 分到 {b} 时随即将其结束，未在那里开始任何部分",
  ],
  [
    "Slurm ended job {a} in state DEADLINE, without a node: it can no longer start",
    "Slurm 以 DEADLINE 结束作业 {a}，其未分到节点：不会再启动",
  ],
  ["Slurm ended it in state DEADLINE although it had a node", "Slurm 以 DEADLINE 将其结束，尽管它已分到节点"],
  ["Slurm ended it in state {a}, which is not known here", "Slurm 以状态 {a} 将其结束，此处不认识该状态"],
  [
    "Slurm ended it long before its time limit, as when the reservation in which it ran ends",
    "Slurm 在远未到时限时将其结束，如其所在预留到期时",
  ],
  [
    "the wrapper left no record; Slurm: FAILED {a} (no reason)",
    "包装程序没有留下记录；Slurm：FAILED {a}（未说明原因）",
  ],
  ["the wrapper left no record; Slurm: FAILED {a} ({b})", "包装程序没有留下记录；Slurm：FAILED {a}（{b}）"],
  ["the wrapper wrote {a}, Slurm says {b}", "包装程序记录为 {a}，Slurm 为 {b}"],
  [
    "the wrapper wrote {a} before Slurm said NODE_FAIL on {b}",
    "在 Slurm 称 {b} 发生 NODE_FAIL 之前，包装程序已记录 {a}",
  ],
  [
    "Slurm had lost its start, and began job {a} again for nothing: this end is by the wrapper's record",
    "Slurm 丢失了其启动记录，又空启动了一次作业 {a}：此结束以包装程序的记录为准",
  ],
  ["preempted before it had a node", "尚未分到节点即被抢占"],
  [
    "its lease passed in the centre's queue, and it was taken out there without a start",
    "在中心队列中租约到期，未启动即被取出",
  ],
  [
    "the network took it back, and it was taken out of the centre's queue without a start",
    "算力网将其撤回，未启动即从中心队列取出",
  ],
  [
    "cancelled in the centre's queue before it had a node; the engine does not say by whom",
    "尚未分到节点，在中心队列中被取消；引擎未说明由谁取消",
  ],
  [
    "cancelled in the centre's queue before it had a node; scancel by root",
    "尚未分到节点，在中心队列中被取消：root 执行了 scancel",
  ],
  [
    "cancelled in the centre's queue before it had a node; scancel by another local user",
    "尚未分到节点，在中心队列中被取消：另一本地用户执行了 scancel",
  ],
  ["scancel at the centre", "在中心用 scancel"],
  ["scancel by root", "root 执行了 scancel"],
  ["scancel by another local user", "另一本地用户执行了 scancel"],
  ["the centre requeued it", "中心将其重新排队"],
  [
    "the centre has suspended it: it stands still, and that counts neither for its time limit nor for its bill",
    "中心已将其暂停：暂停期间既不计入时限，也不计费",
  ],
  ["the centre lets it go on", "中心已让其继续运行"],
  ["the centre lets the network act as this run's local user again", "中心重新准许算力网以该运行的本地用户行事"],
  [
    "the centre does not let the network act as this run's local user ({a}): what becomes of the run is known once it does again",
    "中心不许算力网以该运行的本地用户行事（{a}）：须待重新准许，才能知道该运行的结果",
  ],
  [
    "job {a} was cancelled at the centre; its accounting does not say yet by whom, and is asked for up to {b} min",
    "作业 {a} 在中心被取消；其记账尚未说明由谁取消，至多再查询 {b} 分钟",
  ],
  [
    "the engine knows no job {a} any more; its wrapper on {b} lives as process {c}",
    "引擎中已没有作业 {a}；其包装程序仍在 {b} 上，进程号 {c}",
  ],
  [
    "the engine knows no job {a} any more; {b} is {c}: what lives there is not known yet",
    "引擎中已没有作业 {a}；{b} 处于 {c}：尚不知其上有什么在运行",
  ],
  ["the engine knows no job {a} any more; the engine does not answer: {b}", "引擎中已没有作业 {a}；引擎没有应答：{b}"],
  ["the engine was asked to end it", "已请求引擎结束该运行"],
];
