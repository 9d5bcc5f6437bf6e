import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { createClient, messagesOf, NoAnswer } from "#api/client.ts";

function answering(response: () => Response) {
  const seen: { url: string; init: RequestInit }[] = [];
  const client = createClient({
    baseUrl: "http://weir.test",
    token: () => "secret",
    language: () => "zh",
    fetch: async (url, init) => {
      seen.push({ url, init });
      return response();
    },
  });
  return { client, seen };
}

test("a call goes to the route's path with its parameters, query and headers", async () => {
  const { client, seen } = answering(() => Response.json({ tasks: 1 }));
  const reply = await client.call("cancel", { params: { job: 7 }, body: { index: 3 } }, { idempotencyKey: "k" });
  assert.deepEqual(reply, { kind: "answer", status: 200, value: { tasks: 1 } });
  assert.equal(seen[0]?.url, "http://weir.test/api/v1/jobs/7/cancel");
  const headers = new Headers(seen[0]?.init.headers);
  assert.equal(headers.get("idempotency-key"), "k");
  assert.equal(headers.get("authorization"), "Bearer secret");
  assert.equal(headers.get("accept-language"), "zh");
  assert.equal(seen[0]?.init.body, '{"index":3}');

  await client.call("log", { params: { job: 7 }, query: { stream: "stderr", offset: -100 } });
  assert.equal(seen[1]?.url, "http://weir.test/api/v1/jobs/7/log?stream=stderr&offset=-100");
});

test("every idempotent call has a key of its own where none is given", async () => {
  const { client, seen } = answering(() => Response.json({}));
  await client.call("addTenant", { body: { name: "a" } });
  await client.call("addTenant", { body: { name: "a" } });
  const keys = seen.map(({ init }) => new Headers(init.headers).get("idempotency-key"));
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
  assert.notEqual(keys[0], keys[1]);
});

test("a refusal is returned; what is not the API is thrown", async () => {
  const problem = { type: "/api/problems/not-found", title: "Not found", status: 404, detail: "no job 9" };
  const refused = answering(() => Response.json(problem, { status: 404 }));
  assert.deepEqual(await refused.client.call("job", { params: { job: 9 } }), { kind: "problem", problem });
  const page = answering(() => new Response("<html>", { status: 502 }));
  await assert.rejects(page.client.call("me"), NoAnswer);
  const other = answering(() => Response.json({ title: "Unauthorized", detail: "no key" }, { status: 401 }));
  await assert.rejects(other.client.call("me"), (error) => error instanceof NoAnswer && error.foreign);
});

test("an answer that is cut in its middle, as by a server that is killed, is none", async (context) => {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
    response.write('{"tasks":');
  });
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  context.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = createClient({
    baseUrl: `http://127.0.0.1:${address.port}`,
    fetch: async (url, init) => {
      const begun = await fetch(url, init);
      for (const socket of sockets) socket.resetAndDestroy();
      return begun;
    },
  });
  await assert.rejects(client.call("me"), (error) => error instanceof NoAnswer && /was cut/.test(error.message));
  const stop = new AbortController();
  stop.abort(new Error("given up"));
  await assert.rejects(client.call("me", {}, { signal: stop.signal }), /given up/);
});

test("a stream is read whole however its bytes are cut", async () => {
  const text =
    ': hello\n\nid: 12\ndata: {"a":"堰"}\n\nevent: message\r\nid: 13\r\ndata: {"a":\r\ndata: 2}\r\n\r\nevent: problem\ndata: {"title":"gone"}\n\ndata: {"a":3}\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 3, 7, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const messages = [];
    for await (const message of messagesOf<{ a: unknown }>(body)) messages.push(message);
    assert.deepEqual(messages, [
      { kind: "data", id: "12", value: { a: "堰" } },
      { kind: "data", id: "13", value: { a: 2 } },
      { kind: "problem", problem: { title: "gone" } },
    ]);
  }
});
