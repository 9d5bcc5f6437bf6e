import { hash } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Route } from "#api/route.ts";
import { phrase } from "#core/job/phrase.ts";
import type { Refusal } from "#core/refusal.ts";
import { assert } from "#core/unreachable.ts";
import type { CentreCaller, Person } from "#server/identity/caller.ts";
import { type Gate, presentedBy } from "#server/identity/gate.ts";
import type { Call, Idempotency, Refused } from "./handler.ts";
import { checkOrigin } from "./origin.ts";
import { languageOf, parsePart, RefusedRequest } from "./problem.ts";

/** What of a request its route is asked with, whichever way it came in. */
export type Arrived = {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** Of the body as it came; kept only where there is an Idempotency-Key. */
  readonly bodyText: string | null;
  readonly caller: Person | CentreCaller | null;
  readonly remote: string;
  readonly response: ServerResponse;
};

/** A call of any route: the table of routes types each of them apart, a loop over all cannot. */
export type LooseCall = Omit<Call<Route>, "params" | "query" | "body" | "caller"> & {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Person | CentreCaller | null;
};

export type Found = Person | CentreCaller | Refused | null;

/** Who calls, as far as the route asks. From memory in most cases, and then without waiting. */
export function callerOf(declared: Route, headers: IncomingHttpHeaders, gate: Gate): Found | Promise<Found> {
  switch (declared.access) {
    case "anyone":
      return null;
    case "member":
    case "administrator":
      return gate.person(headers);
    case "centre":
      return gate.centre(headers);
  }
}

/** Whether who was found may call the route from where the request comes; null: yes. */
export function whyNot(found: Found, declared: Route, headers: IncomingHttpHeaders): Refusal | null {
  if (found?.kind === "refused") return found.refusal;
  const isPerson = found?.kind === "person";
  if (declared.access === "administrator" && !(isPerson && found.administrator))
    return { kind: "forbidden", needs: "administrator" };
  if (declared.method === "GET") return null;
  // A sign-in rests on no cookie yet, but another site's page must not sign anybody in either.
  const byBrowser = isPerson ? found.credential.kind === "session" : headers.origin !== undefined;
  return byBrowser ? checkOrigin(headers) : null;
}

/** Throws `RefusedRequest` where a part does not fit the route's schema. */
export function callOf(declared: Route, arrived: Arrived, settings: CallSettings): LooseCall {
  const { headers, caller, remote } = arrived;
  const language = languageOf(headers["accept-language"]);
  const body = arrived.body === undefined || arrived.body === null ? {} : arrived.body;
  return {
    params: declared.params && parsePart(declared.params, arrived.params, language),
    query: declared.query && parsePart(declared.query, onceEach(arrived.query), language),
    body: declared.body && parsePart(declared.body, body, language),
    caller,
    idempotency: declared.idempotent ? idempotencyOf(arrived) : null,
    language,
    origin: settings.publicUrl?.replace(/\/+$/, "") ?? `http://${headers.host}`,
    remote,
    lastEventId: typeof headers["last-event-id"] === "string" ? headers["last-event-id"] : null,
    closed: () => closedSignal(arrived.response, settings.stopping),
  };
}

/** A parameter that is there twice comes as a list, which no query here asks for. */
function onceEach(query: unknown): unknown {
  const twice = Object.entries(query ?? {}).find(([, value]) => Array.isArray(value));
  if (twice === undefined) return query;
  throw new RefusedRequest({ kind: "invalid-request", issues: [{ path: twice[0], words: phrase("member-twice") }] });
}

export type CallSettings = { readonly publicUrl: string | undefined; readonly stopping: AbortSignal };

export function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function idempotencyOf({ headers, method, url, caller, bodyText }: Arrived): Idempotency | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,200}$/.test(key)) {
    const words = phrase("idempotency-key");
    throw new RefusedRequest({ kind: "invalid-request", issues: [{ path: "Idempotency-Key", words }] });
  }
  assert(caller?.kind === "person", "idempotent routes are called by people");
  const bodyHash = sha256(`${method} ${pathOf(url)} ${caller.id}\n${bodyText ?? ""}`);
  const sealingKey = () => sha256(`seal ${key} ${presentedBy(headers)?.secret}`);
  return { key, bodyHash, sealingKey };
}

/** By way of a string: the memory of a Buffer that Node makes for each costs ten times the hash of a short request. */
function sha256(text: string): Buffer {
  return Buffer.from(hash("sha256", text, "hex"), "hex");
}

/** The answer's own close, not the socket's: one socket serves many requests of an agent. */
function closedSignal(response: ServerResponse, stopping: AbortSignal): AbortSignal {
  const closed = new AbortController();
  const abort = () => closed.abort();
  response.once("close", () => {
    stopping.removeEventListener("abort", abort);
    // Of an answer that is out nobody waits any more, and an error made for nobody costs as much as a read.
    if (!response.writableFinished) abort();
  });
  stopping.addEventListener("abort", abort, { once: true });
  if (stopping.aborted || response.destroyed) abort();
  return closed.signal;
}
