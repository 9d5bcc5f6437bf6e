import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "#agent/connection.ts";
import { joinCentre } from "#server/http/joined-centre-testing.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { eventually, repository } from "./network.ts";

// The sample for nginx in the guide "Join a Slurm centre", as it stands but for its names, port and paths, in front of a
// real server: what the guide says that a proxy has to do, each by what breaks without it.

const skip = requires("nginx");
let server: TestServer;
let nginx: ChildProcess | null = null;
let folder = "";
let port = 0;
const ca = () => readFileSync(join(folder, "cert.pem"));

before(async () => {
  if (skip) return;
  server = await startTestServer({ publicUrl: "https://weir.example" });
  folder = mkdtempSync(join(tmpdir(), "weir-nginx-"));
  // Its workers are another user's where root starts it.
  chmodSync(folder, 0o755);
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem"), "-subj", "/CN=weir.example"],
      ...["-addext", "subjectAltName=DNS:weir.example,DNS:localhost"],
    ],
    { stdio: "pipe" },
  );
  const guide = readFileSync(join(repository, "docs/guides/join-a-slurm-centre.md"), "utf8");
  const sample = /^```nginx\n([\s\S]*?)^```/m.exec(guide)?.[1] ?? assert.fail("the guide has no sample for nginx");
  const here = sample
    .replace("listen 443 ssl", "listen 127.0.0.1:PORT ssl")
    .replace("/etc/ssl/certs/weir.example.pem", join(folder, "cert.pem"))
    .replace("/etc/ssl/private/weir.example.key", join(folder, "key.pem"))
    .replace("http://127.0.0.1:8470", server.url);
  assert.ok(!here.includes("8470") && !here.includes("/etc/ssl"), here);
  nginx = await startNginx(here);
});
after(async () => {
  if (nginx?.exitCode === null) {
    nginx.kill("SIGQUIT");
    await once(nginx, "exit");
  }
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

/** At a port that is free when it asks for it: whoever takes it meanwhile keeps it, and another one is tried. */
async function startNginx(site: string): Promise<ChildProcess> {
  const log = join(folder, "error.log");
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const words = ["-c", join(folder, "nginx.conf"), "-e", log];
  for (let tries = 0; tries < 20; tries += 1) {
    port = await freePort();
    writeFileSync(
      join(folder, "nginx.conf"),
      `worker_processes 1;\npid ${folder}/pid;\nerror_log ${log};\nevents {}\nhttp {\naccess_log off;\n${places.join("\n")}\n${site.replace("PORT", String(port))}}\n`,
    );
    writeFileSync(log, "");
    const child = spawn("/usr/sbin/nginx", [...words, "-g", "daemon off;"], { stdio: ["ignore", "inherit", "ignore"] });
    const came = await eventually("nginx answers", async () => {
      if (child.exitCode !== null) return "ended";
      return (await ask("GET", "/health").catch(() => null)) === null ? null : "answers";
    });
    if (came === "answers") return child;
    const said = readFileSync(log, "utf8");
    assert.match(said, /bind\(\) to \S+ failed \(98: /, said);
  }
  return assert.fail("no port stayed free");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : assert.fail();
}

type Asked = { readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** As somebody who has looked the name up: TLS and `Host` say weir.example. */
function open(method: string, path: string, { headers = {}, body }: Asked = {}) {
  const sent = request({
    ...{ host: "127.0.0.1", port, servername: "weir.example", ca: ca(), method, path: `/api/v1${path}` },
    headers: {
      host: "weir.example",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
  });
  sent.end(body);
  return once(sent, "response").then(([response]) => response);
}

async function ask(method: string, path: string, asked: Asked = {}): Promise<{ status: number; text: string }> {
  const response = await open(method, path, asked);
  let text = "";
  for await (const piece of response) text += piece;
  return { status: response.statusCode ?? 0, text };
}

const signedIn = () => ({ authorization: `Bearer ${server.token}` });

test("the name that was asked for arrives, and another is refused", { skip }, async () => {
  assert.deepEqual(await ask("GET", "/health"), { status: 200, text: '{"ok":true}' });
  assert.equal((await ask("GET", "/health", { headers: { host: "other.example" } })).status, 421);
});

test("who asks is who the proxy sees, whatever the caller says of itself", { skip }, async () => {
  const headers = (said: number) => ({ "x-forwarded-for": `198.51.100.${said}` });
  const body = JSON.stringify({ name: "admin", password: "not the one" });
  let last = 0;
  // Failures of one address are slowed down: a caller who invents a new address each time is still that one.
  for (let tries = 0; tries < 30 && last !== 429; tries += 1)
    last = (await ask("POST", "/sign-in", { headers: headers(tries), body })).status;
  assert.equal(last, 429);
});

test("the greatest bodies that the server takes get through", { skip }, async () => {
  const contentBase64 = Buffer.alloc(9 << 20, 7).toString("base64");
  const inputFiles = [{ path: "data", contentBase64, executable: false }];
  const job = JSON.stringify({ command: ["true"], inputFiles });
  assert.ok(job.length > 12 << 20);
  const taken = await ask("POST", "/jobs/dry-run", { headers: signedIn(), body: job });
  assert.equal(taken.status, 200, taken.text.slice(0, 500));
  const bulk = await ask("POST", "/jobs/bulk", { headers: signedIn(), body: `{"jobs":[${job},${job}]}` });
  assert.equal(bulk.status, 201, bulk.text.slice(0, 500));
});

test("an event arrives when it happens, not when the stream ends", { skip, timeout: 60_000 }, async () => {
  const stream = await open("GET", "/events", { headers: signedIn() });
  assert.equal(stream.statusCode, 200);
  let text = "";
  stream.on("data", (piece: Buffer) => (text += piece));
  const submitted = await ask("POST", "/jobs", { headers: signedIn(), body: JSON.stringify({ command: ["true"] }) });
  const { id } = JSON.parse(submitted.text);
  await eventually("the event is there", async () => (text.includes(`"job":${id}`) ? true : null), 30_000);
  stream.destroy();
});

test("an agent's quiet call of 25 s is answered, over TLS with the site's own certificate", {
  skip,
  timeout: 90_000,
}, async () => {
  const { credential } = await joinCentre(server, "far", "process");
  const connection = connect(`https://localhost:${port}`, { WEIR_CA_FILE: join(folder, "cert.pem") });
  try {
    const begun = await connection.post("/agent/session", { agentVersion: "1" }, credential, 20_000);
    assert.ok(begun.kind === "ok", JSON.stringify(begun));
    const session = (begun.body as { session: number }).session;
    const report = { protocol: 1, session, agentVersion: "1", engine: null, observations: [], waitMs: 0 };
    const first = await connection.post("/agent/sync", { ...report, server: "", generation: 0 }, credential, 20_000);
    assert.ok(first.kind === "ok", JSON.stringify(first));
    const { server: instance, generation } = first.body as { server: string; generation: number };
    const beganMs = performance.now();
    const quiet = { ...report, server: instance, generation, waitMs: 25_000 };
    const answer = await connection.post("/agent/sync", quiet, credential, 60_000);
    assert.equal(answer.kind, "ok");
    assert.ok(performance.now() - beganMs > 24_000, `${performance.now() - beganMs} ms`);
  } finally {
    connection.close();
  }
});
