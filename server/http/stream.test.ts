import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import Fastify from "fastify";
import type { Sink } from "./handler.ts";
import { runStream } from "./stream.ts";

async function serve(run: (sink: Sink<unknown>) => Promise<void>, stopping = new AbortController()) {
  const app = Fastify();
  app.get("/", (request, reply) =>
    runStream(request, reply, run, {
      stopping: stopping.signal,
      language: "en",
      stillAllowed: async () => true,
      onForget: () => () => undefined,
    }),
  );
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, port, close: () => app.close() };
}

test("a reader that lets a stream pile up is cut before it costs memory", async () => {
  let sent = 0;
  const { promise: cut, resolve } = Promise.withResolvers<void>();
  const server = await serve(async (sink) => {
    const item = { text: "x".repeat(65_536) };
    // Without a pause the socket never gets to send, and with one only what the kernel takes leaves.
    while (sink.send(String(sent), item)) {
      sent++;
      await new Promise((done) => setImmediate(done));
    }
    assert.equal(sink.closed.aborted, true);
    resolve();
  });
  const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  socket.on("error", () => undefined);
  socket.pause();
  await cut;
  assert.ok(sent > 10 && sent < 2000, `${sent} pieces of 64 KiB`);
  socket.destroy();
  await server.close();
});

test("a stream says at once that it is there, numbers its events, and ends with its problem", async () => {
  const server = await serve(async (sink) => {
    sink.send("7", { a: 1 });
    sink.problem({ kind: "log-unavailable", because: "centre-away", centre: "alpha" });
  });
  const response = await fetch(server.url);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const text = await response.text();
  assert.match(
    text,
    /^: weir\n\nid: 7\ndata: \{"a":1\}\n\nevent: problem\ndata: \{"type":"\/api\/problems\/log-unavailable"/,
  );
  await server.close();
});

test("a server that stops ends its streams", async () => {
  const stopping = new AbortController();
  const server = await serve(
    (sink) => new Promise((resolve) => sink.closed.addEventListener("abort", () => resolve())),
    stopping,
  );
  const response = await fetch(server.url);
  stopping.abort();
  assert.equal(await response.text(), ": weir\n\n");
  await server.close();
});
