import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { createServer as createRawServer } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { parseAnswer, plainHttp } from "#cli/plain-http.ts";

async function answeredBy(listener: RequestListener, init: RequestInit = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await plainHttp(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/a?b=c`, init);
  } finally {
    server.close();
  }
}

test("bodies with a length, in chunks, and none at all", async () => {
  const sized = await answeredBy((request, response) => response.end(`${request.method} ${request.url} 你`));
  assert.deepEqual([sized.ok, sized.status, await sized.text()], [true, 200, "GET /a?b=c 你"]);
  const chunked = await answeredBy((_, response) => {
    response.statusCode = 404;
    response.write("x".repeat(100_000));
    response.end("\r\n0\r\n\r\ny");
  });
  assert.deepEqual([chunked.ok, chunked.status], [false, 404]);
  assert.equal(await chunked.text(), `${"x".repeat(100_000)}\r\n0\r\n\r\ny`);
  assert.equal(await (await answeredBy((_, response) => response.writeHead(204).end())).text(), "");
  const open = Buffer.from("HTTP/1.1 200 OK\r\n\r\nhalf");
  assert.equal(parseAnswer(open, false), null, "only the end of the connection ends it");
  assert.equal(await parseAnswer(open, true)?.text(), "half");
});

test("what is sent arrives whole, with its headers", async () => {
  const text = JSON.stringify({ a: "堰".repeat(500_000) });
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer x" },
    body: text,
  };
  const answer = await answeredBy(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const same = Buffer.concat(pieces).toString() === text;
    response.end(`${same} ${request.headers.authorization} ${request.headers["content-type"]}`);
  }, init);
  assert.equal(await answer.text(), "true Bearer x application/json");
});

test("a cut answer and a closed port are trouble, not an answer", async () => {
  const cut = (_: unknown, response: Parameters<RequestListener>[1]) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setTimeout(() => response.socket?.end(), 20);
  };
  await assert.rejects(answeredBy(cut), /cut in the middle/);
  const raw = createRawServer((socket) => socket.resume().end("SSH-2.0\r\n"));
  await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
  const address = raw.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
  await assert.rejects(plainHttp(url, {}), /cut in the middle|ECONNRESET|EPIPE/);
  await new Promise((resolve) => raw.close(resolve));
  await assert.rejects(plainHttp(url, {}), { code: "ECONNREFUSED" });
});

test("property: an answer cut anywhere is not taken for whole", () => {
  const whole = Buffer.from(
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n3;x=y\r\nway\r\n0\r\n\r\n",
  );
  const last = whole.length - 2;
  fc.assert(fc.property(fc.nat(last - 3), (at) => assert.equal(parseAnswer(whole.subarray(0, at), true), null)));
  assert.notEqual(parseAnswer(whole, false), null);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseAnswer(Buffer.from(bytes), true)));
});
