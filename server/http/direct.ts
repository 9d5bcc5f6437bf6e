import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { FastifyBaseLogger } from "fastify";
import type { Route } from "#api/route.ts";
import { type RouteName, routes } from "#api/routes.ts";
import type { Refusal } from "#core/refusal.ts";
import type { CentreCaller, Person } from "#server/identity/caller.ts";
import type { AppSettings } from "./app-settings.ts";
import { parseBody } from "./body.ts";
import { callerOf, callOf, type LooseCall, whyNot } from "./call.ts";
import type { Refused, Verbatim } from "./handler.ts";
import { type Answered, answeredWith, faultOf, problemWith } from "./headers.ts";
import { isOurs } from "./origin.ts";
import { languageOf } from "./problem.ts";

/**
 * The plain requests that come by the thousand are answered without Fastify: to a path without parameters, from a known
 * caller, with a body of known length that the route takes. Whatever is unusual about a request, and so whatever might
 * be refused before its body is read, goes the usual way, which is the only one that says why; both ways parse, call and
 * answer by the same functions (docs/decisions/0032-direct-answers.md).
 */
export function createDirectServer(usual: RequestListener, settings: DirectSettings): Server {
  const plain = plainRoutes(settings);
  const whole = together(({ plain, bytes }: WholeRequest) => void respond(plain, bytes, settings));
  return createServer((request, response) => {
    const route = plain.get(`${request.method} ${request.url}`);
    const caller = route === undefined || settings.stopping.aborted ? "unusual" : plainCaller(request, route, settings);
    if (route === undefined || caller === "unusual") usual(request, response);
    else if (route.declared.method === "GET") void respond({ request, response, route, caller }, null, settings);
    else readBody({ request, response, route, caller }, whole);
  });
}

export type DirectSettings = AppSettings & {
  readonly ownHosts: ReadonlySet<string>;
  readonly nextRequestId: () => string;
  readonly defaultBodyLimitBytes: number;
};

type PlainRoute = {
  readonly declared: Route;
  readonly handle: (call: LooseCall) => PlainResult | Promise<PlainResult>;
  readonly bodyLimitBytes: number;
};
type PlainResult = Refused | Verbatim | { readonly kind: "answer"; readonly body: unknown };

/** Those without parameters, streams and cookies. */
function plainRoutes(settings: DirectSettings): ReadonlyMap<string, PlainRoute> {
  const plain = new Map<string, PlainRoute>();
  for (const name of Object.keys(routes) as RouteName[]) {
    const declared: Route = routes[name];
    if (declared.stream || declared.params || declared.tag === "session" || declared.status === 204) continue;
    const handle = settings.handlers[name] as unknown as PlainRoute["handle"];
    const bodyLimitBytes = declared.bodyLimitBytes ?? settings.defaultBodyLimitBytes;
    plain.set(`${declared.method} /api/v1${declared.path}`, { declared, handle, bodyLimitBytes });
  }
  return plain;
}

type PlainRequest = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: PlainRoute;
  readonly caller: Person | CentreCaller | null;
};

function plainCaller(
  { headers }: IncomingMessage,
  { declared, bodyLimitBytes }: PlainRoute,
  settings: DirectSettings,
): Person | CentreCaller | null | "unusual" {
  if (!isOurs(headers.host, settings.ownHosts)) return "unusual";
  // Behind a proxy, who the other end is stands in a header.
  if (settings.publicUrl !== undefined && headers["x-forwarded-for"] !== undefined) return "unusual";
  if (declared.method !== "GET") {
    const bytes = Number(headers["content-length"] ?? 0);
    if (!(bytes > 0 && bytes <= bodyLimitBytes) || headers["content-type"] !== "application/json") return "unusual";
    if (headers["content-encoding"] !== undefined) return "unusual";
  }
  if (headers["transfer-encoding"] !== undefined || headers.expect !== undefined) return "unusual";
  const found = callerOf(declared, headers, settings.gate);
  if (found instanceof Promise) return "unusual";
  if (found?.kind === "refused" || whyNot(found, declared, headers) !== null) return "unusual";
  return found;
}

type WholeRequest = { readonly plain: PlainRequest; readonly bytes: Buffer };

function readBody(plain: PlainRequest, whole: (request: WholeRequest) => void): void {
  const pieces: Buffer[] = [];
  const { request } = plain;
  request.on("data", (piece: Buffer) => pieces.push(piece));
  // Where the other end goes away before its body is whole, there is nobody to answer and nothing was asked.
  request.on("end", () => {
    const [first] = pieces;
    const bytes = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
    whole({ plain, bytes });
  });
}

/**
 * What arrives in one turn of the event loop is answered at its end, one right after another: the same code over the same
 * tables costs far less than where the reading of sockets comes between (docs/decisions/0039-answered-in-a-row.md).
 */
function together<Item>(handle: (item: Item) => void): (item: Item) => void {
  let gathered: Item[] = [];
  return (item) => {
    if (gathered.push(item) > 1) return;
    setImmediate(() => {
      const all = gathered;
      gathered = [];
      for (const one of all) handle(one);
    });
  };
}

async function respond(plain: PlainRequest, bytes: Buffer | null, settings: DirectSettings): Promise<void> {
  const { request, response, route } = plain;
  const id = settings.nextRequestId();
  const startedMs = performance.now();
  const answered = await answer(plain, bytes, settings, id);
  response.writeHead(answered.status, ["x-request-id", id, ...answered.headers]);
  response.end(answered.text);
  logAnswer(settings.logger, {
    reqId: id,
    route: `/api/v1${route.declared.path}`,
    status: answered.status,
    method: request.method ?? "",
    tookMs: performance.now() - startedMs,
  });
}

export function logAnswer(logger: FastifyBaseLogger, told: Told): void {
  const level = told.status >= 500 ? "warn" : "debug";
  if (level === "debug" && logger.level !== "debug" && logger.level !== "trace") return;
  const { reqId, route, status, method, tookMs } = told;
  logger[level]({ reqId, route, status, ms: Math.round(tookMs) }, method);
}

type Told = {
  readonly reqId: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly method: string;
  readonly tookMs: number;
};

async function answer(
  { request, response, route, caller }: PlainRequest,
  bytes: Buffer | null,
  settings: DirectSettings,
  id: string,
): Promise<Answered> {
  const { headers } = request;
  const { declared } = route;
  const refuse = (refusal: Refusal, at?: string) => problemWith(refusal, languageOf(headers["accept-language"]), at);
  try {
    const parsed = bytes === null ? null : parseBody(bytes);
    if (parsed?.kind === "refused") return refuse(parsed.refusal);
    const arrived = {
      headers,
      method: declared.method,
      url: request.url ?? "",
      params: {},
      query: {},
      body: parsed?.value,
      bodyText: parsed?.text ?? null,
      caller,
      remote: request.socket.remoteAddress ?? "",
      response,
    };
    const result = await route.handle(callOf(declared, arrived, settings));
    switch (result.kind) {
      case "refused":
        return refuse(result.refusal, result.at);
      case "verbatim":
        if (settings.checkAnswers) declared.response.parse(JSON.parse(result.json));
        return answeredWith(result.status, result.json);
      case "answer":
        if (settings.checkAnswers) declared.response.parse(result.body);
        return answeredWith(declared.status ?? 200, JSON.stringify(result.body));
    }
  } catch (error) {
    const refusal = faultOf(error);
    if (refusal) return refuse(refusal);
    settings.logger.error({ err: error, reqId: id, route: `/api/v1${declared.path}` }, "a request failed");
    return refuse({ kind: "fault", request: id });
  }
}
