import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

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

test("an agent whose settings make no sense tells whoever started it, and ends", { timeout: 60_000 }, async (t) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url))], {
    env: { ...process.env, WEIR_CONTROL_FD: "3", WEIR_SERVER_URL: "http://127.0.0.1:1", WEIR_LOCAL_CORES: "-2" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const [said] = await once(child.stdio[3] as Duplex, "data");
  const refused = 'WEIR_LOCAL_CORES must be an integer from 1 to 1000000, not "-2".';
  assert.deepEqual(JSON.parse(String(said)), { refused });
  assert.equal((await ended)[0], 1);
});
