import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Route } from "#api/route.ts";
import { type RouteName, routes } from "#api/routes.ts";
import type { Refusal } from "#core/refusal.ts";
import { assert } from "#core/unreachable.ts";
import type { CentreCaller, Person } from "#server/identity/caller.ts";
import { type Gate, presentedBy, sessionCookieName } from "#server/identity/gate.ts";
import { parseBody } from "./body.ts";
import { addDocs } from "./docs.ts";
import { addFolder } from "./folder.ts";
import type { Call, Handlers, Idempotency, Refused, Result, SessionCookie, Stream } from "./handler.ts";
import { checkHost, checkOrigin, ownHosts } from "./origin.ts";
import { languageOf, parsePart, problemOf, RefusedRequest } from "./problem.ts";
import { isStoreTrouble } from "./store-trouble.ts";
import { runStream } from "./stream.ts";

/**
 * The HTTP side of the server: every route of api/routes.ts with its handler, the documentation, and the console.
 * A request is refused in this order: by Host, by who calls, by Origin, by size, as JSON, by the route's schemas; only
 * then does its handler see it. Answers are what the handlers' types say; `checkAnswers` (in tests) proves it.
 */
export function createApp(settings: AppSettings): FastifyInstance {
  const app = Fastify({
    loggerInstance: settings.logger,
    // What is logged names its request itself; a child for each would be made in vain.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: defaultBodyLimitBytes,
    genReqId: () => `${startedAt}-${(++requests).toString(36)}`,
    // A HEAD of a stream would be a stream that nobody reads.
    exposeHeadRoutes: false,
    // Behind a reverse proxy of this machine, which WEIR_URL stands for, the other end is who the proxy says.
    trustProxy: settings.publicUrl === undefined ? false : "loopback",
    // Long polls last 25 s, streams for ever; a request's own bytes must come within this.
    requestTimeout: 120_000,
    keepAliveTimeout: 75_000,
    // Streams and long polls end by `stopping`; other answers under way are still given.
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200 },
  });
  const hosts = ownHosts(settings);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const bytes = body as Buffer;
    const parsed = parseBody(bytes);
    if (parsed.kind === "refused") return done(new RefusedRequest(parsed.refusal));
    if (request.headers["idempotency-key"] !== undefined) request.bodyBytes = bytes;
    done(null, parsed.value);
  });
  app.decorateRequest("bodyBytes", null);
  app.decorateRequest("caller", null);

  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(securityHeaders);
    reply.header("x-request-id", request.id);
    const refusal = checkHost(request.headers.host, hosts);
    done(refusal ? new RefusedRequest(refusal) : undefined);
  });
  app.addHook("onResponse", (request, reply, done) => {
    const facts = { reqId: request.id, route: request.routeOptions.url, status: reply.statusCode };
    const level = reply.statusCode >= 500 ? "warn" : "debug";
    request.log[level]({ ...facts, ms: Math.round(reply.elapsedTime) }, request.method);
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error as FastifyError, request);
    if (refusal) return sendProblem(request, reply, refusal);
    request.log.error({ err: error, reqId: request.id, route: request.routeOptions.url }, "a request failed");
    return sendProblem(request, reply, { kind: "fault", request: request.id });
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, { kind: "not-found", what: request.method, id: pathOf(request.url) }),
  );

  for (const name of Object.keys(routes) as RouteName[]) addRoute(app, name, settings);
  addDocs(app);
  if (settings.webFolder !== null) addFolder(app, settings.webFolder);
  return app;
}

export type AppSettings = {
  readonly handlers: Handlers;
  readonly gate: Gate;
  readonly logger: FastifyBaseLogger;
  /** WEIR_HOSTS and WEIR_URL. */
  readonly hosts: string | undefined;
  readonly publicUrl: string | undefined;
  /** The built console, or null where there is none. */
  readonly webFolder: string | null;
  /** Aborts when the server stops: long polls and streams end. */
  readonly stopping: AbortSignal;
  /** Parse every answer by the schema of its route, and fail where it does not fit: for tests. */
  readonly checkAnswers?: boolean;
};

