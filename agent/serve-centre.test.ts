import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { connect } from "#agent/connection.ts";
import type { Driver } from "#agent/driver.ts";
import { idleDriver } from "#agent/driver-testing.ts";
import { serveCentre } from "#agent/serve-centre.ts";
import { jobId, runId } from "#core/ids.ts";

// P6: no retry storm when the server is down. The agent's own loops over real sockets, against a server that is not well.

const scratch = mkdtempSync(join(tmpdir(), "weir-storm-"));
after(() => rmSync(scratch, { recursive: true }));

/** Something is there to be told, and must not be told in a circle. */
const run = runId({ job: jobId(1), index: 0, attempt: 1 });
const driver: Driver = {
  ...idleDriver,
  find: async () => [{ run, state: "running", startedMs: 1 }],
};

type Ill = "answers 503" | "cuts each connection" | "takes sessions, and answers 503 to what is said in them";

async function asked(ill: Ill, forMs: number): Promise<readonly { readonly path: string; readonly atMs: number }[]> {
  const folder = join(scratch, ill.replaceAll(" ", "-"));
  mkdirSync(folder);
  const credential = { centre: "alpha", credential: "weir-centre-x", rotateAtMs: Date.now() + 86_400_000 };
  writeFileSync(join(folder, "credential"), JSON.stringify(credential));
  const seen: { path: string; atMs: number }[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? "";
    seen.push({ path, atMs: performance.now() });
    request.resume();
    if (ill === "cuts each connection") return void request.socket.destroy();
    const isSession = ill.startsWith("takes sessions") && path.endsWith("/session");
    response.writeHead(isSession ? 200 : 503, { "content-type": "application/json" });
    response.end(isSession ? '{"session":1,"mark":"abcd1234"}' : "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const connection = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
  const gone = new AbortController();
  const control = {
    ready: () => {},
    refused: async () => {},
    enrolmentToken: async () => null,
    gone: gone.signal,
    close: () => {},
  };
  const centre = { name: "alpha", folder, open: async () => driver };
  const log = pino({ level: "silent" });
  const serving = serveCentre({ centre, connection, control, agentVersion: "1.0.0", log, onReady: () => {} });
  await delay(forMs);
  const during = [...seen];
  gone.abort();
  assert.equal(await serving, 0);
  connection.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return during;
}

// 0.2 s doubling, spread by at most a third: at most a word at 0, 0.2, 0.6, 1.4, 3, 6.2 s, and no fewer than by a third later.
const forMs = 6_500;
const [least, most] = [4, 6];

for (const ill of ["answers 503", "cuts each connection"] as const)
  test(`a server that ${ill} is asked less and less often`, async () => {
    const words = await asked(ill, forMs);
    assert.ok(words.every(({ path }) => path === "/api/v1/agent/session"));
    assert.ok(words.length >= least && words.length <= most, `${words.length} times`);
    const gaps = words.slice(1).map(({ atMs }, at) => atMs - (words[at]?.atMs ?? 0));
    for (const [at, gap] of gaps.entries()) assert.ok(gap >= 195 * 2 ** at, `gap ${at} of ${Math.round(gap)} ms`);
  });

test("a session that has begun is no storm either, by neither of its loops", async () => {
  const words = await asked("takes sessions, and answers 503 to what is said in them", forMs);
  const syncs = words.filter(({ path }) => path.endsWith("/sync")).length;
  assert.equal(words.length - syncs, 1, "one session");
  assert.ok(syncs >= 2 * least && syncs <= 2 * most, `${syncs} syncs`);
});
