import { isDeepStrictEqual } from "node:util";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Route } from "#api/route.ts";
import { type RouteName, routes } from "#api/routes.ts";
import { phrase } from "#core/job/phrase.ts";
import type { Refusal } from "#core/refusal.ts";
import type { CentreCaller, Person } from "#server/identity/caller.ts";
import { sessionCookieName } from "#server/identity/gate.ts";
import type { AppSettings } from "./app-settings.ts";
import { parseBody } from "./body.ts";
import { callerOf, callOf, type Found, type LooseCall, pathOf, whyNot } from "./call.ts";
import { createDirectServer, logAnswer } from "./direct.ts";
import { addDocs } from "./docs.ts";
import { addFolder } from "./folder.ts";
import type { Result, SessionCookie, Stream } from "./handler.ts";
import { faultOf, headersOfProblem, jsonType, problemType, securityHeaders } from "./headers.ts";
import { checkHost, ownHosts } from "./origin.ts";
import { languageOf, problemOf, RefusedRequest } from "./problem.ts";
import { runStream } from "./stream.ts";

/**
 * The HTTP side of the server: every route of api/routes.ts with its handler, the documentation, and the console.
 * A request is refused in this order: by Host, by who calls, by Origin, by size, as JSON, by the route's schemas; only
 * then does its handler see it. Answers are what the handlers' types say; `checkAnswers` (in tests) proves it.
 */
export function createApp(settings: AppSettings): FastifyInstance {
  const hosts = ownHosts(settings);
  const app = Fastify({
    serverFactory: (usual) => {
      const server = createDirectServer(usual, { ...settings, ownHosts: hosts, nextRequestId, defaultBodyLimitBytes });
      // Long polls last 25 s, streams for ever; a request's own bytes must come within this.
      server.requestTimeout = 120_000;
      server.keepAliveTimeout = 75_000;
      return server;
    },
    loggerInstance: settings.logger,
    // What is logged names its request itself; a child for each would be made in vain.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: defaultBodyLimitBytes,
    genReqId: nextRequestId,
    // A HEAD of a stream would be a stream that nobody reads.
    exposeHeadRoutes: false,
    // Behind a reverse proxy of this machine, which WEIR_URL stands for, the other end is who the proxy says.
    trustProxy: settings.publicUrl === undefined ? false : "loopback",
    // Streams and long polls end by `stopping`; other answers under way are still given.
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200 },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const { "content-encoding": encoding = "identity" } = request.headers;
    if (encoding.toLowerCase() !== "identity") {
      const words = phrase("encoded-body", { encoding: encoding.slice(0, 100) });
      return done(new RefusedRequest({ kind: "malformed-json", words }));
    }
    const parsed = parseBody(body as Buffer);
    if (parsed.kind === "refused") return done(new RefusedRequest(parsed.refusal));
    if (request.headers["idempotency-key"] !== undefined) request.bodyText = parsed.text;
    done(null, parsed.value);
  });
  app.decorateRequest("bodyText", null);
  app.decorateRequest("caller", null);

  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(securityHeaders);
    reply.header("x-request-id", request.id);
    const refusal = checkHost(request.headers.host, hosts);
    done(refusal ? new RefusedRequest(refusal) : undefined);
  });
  app.addHook("onResponse", (request, reply, done) => {
    logAnswer(request.log, {
      reqId: request.id,
      route: request.routeOptions.url,
      status: reply.statusCode,
      method: request.method,
      tookMs: reply.elapsedTime,
    });
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

declare module "fastify" {
  interface FastifyRequest {
    bodyText: string | null;
    caller: Person | CentreCaller | null;
  }
}

const defaultBodyLimitBytes = 1024 * 1024;
const startedAt = Date.now().toString(36);
let requests = 0;
function nextRequestId(): string {
  return `${startedAt}-${(++requests).toString(36)}`;
}

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
      const caller = callerOf(declared, request.headers, settings.gate);
      const decide = (found: Found) => {
        const refusal = whyNot(found, declared, request.headers);
        if (found?.kind !== "refused") request.caller = found;
        done(refusal ? new RefusedRequest(refusal) : undefined);
      };
      if (caller instanceof Promise) caller.then(decide, done);
      else decide(caller);
    },
    handler: async (request, reply) => {
      reply.headers(headers);
      const { method, url, params, query, body, bodyText, caller, ip: remote } = request;
      const arrived = { headers: request.headers, method, url, params, query, body, bodyText, caller, remote };
      const call = callOf(declared, { ...arrived, response: reply.raw }, settings);
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
              isDeepStrictEqual(await callerOf(declared, request.headers, settings.gate), request.caller),
            onForget: settings.gate.onForget,
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

type LooseResult = Result<Route> | Result<Route & { stream: true }>;
function cookieText(cookie: SessionCookie, origin: string): string {
  const name = sessionCookieName(origin.slice(origin.indexOf("//") + 2));
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  const value = cookie === null ? `${name}=; Max-Age=0` : `${name}=${cookie.secret}; Max-Age=${cookie.maxAgeS}`;
  return `${value}; Path=/; HttpOnly; SameSite=Strict${secure}`;
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal, at?: string): FastifyReply {
  const language = languageOf(request.headers["accept-language"]);
  const problem = problemOf(refusal, language, at);
  reply.headers(headersOfProblem(refusal, problem.status, language));
  return reply.code(problem.status).type(problemType).send(JSON.stringify(problem));
}

/** What Fastify's own errors mean in Weir's words; null: our own mistake. */
function refusalOf(error: FastifyError, request: FastifyRequest): Refusal | null {
  const refusal = faultOf(error);
  if (refusal) return refusal;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const limit = request.routeOptions.bodyLimit ?? defaultBodyLimitBytes;
      const actual = Number(request.headers["content-length"] ?? limit + 1);
      return { kind: "too-large", what: "The body", actual, limit, unit: "bytes" };
    }
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE": {
      const type = request.headers["content-type"] ?? "missing";
      return { kind: "malformed-json", words: phrase("not-json-type", { type }) };
    }
    default:
      if (error.statusCode === undefined || error.statusCode >= 500) return null;
      return { kind: "malformed-json", words: phrase("unread-body", { said: error.message }) };
  }
}
