import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodes, stopOf } from "#cli/stop.ts";

const problem = (title: string, detail: string) =>
  stopOf({ type: "/api/problems/invalid-request", title, detail, status: 400, facts: {} });

test("a refusal of one thing is one line, of several one a line", () => {
  const one = problem("Bad value", "--mem cannot be 0.");
  assert.deepEqual([one.message, one.exitCode], ["Bad value. --mem cannot be 0.", exitCodes.refused]);
  const several = problem(
    "The request does not fit the rules",
    "nodes: must be at least 1.\nfoo: there is no such field.",
  );
  assert.deepEqual(several.message.split("\n"), [
    "The request does not fit the rules:",
    "  nodes: must be at least 1.",
    "  foo: there is no such field.",
  ]);
  assert.equal(problem("值不正确", "--mem 不能为 0。").message, "值不正确。--mem 不能为 0。");
});