declare module "fastify" {
  interface FastifyRequest {
    bodyBytes: Buffer | null;
    caller: Person | CentreCaller | null;
  }
}

const defaultBodyLimitBytes = 1024 * 1024;
const startedAt = Date.now().toString(36);
let requests = 0;

/** Of every answer. The console's styles are written by its component library at run time, hence unsafe-inline. */
const securityHeaders = {
  "content-security-policy":
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

function addRoute(app: FastifyInstance, name: RouteName, settings: AppSettings): void {
  const declared: Route = routes[name];
  // The map is typed route by route; inside this loop all of them are one loose type.
  const handle = settings.handlers[name] as unknown as (call: LooseCall) => LooseResult | Promise<LooseResult>;
  const status = declared.status ?? 200;
  const headers = { "cache-control": "no-store" };

  app.route({
    method: declared.method,
    url: `/api/v1${declared.path}`,
    bodyLimit: declared.bodyLimitBytes ?? defaultBodyLimitBytes,
    onRequest: (request, _reply, done) => {
      const caller = callerOf(declared, request, settings.gate);
      const decide = (found: Found) => {
        const refusal = admit(found, declared, request);
        done(refusal ? new RefusedRequest(refusal) : undefined);
      };
      if (caller instanceof Promise) caller.then(decide, done);
      else decide(caller);
    },
    handler: async (request, reply) => {
      reply.headers(headers);
      const call = callOf(declared, request, reply, settings);
      const result = await handle(call);
      switch (result.kind) {
        case "refused":
          return sendProblem(request, reply, result.refusal, result.at);
        case "verbatim":
          if (settings.checkAnswers) declared.response.parse(JSON.parse(result.json));
          return reply.code(result.status).type(jsonType).send(result.json);
        case "stream":
          return runStream(request, reply, settings.checkAnswers ? checked(declared, result.run) : result.run, {
            stopping: settings.stopping,
            language: call.language,
            stillAllowed: async () =>
              isDeepStrictEqual(await callerOf(declared, request, settings.gate), request.caller),
          });
        case "answer":
          if (settings.checkAnswers) declared.response.parse(result.body);
          if (result.cookie !== undefined) reply.header("set-cookie", cookieText(result.cookie, call.origin));
          return reply.code(status).type(jsonType).send(JSON.stringify(result.body));
      }
    },
  });
}

/** The same stream, each of whose items must fit the route's schema. */
function checked(declared: Route, run: Stream<unknown>["run"]): Stream<unknown>["run"] {
  return (sink) => run({ ...sink, send: (id, item) => sink.send(id, declared.response.parse(item)) });
}

const jsonType = "application/json; charset=utf-8";
type LooseCall = Omit<Call<Route>, "params" | "query" | "body" | "caller"> & {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Person | CentreCaller | null;
};
type LooseResult = Result<Route> | Result<Route & { stream: true }>;
type Found = Person | CentreCaller | Refused | null;

/** Who calls, as far as the route asks. From memory in most cases, and then without waiting. */
function callerOf(declared: Route, request: FastifyRequest, gate: Gate): Found | Promise<Found> {
  switch (declared.access) {
    case "anyone":
      return null;
    case "member":
    case "administrator":
      return gate.person(request.headers);
    case "centre":
      return gate.centre(request.headers);
  }
}

function admit(found: Found, declared: Route, request: FastifyRequest): Refusal | null {
  if (found?.kind === "refused") return found.refusal;
  request.caller = found;
  const isPerson = found?.kind === "person";
  if (declared.access === "administrator" && !(isPerson && found.administrator))
    return { kind: "forbidden", needs: "administrator" };
  if (declared.method === "GET") return null;
  // A sign-in rests on no cookie yet, but another site's page must not sign anybody in either.
  const byBrowser = isPerson ? found.credential.kind === "session" : request.headers.origin !== undefined;
  return byBrowser ? checkOrigin(request.headers) : null;
}

function callOf(declared: Route, request: FastifyRequest, reply: FastifyReply, settings: AppSettings): LooseCall {
  const { headers } = request;
  const language = languageOf(headers["accept-language"]);
  const body = request.body === undefined || request.body === null ? {} : request.body;
  return {
    params: declared.params && parsePart(declared.params, request.params, language),
    query: declared.query && parsePart(declared.query, request.query, language),
    body: declared.body && parsePart(declared.body, body, language),
    caller: request.caller,
    idempotency: declared.idempotent ? idempotencyOf(request) : null,
    language,
    origin: settings.publicUrl?.replace(/\/+$/, "") ?? `http://${headers.host}`,
    remote: request.ip,
    lastEventId: typeof headers["last-event-id"] === "string" ? headers["last-event-id"] : null,
    closed: () => closedSignal(reply, settings.stopping),
  };
}

function idempotencyOf(request: FastifyRequest): Idempotency | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,200}$/.test(key)) {
    const words = "1 to 200 visible ASCII characters, without spaces";
    throw new RefusedRequest({ kind: "invalid-request", issues: [{ path: "Idempotency-Key", words }] });
  }
  assert(request.caller?.kind === "person", "idempotent routes are called by people");
  const head = Buffer.from(`${request.method} ${pathOf(request.url)} ${request.caller.id}\n`);
  const whole = request.bodyBytes ? Buffer.concat([head, request.bodyBytes]) : head;
  const sealingKey = () => hash("sha256", `seal ${key} ${presentedBy(request.headers)?.secret}`, "buffer");
  return { key, bodyHash: hash("sha256", whole, "buffer"), sealingKey };
}

