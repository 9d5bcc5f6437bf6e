import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/**
 * The one outbound connection of an agent: JSON posts to its server, over kept-alive sockets. No port is opened.
 * `Unreachable` is thrown for trouble on the way and for a server that says 5xx; a refusal is returned.
 */
export type Connection = {
  readonly post: (path: string, body: unknown, credential: string | null, timeoutMs: number) => Promise<Answer>;
  readonly close: () => void;
};

export type Answer =
  | { readonly kind: "ok"; readonly body: unknown }
  | { readonly kind: "refused"; readonly status: number; readonly problem: string; readonly words: string };

/** The server could not be reached or could not answer; the loop that called tries again with back-off. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export function connect(serverUrl: string): Connection {
  const base = new URL(serverUrl);
  const secure = base.protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const request = secure ? httpsRequest : httpRequest;

  function post(path: string, body: unknown, credential: string | null, timeoutMs: number): Promise<Answer> {
    const payload = Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const fail = (words: string, cause?: unknown) =>
        reject(new Unreachable(`${base.origin}${path}: ${words}`, { cause }));
      const sent = request(
        new URL(`/api/v1${path}`, base),
        {
          method: "POST",
          agent,
          timeout: timeoutMs,
          headers: {
            "content-type": "application/json",
            "content-length": payload.length,
            accept: "application/json",
            ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on("data", (piece: Buffer) => pieces.push(piece));
          response.on("error", (error) => fail(error.message, error));
          response.on("end", () => {
            const text = Buffer.concat(pieces).toString("utf8");
            const status = response.statusCode ?? 0;
            if (status >= 500 || status === 0) return fail(`the server answered ${status}`);
            const parsed = parse(text);
            if (parsed === undefined) return fail(`the server answered ${status} with what is not JSON`);
            if (status < 300) return resolve({ kind: "ok", body: parsed });
            resolve({ kind: "refused", status, ...problemOf(parsed) });
          });
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on("error", (error) => fail(error.message, error));
      sent.end(payload);
    });
  }

  return { post, close: () => agent.destroy() };
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(body: unknown): { readonly problem: string; readonly words: string } {
  if (typeof body !== "object" || body === null) return { problem: "", words: "" };
  const type = "type" in body && typeof body.type === "string" ? body.type : "";
  const detail = "detail" in body && typeof body.detail === "string" ? body.detail : "";
  return { problem: type.slice(type.lastIndexOf("/") + 1), words: detail };
}
