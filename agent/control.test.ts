import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { test } from "node:test";

test("who waits for an enrolment token that nobody gives ends when it is told to", { timeout: 60_000 }, async (t) => {
  const control = new URL("./control.ts", import.meta.url).href;
  const program = `
    const { openControl } = await import(${JSON.stringify(control)});
    const control = openControl(process.env);
    const token = await control.enrolmentToken("left");
    control.close();
    process.exit(token === null && (await control.enrolmentToken("left")) === null ? 0 : 1);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, WEIR_CONTROL_FD: "3" },
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [asked] = await once(child.stdio[3] as Duplex, "data");
  assert.deepEqual(JSON.parse(String(asked)), { want: "enrolment", centre: "left" });
  child.kill("SIGTERM");
  const [status, signal] = await once(child, "exit");
  assert.deepEqual([status, signal], [0, null]);
});
