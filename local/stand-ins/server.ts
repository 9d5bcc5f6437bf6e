// Keeps the server's part of the contract in local/start.ts, over a real connection to PostgreSQL; for tests.
import { createServer } from "node:http";
import pg from "pg";
import { standIn } from "./control.ts";

const { mark, say, endAfterSaying } = standIn("server", (line) => {
  mark(`is asked ${JSON.stringify(line)}`);
  if (line.want === "token") say({ token: line.have ?? "token-of-the-first-start" });
  if (line.want === "enrolment") say({ enrolment: `for-${line.centre}` });
});
if (process.env.WEIR_TEST_FAIL) throw new Error(process.env.WEIR_TEST_FAIL);
if (process.env.WEIR_TEST_REFUSE) {
  endAfterSaying({ refused: process.env.WEIR_TEST_REFUSE });
} else {
  await serve();
}

async function serve(): Promise<void> {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  pool.on("error", () => undefined);
  await pool.query("CREATE TABLE IF NOT EXISTS visit (id bigint GENERATED ALWAYS AS IDENTITY)");
  const http = createServer(async (_request, response) => {
    try {
      await pool.query("INSERT INTO visit DEFAULT VALUES");
      const { rows } = await pool.query("SELECT count(*)::int AS visits FROM visit");
      response.end(JSON.stringify({ pid: process.pid, uid: process.getuid?.(), ...rows[0] }));
    } catch (error) {
      response.statusCode = 503;
      response.end(String(error));
    }
  });
  http.listen(Number(process.env.WEIR_PORT), "127.0.0.1", () => {
    const address = http.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    mark(`ready as ${process.getuid?.()}`);
    say({ ready: true, url, signInUrl: `${url}/sign-in#once` });
  });
}
