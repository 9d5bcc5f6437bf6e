// Keeps the agent's part of the contract in local/start.ts: enrols once, and is ready when the server answers; for tests.
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const mark = (words) => appendFileSync(process.env.WEIR_TEST_MARKS, `agent ${words}\n`);
const control = new Socket({ fd: Number(process.env.WEIR_CONTROL_FD), readable: true, writable: true });
const say = (line) => control.write(`${JSON.stringify(line)}\n`);
const end = (why) => {
  mark(`ends ${why}`);
  process.exit(0);
};
control.on("end", () => end("without supervisor"));
process.on("SIGTERM", () => end("as asked"));

const credential = join(process.env.WEIR_HOME, "agent", "credential");
const lines = createInterface({ input: control });
if (!existsSync(credential)) {
  say({ want: "enrolment" });
  const token = await new Promise((resolve) => lines.on("line", (text) => resolve(JSON.parse(text).enrolment)));
  mark(`enrols ${token}`);
  writeFileSync(credential, token, { mode: 0o600 });
}
await fetch(process.env.WEIR_SERVER_URL);
const leaked = Object.keys(process.env).filter((name) => /^(npm_|NODE|DATABASE|WEIR_TOKEN|INIT_CWD)/.test(name));
mark(`ready as ${process.getuid()} with ${leaked.join() || "nothing"} of npm's`);
say({ ready: true });
