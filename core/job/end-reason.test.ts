import assert from "node:assert/strict";
import { test } from "node:test";
import { deadlineReason, disabledReason, endedByWords } from "#core/job/end-reason.ts";

test("who or what ended a job is said in a few words, in both languages", () => {
  const both = (kind: string, by: Parameters<typeof endedByWords>[0]["by"], reason: string | null) =>
    (["en", "zh"] as const).map((language) => endedByWords({ kind, by, reason }, language));
  assert.deepEqual(both("cancelled", "user", null), ["by its owner", "由所有者取消"]);
  assert.deepEqual(both("cancelled", "operator", "wrong input"), [
    "by an administrator: wrong input",
    "由管理员取消：wrong input",
  ]);
  assert.deepEqual(both("cancelled", "centre", null), ["by the centre", "由中心取消"]);
  assert.deepEqual(both("cancelled", "unknown", null), [
    "at the centre, by whom is not known",
    "在中心（由谁不详）取消",
  ]);
  assert.deepEqual(both("cancelled", "network", "dependency-never-satisfied"), ["dependency not met", "依赖未满足"]);
  const deadline = "2026-11-23T18:00:00+08:00";
  assert.deepEqual(both("cancelled", "network", deadlineReason(deadline)), [
    `deadline ${deadline}`,
    `截止时刻 ${deadline}`,
  ]);
  assert.deepEqual(both("preempted", null, "makes way for 12_7"), ["makes way for 12_7", "为作业 12_7 让出位置"]);
  assert.deepEqual(both("cancelled", "operator", disabledReason("li")), [
    "by an administrator: li was disabled",
    "由管理员取消：li 已停用",
  ]);
  assert.deepEqual(both("failed", null, null), ["", ""]);
});
