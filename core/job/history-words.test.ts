import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelWords } from "#core/centre/waiting.ts";
import { causeWords, stepWords, withTimes } from "#core/job/history-words.ts";

test("steps and causes of Weir's own are in the reader's language, what others wrote stays", () => {
  assert.equal(stepWords("run-ended", "zh"), "运行结束");
  assert.equal(stepWords("run-ended", "en"), "run ended");
  assert.equal(stepWords("of-a-later-weir", "zh"), "of-a-later-weir");
  assert.equal(causeWords("preempted: makes way for 7_2", "zh"), "被抢占：为作业 7_2 让出位置");
  assert.equal(causeWords("cancelled by ada: wrong: input", "zh"), "由 ada 取消：wrong: input");
  assert.equal(causeWords("cancelled by user", "zh"), "由用户取消");
  assert.equal(causeWords("cancelled by operator: li was disabled", "zh"), "由管理员取消：li 已停用");
  assert.equal(causeWords("wrapper 71 (start 12, boot 3f)", "zh"), "包装进程 71（启动 12，开机 3f）");
  assert.equal(causeWords("wrapper 71 (start 12, boot 3f)", "en"), "wrapper 71 (start 12, boot 3f)");
  assert.equal(
    causeWords("ended: withdrawn: deadline passed before the start", "zh"),
    "已结束：已撤回：启动之前最迟启动时刻已过",
  );
  assert.equal(causeWords("node-failed: fan of n3", "zh"), "节点故障：fan of n3");
  assert.equal(causeWords("node-failed: Slurm: NODE_FAIL on n3", "zh"), "节点故障：Slurm：n3 发生 NODE_FAIL");
  assert.equal(
    causeWords(
      "withdrawn: the engine answers and knows no job 7; its wrapper never began, and cannot begin any more",
      "zh",
    ),
    "已撤回：引擎有应答，但没有作业 7；其包装程序从未开始，也不会再开始",
  );
  assert.equal(
    causeWords("withdrawn: the engine answers and knows no job 7; its wrapper never began", "zh"),
    "已撤回：引擎有应答，但没有作业 7；其包装程序从未开始",
  );
  assert.equal(
    causeWords(
      "platform-fault: the job asks for QoS urgent, which pool spare is not: name another partition, or no QoS",
      "zh",
    ),
    "平台故障：作业指定 QoS urgent，而资源池 spare 不是该 QoS：请改用其他分区，或不指定 QoS",
  );
  assert.equal(causeWords("the disk is full", "zh"), null);
  for (const waits of ["credential", "let-in"])
    for (const which of ["end", "back"] as const)
      assert.equal(causeWords(cancelWords(waits, "en", which), "zh"), cancelWords(waits, "zh", which));
});

test("seconds become spans, and times the reader's own", () => {
  const cause = "a can start it now, and b in about 3600 s: done 3500 s earlier, by the score; move 1 of at most 3";
  assert.equal(
    causeWords(cause, "en"),
    "a can start it now, and b in about 1 h: done 58 min 20 s earlier, by the score; move 1 of at most 3",
  );
  assert.equal(
    withTimes("by 2026-11-23T02:40:12Z.", (time) => time.slice(0, 16)),
    "by 2026-11-23T02:40.",
  );
});
