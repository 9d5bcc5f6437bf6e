// Keeps the server's part of the contract in local/start.ts, over a real connection to PostgreSQL; for tests.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

const pg = createRequire(import.meta.url)("pg");
const mark = (words) => appendFileSync(process.env.WEIR_TEST_MARKS, `server ${words}\n`);
const control = new Socket({ fd: Number(process.env.WEIR_CONTROL_FD), readable: true, writable: true });
const say = (line) => control.write(`${JSON.stringify(line)}\n`);
const end = (why) => {
  mark(`ends ${why}`);
  process.exit(0);
};

if (process.env.WEIR_TEST_REFUSE) {
  say({ refused: process.env.WEIR_TEST_REFUSE });
  await new Promise((resolve) => control.end(resolve));
  process.exit(1);
}
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", () => undefined);
await pool.query(
  "CREATE TABLE IF NOT EXISTS visit (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT now())",
);
const http = createServer(async (_request, response) => {
  try {
    await pool.query("INSERT INTO visit DEFAULT VALUES");
    const { rows } = await pool.query("SELECT count(*)::int AS visits FROM visit");
    response.end(JSON.stringify({ pid: process.pid, uid: process.getuid(), ...rows[0] }));
  } catch (error) {
    response.statusCode = 503;
    response.end(String(error));
  }
});
http.listen(Number(process.env.WEIR_PORT), "127.0.0.1", () => {
  const url = `http://127.0.0.1:${http.address().port}`;
  mark(`ready as ${process.getuid()}`);
  say({ ready: true, url, signInUrl: `${url}/sign-in#once` });
});
createInterface({ input: control }).on("line", (text) => {
  const line = JSON.parse(text);
  mark(`is asked ${text}`);
  if (line.want === "token") say({ token: line.have ?? "token-of-the-first-start" });
  if (line.want === "enrolment") say({ enrolment: `for-${line.centre}` });
});
control.on("end", () => end("without supervisor"));
process.on("SIGTERM", () => end("as asked"));
