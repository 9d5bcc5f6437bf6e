import type { ClientRequest, IncomingMessage } from "node:http";
import { http } from "#agent/http.ts";
import { EngineSilent } from "./engine.ts";
import type { RestAnswer } from "./rest-answers.ts";

/** HTTP to slurmrestd: by a unix socket or TCP, on connections that are kept, at most eight. */
export type RestClient = {
  /** Where it is, for words. */
  readonly place: string;
  /** Throws `RestSilent` where no whole answer came in time. */
  readonly call: (call: RestCall) => Promise<RestAnswer>;
  readonly close: () => void;
};

export type RestCall = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly user: string;
  readonly token: string;
  readonly body?: object;
  readonly patienceMs: number;
};

export type RestPlace =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** No answer, half of one, or not in time. */
export class RestSilent extends EngineSilent {
  /** False: no connection came about, so nothing of the request was heard. */
  readonly mayHaveArrived: boolean;
  constructor(words: string, mayHaveArrived: boolean) {
    super(words);
    this.mayHaveArrived = mayHaveArrived;
  }
}

const mostConnections = 8;
/** Shorter than any daemon's own patience, so that no request goes out on a connection that is being closed. */
const idleMs = 4000;
const mostBytes = 64 * 2 ** 20;

export function openRestClient(place: RestPlace): RestClient {
  const connections = new http.Agent({ keepAlive: true, maxSockets: mostConnections, timeout: idleMs });
  const words = place.kind === "socket" ? `unix:${place.path}` : `http://${place.host}:${place.port}`;
  const where = place.kind === "socket" ? { socketPath: place.path } : { host: place.host, port: place.port };

  function once(call: RestCall): Promise<RestAnswer> {
    const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
    return new Promise((resolve, reject) => {
      let mayHaveArrived = false;
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new RestSilent(`slurmrestd ${words}: ${call.method} ${call.path}: ${why}`, mayHaveArrived));
      };
      const asked: ClientRequest = http.request({
        ...where,
        agent: connections,
        method: call.method,
        path: call.path,
        headers: {
          host: "localhost",
          accept: "application/json",
          "x-slurm-user-name": call.user,
          "x-slurm-user-token": call.token,
          ...(body === null ? {} : { "content-type": "application/json", "content-length": body.length }),
        },
      });
      const timer = setTimeout(() => {
        fail(`no whole answer within ${call.patienceMs / 1000} s`);
        asked.destroy();
      }, call.patienceMs);
      asked.on("socket", (socket) => {
        if (!socket.connecting) mayHaveArrived = true;
        else socket.once("connect", () => (mayHaveArrived = true));
      });
      asked.on("error", (error) => fail(error.message));
      asked.on("response", (answer) =>
        whole(answer).then(
          (bytes) => {
            clearTimeout(timer);
            resolve(restAnswer(answer.statusCode ?? 0, bytes));
          },
          (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
        ),
      );
      asked.end(body ?? undefined);
    });
  }

  return {
    place: words,
    async call(call) {
      try {
        return await once(call);
      } catch (error) {
        // Asking for something once more does no harm; a daemon that was started again has closed what was kept.
        if (call.method !== "GET" || !(error instanceof RestSilent) || !/ECONNRESET|socket hang up/.test(error.message))
          throw error;
        return once(call);
      }
    },
    close: () => connections.destroy(),
  };
}

/** By its events: an iterator over it costs more than all else that is done with an answer. */
function whole(answer: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    answer.on("data", (part: Buffer) => {
      size += part.length;
      if (size > mostBytes) answer.destroy(new Error(`more than ${mostBytes} bytes`));
      parts.push(part);
    });
    answer.on("end", () => resolve(Buffer.concat(parts)));
    answer.on("error", reject);
    // An end that comes without `end` before it is a cut: half an answer is none.
    answer.on("close", () => reject(new Error("the answer was cut")));
  });
}

function restAnswer(status: number, bytes: Buffer): RestAnswer {
  const text = bytes.toString("utf8");
  try {
    return { status, body: JSON.parse(text), text: text.slice(0, 500) };
  } catch {
    return { status, body: null, text: text.slice(0, 500) };
  }
}
