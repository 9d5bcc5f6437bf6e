import assert from "node:assert/strict";
import { test } from "node:test";
import { askedWords, seenWords } from "#core/centre/test-words.ts";

const zh = (seen: string) => seenWords(seen, "zh");

test("evidence is in the reader's language, figures and names as they are", () => {
  const seen = "ended failed 4; while it ran: running; of one that never was: nothing";
  assert.equal(zh(seen), "结束：失败（退出码 4）；运行期间：运行中；从未存在的：没有");
  assert.equal(seenWords(seen, "en"), seen);
  assert.equal(
    zh("started at a known time, ran 1012 ms (950 to 20000 expected), CPU 3 ms, 2 MiB by cgroup-v2"),
    "启动时刻已知，运行 1012 ms（应为 950 至 20000），CPU 3 ms，2 MiB（cgroup-v2）",
  );
  assert.equal(zh("ended cancelled user; the engine said cancelling"), "结束：由用户取消；引擎答：正在取消");
  const fenced = "Slurm ended job 23 in state DEADLINE, without a node: it can no longer start";
  const told = "Slurm 以 DEADLINE 结束作业 23，其未分到节点：不会再启动";
  assert.equal(zh(`ended withdrawn (${fenced}); it never started`), `结束：已撤回（${told}）；它从未启动`);
  assert.equal(zh(`ended withdrawn ${fenced}`), `结束：已撤回（${told}）`, "a report of before");
  assert.equal(zh("ended signalled 9"), "结束：因信号 9 结束");
  assert.equal(zh("1 start was told; 1 estimate"), "上报了 1 次启动；预计 1 次");
  assert.match(
    zh("started at a known time, ran 2 ms (0 to 9 expected), CPU 3 ms, 2 MiB by sampled"),
    /2 MiB（定时采样）$/,
  );
  assert.equal(zh("started, already-there, then already-there"), "已启动、已在该处，随后已在该处");
  assert.equal(zh("WEIR_JOB_ID is not there, PGHOST does not belong there"), "缺少 WEIR_JOB_ID，PGHOST 不应在此");
  assert.equal(askedWords("accelerator", "one accelerator", "zh"), "一块加速卡");
  assert.equal(askedWords("accelerator", "one accelerator", "en"), "one accelerator");
});

test("an engine's words, and what a later agent says, stay as they are", () => {
  assert.equal(
    zh("ended failed 1, not succeeded (no such file: data)"),
    "结束：失败（退出码 1），而非成功（no such file: data）",
  );
  assert.equal(zh("refused: the partition is down"), "被拒绝：the partition is down");
  assert.equal(zh("what was seen of restart"), "what was seen of restart");
});
