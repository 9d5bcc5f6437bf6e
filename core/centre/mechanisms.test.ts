import assert from "node:assert/strict";
import { test } from "node:test";
import type { Language } from "#core/language.ts";
import { mechanismsInWords } from "./mechanisms.ts";

const mechanismText = (name: string, value: string, language: Language) =>
  mechanismsInWords({ [name]: value }, language)[0]?.text ?? "";

test("what is known is said in the reader's language, anything else as the agent said it", () => {
  assert.equal(mechanismText("identity", "a uid for each run", "zh"), "每次运行使用单独的用户号");
  assert.equal(mechanismText("faults", "cutAnswers, newFault", "zh"), "应答中断、newFault");
  assert.equal(mechanismText("faults", "cutAnswers, newFault", "en"), "answers cut off, newFault");
  assert.equal(
    mechanismText("engine", "simulated: nothing is executed; seed 3, time 20 times as fast", "zh"),
    "模拟，不实际执行；随机种子 3，时间 20 倍速",
  );
  assert.equal(
    mechanismText("engine", "simulated: nothing is executed; seed 3, time 1 times as fast", "en"),
    "simulated, nothing is executed; seed 3, speed of time 1",
  );
  const alarm =
    "the site's policy refused 3 requests, the last at 2026-11-23T03:00:00.000Z by account; the site's audit says more";
  assert.match(mechanismText("alarm", alarm, "zh"), /^站点策略已拒绝 3 个请求，.*依据 account/);
  assert.match(mechanismText("alarm", alarm.replace("3", "1"), "en"), /^the site's policy refused a request, at 2026/);
  const rest = "slurmrestd unix:/run/slurmrestd/socket, v0.0.38, with weir-as";
  assert.equal(mechanismText("transport", rest, "en"), rest);
  assert.equal(
    mechanismText("transport", rest, "zh"),
    "slurmrestd unix:/run/slurmrestd/socket, v0.0.38，令牌由 weir-as 签发",
  );
  assert.equal(mechanismText("shared", "2, each the account of several people", "zh"), "2 个，各由多人共用");
  assert.equal(mechanismText("modules", "Lmod 9", "zh"), "Lmod 9");
  assert.equal(mechanismText("toString", "toString", "en"), "toString");
});

test("what asks for somebody comes first, what has no name here last, and each has its title", () => {
  const mechanisms = { transport: "slurmdbd", own: "x", memory: "by the kernel, through Slurm (cgroup)", alarm: "y" };
  assert.deepEqual(
    mechanismsInWords(mechanisms, "zh").map(({ title, text }) => `${title} ${text}`),
    ["警报 y", "访问方式 slurmdbd", "内存限制与峰值 由内核执行，经 Slurm（cgroup）", "own x"],
  );
});
