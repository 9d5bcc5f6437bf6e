import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  connect as connectTo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { connect, Unreachable } from "#agent/connection.ts";

// The way out of a site (P6): HTTPS with a certificate of the site's own, through a proxy, and no other way in secret.

let folder = "";
let tls: Server;
let proxy: Server;
const tunnels: string[] = [];
const openSockets = new Set<Socket>();

const answer: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
  request.resume();
  response.writeHead(401, { "content-type": "application/json" });
  response.end(JSON.stringify({ type: "about:x/sign-in-first", detail: "no" }));
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-connection-"));
  const file = (name: string) => join(folder, name);
  const subject = ["-subj", "/CN=weir.example", "-addext", "subjectAltName=DNS:weir.example,IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file("key.pem")];
  execFileSync("openssl", ["req", "-x509", ...key, ...subject, "-days", "1", "-out", file("ca.pem")], {
    stdio: "pipe",
  });
  tls = createTlsServer({ key: readFileSync(file("key.pem")), cert: readFileSync(file("ca.pem")) }, answer);
  proxy = createHttpServer().on("connect", (request: IncomingMessage, socket: Socket) => {
    tunnels.push(request.url ?? "");
    const onward = connectTo(portOf(tls), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) {
      openSockets.add(end);
      end.on("error", () => {});
    }
  });
  for (const server of [tls, proxy]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
});
after(() => {
  for (const socket of openSockets) socket.destroy();
  for (const server of [tls, proxy]) server?.close();
  rmSync(folder, { recursive: true });
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function ask(url: string, environment: Readonly<Record<string, string>>) {
  const connection = connect(url, environment);
  try {
    return await connection.post("/agent/session", {}, null, 60_000);
  } finally {
    connection.close();
  }
}

test("a certificate of the site's own is trusted where WEIR_CA_FILE names it, and only there", async () => {
  const url = `https://127.0.0.1:${portOf(tls)}`;
  await assert.rejects(ask(url, {}), (error) => error instanceof Unreachable && /self-signed/.test(error.message));
  // Node's own advice, about a switch that nobody here can set, is left out.
  await assert.rejects(ask(url, {}), ({ message }: Error) => !/Node\.js|--use-system-ca/.test(message));
  const absent = join(folder, "absent.pem");
  await assert.rejects(ask(url, { WEIR_CA_FILE: absent }), /^Error: WEIR_CA_FILE: ENOENT.*absent\.pem/);
  const askedMs = Date.now();
  const answered = await ask(url, { WEIR_CA_FILE: join(folder, "ca.pem") });
  assert.equal(answered.kind === "refused" && answered.status, 401);
  // HTTP leaves out what is less than a second.
  const { serverMs } = answered;
  assert.ok(serverMs !== null && serverMs > askedMs - 1_000 && serverMs <= Date.now(), `${serverMs}`);
});

test("HTTPS_PROXY is the way out, NO_PROXY the exception, and a server on this machine needs none", async () => {
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`, WEIR_CA_FILE: join(folder, "ca.pem") };
  const answered = await ask("https://weir.example:4443", environment);
  assert.equal(answered.kind === "refused" && answered.status, 401);
  assert.deepEqual(tunnels, ["weir.example:4443"]);
  await assert.rejects(ask("https://weir.example:4443", { ...environment, NO_PROXY: "weir.example" }), Unreachable);
  await ask(`https://127.0.0.1:${portOf(tls)}`, environment);
  assert.equal(tunnels.length, 1);
});

/** A server of a test's own, and an agent's `post` to it. */
async function serverWith(server: Server, context: TestContext) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = connect(`http://127.0.0.1:${portOf(server)}`, {});
  context.after(() => {
    connection.close();
    server.close();
  });
  return { connection, post: () => connection.post("/agent/sync", {}, "credential", 60_000) };
}

test("a kept connection that is closed at the moment of its next use costs nothing; a fresh one that is, is trouble", async (context) => {
  const answered = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
  let connections = 0;
  let isBroken = false;
  const server = createTcpServer((socket) => {
    connections += 1;
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      if (!piece.toString().startsWith("POST ")) return;
      requests += 1;
      if (isBroken || requests > 1) socket.resetAndDestroy();
      else socket.write(answered);
    });
  });
  const { post } = await serverWith(server, context);
  for (const made of [1, 2, 3]) {
    assert.equal((await post()).kind, "ok");
    assert.equal(connections, made);
  }
  isBroken = true;
  await assert.rejects(post(), (error) => error instanceof Unreachable && /ECONNRESET|hang up/.test(error.message));
  assert.equal(connections, 4, "the kept one, then another, and no more");
});

test("what was said a while ago is not said once more as it was", async (context) => {
  let said = 0;
  const server = createHttpServer((request, response) => {
    said += 1;
    if (said === 1) response.writeHead(200, { "content-type": "application/json" }).end("{}");
    else setTimeout(() => request.socket.resetAndDestroy(), 2_100);
  });
  const { post } = await serverWith(server, context);
  assert.equal((await post()).kind, "ok");
  await assert.rejects(post(), Unreachable);
  assert.equal(said, 2);
});

test("what is under way when the connection is closed is not said once more", async (context) => {
  let requests = 0;
  const second = Promise.withResolvers<void>();
  const server = createHttpServer((request, response) => {
    requests += 1;
    request.resume();
    if (requests === 1) response.end("{}");
    else second.resolve();
  });
  const { connection, post } = await serverWith(server, context);
  await post();
  const poll = assert.rejects(post(), Unreachable);
  await second.promise;
  connection.close();
  await poll;
  assert.equal(requests, 2);
});

test("an agent that asks its server by HTTP holds neither TLS nor fetch in memory", () => {
  const program = `await import("${import.meta.resolve("./run-agent.ts")}");
    const { connect } = await import("${import.meta.resolve("./connection.ts")}");
    connect("http://127.0.0.1:1", {});
    console.log(process.moduleLoadList.filter((name) => /undici|\\b(tls|https)\\b/.test(name)).join());`;
  const words = ["--input-type=module", "--eval", program];
  assert.equal(execFileSync(process.execPath, words, { encoding: "utf8" }).trim(), "");
});
