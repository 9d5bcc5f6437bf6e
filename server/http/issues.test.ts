import assert from "node:assert/strict";
import { test } from "node:test";
import { jobRequest, jobsQuery } from "#api/job.ts";
import { parsePart, RefusedRequest } from "./problem.ts";

function issue(value: unknown, language: "en" | "zh", schema: typeof jobRequest | typeof jobsQuery = jobRequest) {
  try {
    parsePart(schema, value, language);
  } catch (error) {
    if (!(error instanceof RefusedRequest) || error.refusal.kind !== "invalid-request") throw error;
    return error.refusal.issues;
  }
  return assert.fail("it fits");
}

const cases: readonly (readonly [value: unknown, path: string, en: string, zh: string])[] = [
  [{ nodes: 1.5 }, "nodes", "must be a whole number", "应为整数"],
  [{ nodes: "2" }, "nodes", "must be a number", "应为数字"],
  [{ nodes: 0 }, "nodes", "must be at least 1", "应不小于 1"],
  [{ retries: 101 }, "retries", "must be at most 100", "应不大于 100"],
  [{ name: "" }, "name", "cannot be empty", "不能为空"],
  [{ name: "x".repeat(201) }, "name", "must have at most 200 characters", "应不多于 200 个字符"],
  [{ name: "a\0" }, "name", "holds a NUL, which nothing downstream can carry", "含有 NUL，文件、变量与脚本均无法携带"],
  [{ name: 7 }, "name", "must be text", "应为文本"],
  [{ command: [] }, "command", "must have at least 1 entry", "应不少于 1 项"],
  [{ command: "true" }, "command", "must be a list", "应为列表"],
  [{ onUnreachable: { kind: "restart-after" } }, "onUnreachable.delayS", "is missing", "缺少此项"],
  [
    { labels: { "a\nb": "x" } },
    "labels.a\\nb",
    "holds U+000A; a name is one line, without characters that steer a terminal or turn its text around",
    "含有 U+000A；名称须为一行，不得含控制终端或改变文字方向的字符",
  ],
  [
    { preemptible: "yes" },
    "preemptible",
    "must be one of no, restarts, checkpoints",
    "应为 no、restarts、checkpoints 之一",
  ],
  [{ colour: 1 }, "colour", "there is no such field", "没有此字段"],
  [
    { inputFiles: [{ path: "a", contentBase64: "%" }] },
    "inputFiles[0].contentBase64",
    "must be base64 (RFC 4648, padded)",
    "应为 base64 编码（RFC 4648，含填充）",
  ],
  [{ inputFiles: [{ path: "a" }] }, "inputFiles[0].contentBase64", "is missing", "缺少此项"],
  [
    { environment: { "1A": "x" } },
    "environment.1A",
    "must be a variable's name: letters, digits and underscores, the first no digit",
    "应为变量名：字母、数字、下划线，首位不为数字",
  ],
  [
    { centres: { only: ["-x"] } },
    "centres.only[0]",
    "must be 1 to 63 characters of a to z, 0 to 9 and dash, the first and last no dash",
    "应为 1 至 63 个字符：a 至 z、0 至 9、连字符，首尾不为连字符",
  ],
  [
    { container: "ubuntu" },
    "container",
    "name a container by digest: NAME@sha256:… with 64 hexadecimal digits",
    "请以摘要指明容器：NAME@sha256:…，后接 64 位十六进制数字",
  ],
];

for (const [value, path, en, zh] of cases) {
  test(`${path}: ${en}`, () => {
    assert.deepEqual(issue(value, "en"), [{ path, words: en }]);
    assert.deepEqual(issue(value, "zh"), [{ path, words: zh }]);
  });
}

test("a query's text that is no number is told so, not NaN", () => {
  assert.deepEqual(issue({ limit: "many" }, "en", jobsQuery), [{ path: "limit", words: "must be a number" }]);
  assert.deepEqual(issue({ limit: "many" }, "zh", jobsQuery), [{ path: "limit", words: "应为数字" }]);
});

test("a short name's pattern has words", () => {
  assert.match(String(issue({ project: "Big One" }, "en")[0]?.words), /^must be 1 to 63 characters of a to z/);
  assert.match(String(issue({ project: "Big One" }, "zh")[0]?.words), /^应为 1 至 63 个字符/);
});

test("each field has one line, and no answer has more than twenty", () => {
  const label = { [`${"k".repeat(64)}`]: "v" };
  assert.equal(issue({ name: `\0${"x".repeat(300)}`, labels: label }, "en").length, 2);
  assert.equal(issue({ command: Array.from({ length: 30 }, () => 1) }, "en").length, 20);
});