/** The answer's own close, not the socket's: one socket serves many requests of an agent. */
function closedSignal(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const closed = new AbortController();
  const abort = () => closed.abort();
  reply.raw.once("close", () => {
    stopping.removeEventListener("abort", abort);
    abort();
  });
  stopping.addEventListener("abort", abort, { once: true });
  if (stopping.aborted || reply.raw.destroyed) abort();
  return closed.signal;
}

function cookieText(cookie: SessionCookie, origin: string): string {
  const name = sessionCookieName(origin.slice(origin.indexOf("//") + 2));
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  const value = cookie === null ? `${name}=; Max-Age=0` : `${name}=${cookie.secret}; Max-Age=${cookie.maxAgeS}`;
  return `${value}; Path=/; HttpOnly; SameSite=Strict${secure}`;
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal, at?: string): FastifyReply {
  const language = languageOf(request.headers["accept-language"]);
  const problem = problemOf(refusal, language, at);
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  if (refusal.kind === "too-many-requests") reply.header("retry-after", String(refusal.retryAfterS));
  if (refusal.kind === "store-unavailable") reply.header("retry-after", "1");
  reply.headers({ "content-language": language, "cache-control": "no-store", vary: "accept-language" });
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

/** What Fastify's own errors mean in Weir's words; null: our own mistake. */
function refusalOf(error: FastifyError, request: FastifyRequest): Refusal | null {
  if (error instanceof RefusedRequest) return error.refusal;
  if (isStoreTrouble(error)) return { kind: "store-unavailable", words: "PostgreSQL is not answering right now" };
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const limit = request.routeOptions.bodyLimit ?? defaultBodyLimitBytes;
      const actual = Number(request.headers["content-length"] ?? limit + 1);
      return { kind: "too-large", what: "The body", actual, limit, unit: "bytes" };
    }
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE": {
      const type = request.headers["content-type"] ?? "missing";
      return { kind: "malformed-json", words: `Its content type is ${type}, not application/json` };
    }
    default:
      if (error.statusCode === undefined || error.statusCode >= 500) return null;
      return { kind: "malformed-json", words: error.message };
  }
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}
