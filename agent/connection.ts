import { readFileSync } from "node:fs";
import { http, loadHttps } from "./http.ts";

/**
 * The one outbound connection of an agent: JSON posts to its server, over kept-alive sockets. No port is opened.
 * `Unreachable` is thrown for trouble on the way and for a server that says 5xx; a refusal is returned.
 */
export type Connection = {
  readonly post: (path: string, body: unknown, credential: string | null, timeoutMs: number) => Promise<Answer>;
  readonly close: () => void;
};

export type Answer =
  | { readonly kind: "ok"; readonly body: unknown; readonly serverMs: number | null }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly problem: string;
      readonly words: string;
      /** The server's clock as it answered, to the second. */
      readonly serverMs: number | null;
    };

/** The server could not be reached or could not answer; the loop that called tries again with back-off. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured, but for a server on this very machine; `WEIR_CA_FILE` names
 * certificates (PEM) that are trusted besides those of Node.
 */
export function connect(serverUrl: string, environment: Environment): Connection {
  const base = new URL(serverUrl);
  const https = base.protocol === "https:" ? loadHttps() : null;
  const isHere = /^(localhost|127\..*|\[::1\])$/.test(base.hostname);
  const options = { keepAlive: true, ...(!isHere && { proxyEnv: environment }) };
  const agent = https ? new https.Agent({ ...options, ...trusted(environment) }) : new http.Agent(options);
  const { request } = https ?? http;
  let isClosed = false;

  /**
   * A kept connection may be closed by the other side, or by something on the way, at the moment at which it is used again.
   * Then it is said once more, on another one: every call of the protocol may come twice. But not what was said a while ago,
   * as of a long poll that is cut: by now there is more to tell, so its caller says it anew.
   */
  async function post(path: string, body: unknown, credential: string | null, timeoutMs: number): Promise<Answer> {
    const payload = Buffer.from(JSON.stringify(body));
    for (;;) {
      const answer = await once(path, payload, credential, timeoutMs);
      if (answer !== "stale") return answer;
    }
  }

  /** "stale": a connection that was used before was closed at once, without any answer. Each such one is gone then. */
  function once(
    path: string,
    payload: Buffer,
    credential: string | null,
    timeoutMs: number,
  ): Promise<Answer | "stale"> {
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      const saidMs = performance.now();
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
          isAnswered = true;
          const pieces: Buffer[] = [];
          response.on("data", (piece: Buffer) => pieces.push(piece));
          response.on("error", (error) => fail(error.message, error));
          response.on("end", () => {
            const text = Buffer.concat(pieces).toString("utf8");
            const status = response.statusCode ?? 0;
            if (status >= 500 || status === 0) return fail(`the server answered ${status}`);
            const parsed = parse(text);
            if (parsed === undefined) return fail(`the server answered ${status} with what is not JSON`);
            const serverMs = Date.parse(response.headers.date ?? "") || null;
            if (status < 300) return resolve({ kind: "ok", body: parsed, serverMs });
            resolve({ kind: "refused", status, ...problemOf(parsed), serverMs });
          });
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on("error", (error) => {
        const isReset = "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
        const isAtOnce = performance.now() - saidMs < atOnceMs;
        if (isReset && sent.reusedSocket && !isAnswered && !isClosed && isAtOnce) resolve("stale");
        else fail(troubleWords(error), error);
      });
      sent.end(payload);
    });
  }

  return {
    post,
    close() {
      isClosed = true;
      agent.destroy();
    },
  };
}

/** A round trip to a server far away, on a busy machine; a long poll lasts ten times that. */
const atOnceMs = 2_000;

/** Node's own advice on certificates is left out: it is about a switch that nobody here can set. */
function troubleWords({ message }: Error): string {
  return message.replace(/; if the root CA is installed locally, .*$/s, "");
}

type Environment = Readonly<Record<string, string | undefined>>;

function trusted({ WEIR_CA_FILE: path }: Environment): { readonly ca?: string[] } {
  if (!path) return {};
  let own: string;
  try {
    own = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`WEIR_CA_FILE: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return { ca: [...process.getBuiltinModule("node:tls").getCACertificates("default"), own] };
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
