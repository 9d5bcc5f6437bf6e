import assert from "node:assert/strict";
import { test } from "node:test";
import { goTogether } from "./agent-version.ts";

test("the first two numbers decide", () => {
  for (const [agent, server] of [
    ["0.1.0", "0.1.0"],
    ["0.1.9", "0.1.0"],
    ["0.1.0", "0.1.12"],
    ["2.10.3", "2.10.0-rc.1"],
  ] as const)
    assert.equal(goTogether(agent, server), true, `${agent} ${server}`);
  for (const [agent, server] of [
    ["0.2.0", "0.1.0"],
    ["1.1.0", "0.1.0"],
    ["0.1.0", "0.11.0"],
    ["", "0.1.0"],
  ] as const)
    assert.equal(goTogether(agent, server), false, `${agent} ${server}`);
});
