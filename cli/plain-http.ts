import { connect } from "node:net";
import type { Answered } from "#api/client.ts";

/**
 * One request over plain HTTP/1.1 (RFC 9112), one connection for it. It exists for the time it saves: Node's fetch and
 * node:http take 100 ms of CPU to load, more than all the rest of `weir jobs`. Streams and https go through fetch.
 */
export function plainHttp(url: string, init: RequestInit): Promise<Answered> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const body = typeof init.body === "string" ? Buffer.from(init.body) : null;
  const headers = Object.entries({
    ...(init.headers as Readonly<Record<string, string>>),
    host,
    connection: "close",
    ...(body && { "content-length": `${body.length}` }),
  });
  const head = [
    `${init.method ?? "GET"} ${pathname}${search} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "\r\n",
  ].join("\r\n");
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ""));
    const settle = (isEnd: boolean) => {
      const answer = parseAnswer(Buffer.concat(pieces), isEnd);
      if (answer) resolve(answer);
      else if (isEnd) reject(new Error("the connection was cut in the middle of the answer"));
      if (answer || isEnd) socket.destroy();
    };
    socket.on("connect", () => {
      socket.write(head);
      if (body) socket.write(body);
    });
    socket.on("data", (piece: Buffer) => {
      pieces.push(piece);
      settle(false);
    });
    socket.on("end", () => settle(true));
    socket.on("error", reject);
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`nothing came for ${patienceMs / 1000} s`)));
  });
}

const patienceMs = 300_000;

/** Null where the answer is not whole. `isEnd`: nothing more will come, which ends a body that says no length. */
export function parseAnswer(bytes: Buffer, isEnd: boolean): Answered | null {
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, Math.max(0, end)).toString("latin1");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  if (end < 0 || Number.isNaN(status)) return null;
  const rest = bytes.subarray(end + 4);
  // 100 (Continue) and its like come before the answer itself.
  if (status < 200) return parseAnswer(rest, isEnd);
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "im").exec(head)?.[1];
  const length = status === 204 ? "0" : field("content-length");
  const isChunked = /\bchunked\b/i.test(field("transfer-encoding") ?? "");
  const isWhole = length === undefined ? isEnd : rest.length >= Number(length);
  const body = isChunked ? withoutChunks(rest) : isWhole ? rest.subarray(0, Number(length ?? rest.length)) : null;
  if (body === null) return null;
  return { ok: status < 300, status, text: async () => body.toString("utf8"), body: null };
}

function withoutChunks(bytes: Buffer): Buffer | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = /^[0-9a-f]{1,8}/i.exec(bytes.subarray(at, Math.max(at, lineEnd)).toString("latin1"))?.[0];
    if (lineEnd < 0 || size === undefined) return null;
    const [from, to] = [lineEnd + 2, lineEnd + 2 + Number.parseInt(size, 16)];
    if (from === to) return Buffer.concat(pieces);
    if (to + 2 > bytes.length) return null;
    pieces.push(bytes.subarray(from, to));
    at = to + 2;
  }
}
