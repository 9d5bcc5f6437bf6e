import type { z } from "zod";
import type { Route } from "#api/route.ts";
import type { RouteName, Routes } from "#api/routes.ts";
import type { Refusal } from "#core/refusal.ts";
import type { CentreCaller, Person } from "#server/identity/caller.ts";

/** One handler for each route of api/routes.ts: a route without its handler does not compile. */
export type Handlers = { readonly [Name in RouteName]: Handler<Routes[Name]> };

export type Handler<R extends Route> = (call: Call<R>) => Result<R> | Promise<Result<R>>;

/** A request whose caller is known and whose every part fits the schemas of its route. */
export type Call<R extends Route> = {
  readonly params: Parsed<R, "params">;
  readonly query: Parsed<R, "query">;
  readonly body: Parsed<R, "body">;
  readonly caller: CallerOf<R["access"]>;
  /** Set where the route honours Idempotency-Key and the caller sent one. */
  readonly idempotency: Idempotency | null;
  readonly language: "en" | "zh";
  /** What the caller named this server: `http://127.0.0.1:8470`. Links in answers begin so. */
  readonly origin: string;
  /** The address of the other end, for limits on failures. */
  readonly remote: string;
  /** The Last-Event-ID header of a resumed stream. */
  readonly lastEventId: string | null;
  /** Aborts when the other end is gone, or this server stops. */
  readonly closed: () => AbortSignal;
};

export type Idempotency = {
  readonly key: string;
  /** SHA-256 over the route, the caller and the body: the same key with another of these is refused. */
  readonly bodyHash: Buffer;
  /** 32 bytes from the key and the caller's own secret: seals an answer that holds secrets. */
  readonly sealingKey: () => Buffer;
};

export type Result<R extends Route> =
  | Refused
  | Verbatim
  | (R extends { stream: true } ? Stream<z.output<R["response"]>> : Answer<z.output<R["response"]>>);

/** `at`: which part of the request it is about, e.g. `jobs[3]`. */
export type Refused = { readonly kind: "refused"; readonly refusal: Refusal; readonly at?: string };
export type Answer<Body> = { readonly kind: "answer"; readonly body: Body; readonly cookie?: SessionCookie };
/** An answer that is already written: the first one, to a repeated Idempotency-Key. */
export type Verbatim = { readonly kind: "verbatim"; readonly status: number; readonly json: string };
export type Stream<Item> = { readonly kind: "stream"; readonly run: (sink: Sink<Item>) => Promise<void> };

/** null takes the cookie away. */
export type SessionCookie = { readonly secret: string; readonly maxAgeS: number } | null;

/** The open end of a stream of Server-Sent Events. */
export type Sink<Item> = {
  /** False once the stream is cut: the other end reads too slowly, has gone, or this server stops. */
  readonly send: (id: string, item: Item) => boolean;
  /** The last message of a stream that cannot go on. */
  readonly problem: (refusal: Refusal) => void;
  /** Resolves when what was sent has left, or the stream is cut. */
  readonly drained: () => Promise<void>;
  readonly closed: AbortSignal;
};

export function answer<Body>(body: Body): Answer<Body> {
  return { kind: "answer", body };
}

export function refused(refusal: Refusal): Refused {
  return { kind: "refused", refusal };
}

type Parsed<R extends Route, Part extends "params" | "query" | "body"> = R extends {
  readonly [Name in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

type CallerOf<Access extends Route["access"]> = {
  anyone: null;
  member: Person;
  administrator: Person;
  centre: CentreCaller;
}[Access];
