import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonWords, rules } from "#core/scheduling/reasons.ts";

test("a rule and its facts become a sentence, in English and in Chinese", () => {
  const facts = { asked: 8, free: 2, total: 16, pool: "main" };
  assert.equal(reasonWords("cores-busy", facts, "en"), "needs 8 cores, 2 of 16 are free");
  assert.equal(reasonWords("cores-busy", facts, "zh"), "需要 8 核，16 核中空闲 2 核");
  assert.equal(reasonWords(null, { free: 2, total: 16 }, "en"), "fits, 2 of 16 cores are free");
  assert.equal(reasonWords("a-rule-of-a-later-weir", {}, "en"), "a-rule-of-a-later-weir");
});

test("both languages say the same facts of every rule", () => {
  const named = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
  for (const [rule, { en, zh }] of Object.entries(rules)) assert.deepEqual(named(en), named(zh), rule);
});

test("words of facts that are ours are in the reader's language, and one is one", () => {
  assert.equal(reasonWords("not-in-service", { lifeCycle: "trial" }, "en"), "not in service: on trial");
  assert.equal(reasonWords("not-in-service", { lifeCycle: "trial" }, "zh"), "未投入服务：试运行");
  assert.match(reasonWords("takes-nothing-new", { intake: "draining" }, "zh"), /：排空中$/);
  const cores = (asked: number) => reasonWords("cores-busy", { asked, free: 0, total: 8 }, "en");
  assert.deepEqual([1, 2].map(cores), ["needs 1 core, 0 of 8 are free", "needs 2 cores, 0 of 8 are free"]);
  const whole = (asked: number, found: number) =>
    reasonWords("whole-nodes-busy", { asked, found, cores: 2, pool: "main" }, "en");
  assert.equal(whole(1, 0), "needs 1 whole node of 2 cores, 0 of pool main are empty");
  assert.equal(whole(2, 1), "needs 2 whole nodes of 2 cores, 1 of pool main is empty");
  const only = { only: "jinan, qingdao" };
  assert.equal(reasonWords("not-among-wished", only, "en"), "the job asks for jinan, qingdao only");
  assert.equal(reasonWords("not-among-wished", only, "zh"), "作业只允许 jinan、qingdao");
  assert.match(reasonWords("several-nodes", { driver: "process", asked: 2 }, "zh"), /^单机中心只能在一个节点上/);
  assert.match(reasonWords("several-nodes", { driver: "process", asked: 2 }, "en"), /^a process centre runs/);
  const runtimes = { runtimes: "apptainer, pyxis, enroot, podman" };
  assert.equal(
    reasonWords("no-container-runtime", runtimes, "en"),
    "has no runtime for containers: none of apptainer, pyxis, enroot, podman",
  );
  assert.equal(
    reasonWords("no-container-runtime", runtimes, "zh"),
    "没有容器运行环境：apptainer、pyxis、enroot、podman 均无",
  );
  const from = { from: "not-stated", to: "cn-sd" };
  assert.match(reasonWords("no-agreement", from, "zh"), /^没有协议允许未声明区域的租户作业在 cn-sd 运行/);
  const facts = { asked: 3, cores: 1, memoryMib: 256, cards: 0, pool: "batch", found: 2 };
  const alike = (cards: number, language: "en" | "zh") =>
    reasonWords("too-few-nodes-alike", { ...facts, cards }, language);
  assert.equal(alike(0, "en"), "needs 3 nodes of 1 core and 256 MiB each, pool batch has 2");
  assert.equal(alike(2, "en"), "needs 3 nodes of 1 core, 256 MiB and 2 accelerators each, pool batch has 2");
  assert.equal(alike(0, "zh"), "需要 3 个各有 1 核、256 MiB 内存的节点，资源池 batch 有 2 个");
  const cards = (device: string, offered: string, language: "en" | "zh") =>
    reasonWords("no-such-accelerator", { device, offered, pool: "main" }, language);
  assert.equal(cards("any", "none", "en"), "needs accelerators (any model), pool main offers none");
  assert.equal(cards("any", "none", "zh"), "需要加速卡（任意型号），资源池 main 现有型号：无");
  assert.equal(
    cards("huawei/any", "nvidia/a100, x/y", "zh"),
    "需要加速卡（huawei，任意型号），资源池 main 现有型号：nvidia/a100、x/y",
  );
  assert.match(cards("any/npu", "none", "en"), /^needs accelerators \(npu\)/);
  const grant = { granted: "1", left: "0", asked: "0.5", unit: "core-ms" };
  assert.match(reasonWords("tenant-grant-used", grant, "en"), /^its tenant was granted 1 core-hour and has 0 left/);
});

test("no rule says one of several things, or leaves a fact unsaid", () => {
  for (const [rule, { en }] of Object.entries(rules)) {
    const facts = Object.fromEntries(
      [...en.matchAll(/\{(\w+)/g)].map(([, name]) => [name ?? "", name === "pool" || name === "device" ? "x" : 1]),
    );
    for (const language of ["en", "zh"] as const)
      assert.doesNotMatch(reasonWords(rule, facts, language), /[{}|?]/, rule);
    assert.doesNotMatch(
      reasonWords(rule, facts, "en"),
      /\b1 (whole |such )?(cores|nodes|groups|tasks|runs|jobs|licences|accelerators|are|have|wait)\b/,
      rule,
    );
  }
});

test("another job is called one, as its number alone says nothing", () => {
  const facts = { ahead: "12_3", inS: 60, askedS: 120, pool: "main" };
  assert.equal(
    reasonWords("reserved-for-earlier", facts, "en"),
    "fits, but job 12_3 has a place in pool main in 1 min, and this one may last 2 min and would delay it",
  );
  assert.match(reasonWords("behind-in-queue", facts, "zh"), /^放得下，但作业 12_3 先到/);
  assert.equal(reasonWords("dependency-waits", { open: 1, awaited: "7 afterok" }, "en"), "waits for job 7 (afterok)");
  const two = { open: 2, awaited: "7 afterok, 8_3 afterany" };
  assert.equal(reasonWords("dependency-waits", two, "en"), "waits for jobs 7 (afterok), 8_3 (afterany)");
  assert.equal(reasonWords("dependency-waits", two, "zh"), "等待作业 7（afterok）、8_3（afterany）");
});
