import type * as z from "zod";
import { type Path, paths } from "#api/paths.ts";
import type { RouteName, Routes } from "#api/routes.ts";
import type { Problem } from "#api/values.ts";

/**
 * The typed client of /api/v1, made from the route table: no generated code, and nothing of Node, so that the console
 * and the CLI share it. An expected refusal is returned as its problem document; trouble on the way (no server, a cut
 * answer, something that is not the API) is thrown as `NoAnswer`.
 */
export function createClient(settings: ClientSettings): Client {
  const send = settings.fetch ?? ((url, init) => fetch(url, init));

  async function request(name: RouteName, input: LooseInput, options: CallOptions, accept: string): Promise<Answered> {
    const route: Path = paths[name];
    const headers: Record<string, string> = { accept, "accept-language": settings.language?.() ?? "en" };
    const token = settings.token?.();
    if (token) headers.authorization = `Bearer ${token}`;
    if (route.idempotent) headers["idempotency-key"] = options.idempotencyKey ?? newIdempotencyKey();
    if (options.lastEventId) headers["last-event-id"] = options.lastEventId;
    const init: RequestInit = { method: route.method, headers, signal: options.signal ?? null };
    if (route.method === "POST" || route.method === "PUT") {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(input.body ?? {});
    }
    try {
      return await send(`${settings.baseUrl ?? ""}/api/v1${pathOf(route.path, input)}`, init);
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      const server = settings.baseUrl ?? "this address";
      throw new NoAnswer(`the server at ${server} did not answer`, { cause, server });
    }
  }

  return {
    async call(name, ...[input = {}, options = {}]) {
      const accept = "application/json, application/problem+json";
      const response = await request(name, input as LooseInput, options, accept);
      if (!response.ok) return { kind: "problem", problem: await problemOf(response, options) };
      const value = (await jsonOf(response, options)) as Answer<typeof name>;
      return { kind: "answer", status: response.status, value };
    },

    async stream(name, ...[input = {}, options = {}]) {
      const accept = "text/event-stream, application/problem+json";
      const response = await request(name, input as LooseInput, options, accept);
      if (!response.ok) return { kind: "problem", problem: await problemOf(response, options) };
      if (!response.body) throw new NoAnswer("the server sent a stream without a body");
      return { kind: "stream", messages: messagesOf<Answer<typeof name>>(response.body) };
    },
  };
}

export type Client = {
  /** One request, one answer. Sends an Idempotency-Key wherever the route honours one; give your own to repeat safely. */
  readonly call: <Name extends PlainRouteName>(name: Name, ...rest: Arguments<Name>) => Promise<Reply<Name>>;
  /** Server-Sent Events. Ends when the server ends it; to resume, pass the last `id` as `lastEventId`. */
  readonly stream: <Name extends StreamRouteName>(name: Name, ...rest: Arguments<Name>) => Promise<StreamReply<Name>>;
};

export type ClientSettings = {
  /** Without a trailing slash; "" (the default) where the page came from. */
  readonly baseUrl?: string;
  readonly token?: () => string | null;
  /** The language of refusals and reasons. */
  readonly language?: () => "en" | "zh";
  readonly fetch?: (url: string, init: RequestInit) => Promise<Answered>;
};

/** What is used of a `Response`. */
export type Answered = Pick<Response, "ok" | "status" | "text" | "body">;

export type CallOptions = {
  readonly signal?: AbortSignal;
  readonly idempotencyKey?: string;
  readonly lastEventId?: string;
};

export type Reply<Name extends RouteName> =
  | { readonly kind: "answer"; readonly status: number; readonly value: Answer<Name> }
  | { readonly kind: "problem"; readonly problem: Problem };

export type StreamReply<Name extends RouteName> =
  | { readonly kind: "stream"; readonly messages: AsyncGenerator<Message<Answer<Name>>> }
  | { readonly kind: "problem"; readonly problem: Problem };

/** `problem` is a refusal in the middle of a stream (`event: problem`); nothing follows it. */
export type Message<Value> =
  | { readonly kind: "data"; readonly id: string | null; readonly value: Value }
  | { readonly kind: "problem"; readonly problem: Problem };

export type StreamRouteName = { [Name in RouteName]: Routes[Name] extends { stream: true } ? Name : never }[RouteName];
export type PlainRouteName = Exclude<RouteName, StreamRouteName>;

export type Answer<Name extends RouteName> = z.infer<Routes[Name]["response"]>;

/** `params` and `body` where the route has them; `query` always optional, as all its fields are. */
export type Input<Name extends RouteName> = (Routes[Name] extends { params: infer Params extends z.ZodType }
  ? { readonly params: z.output<Params> }
  : unknown) &
  (Routes[Name] extends { query: infer Query extends z.ZodType }
    ? { readonly query?: Partial<z.output<Query>> }
    : unknown) &
  (Routes[Name] extends { body: infer Body extends z.ZodType } ? { readonly body: z.input<Body> } : unknown);

export type Arguments<Name extends RouteName> = Routes[Name] extends { params: unknown } | { body: unknown }
  ? [input: Input<Name>, options?: CallOptions]
  : [input?: Input<Name>, options?: CallOptions];

/** What `Input` is once the route's own types have done their work. */
type LooseInput = {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
};

/** Nothing, or nothing of Weir's, answered. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** Who did not answer at all; null: the answer was cut off, or none of Weir's. */
  readonly server: string | null;
  /** Something answered that is no Weir server. */
  readonly foreign: boolean;
  constructor(
    message: string,
    { server, foreign, ...options }: ErrorOptions & { readonly server?: string; readonly foreign?: boolean } = {},
  ) {
    super(message, options);
    this.server = server ?? null;
    this.foreign = foreign ?? false;
  }
}

/** 128 random bits; not crypto.randomUUID, which browsers keep from pages served by plain HTTP. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pathOf(pattern: string, input: LooseInput): string {
  const path = pattern.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(String(input.params?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

async function problemOf(response: Answered, options: CallOptions): Promise<Problem> {
  const value = await jsonOf(response, options);
  // Other programs write problem documents too (RFC 9457): only those of a kind that Weir has are its own.
  if (typeof value === "object" && value !== null && "type" in value && `${value.type}`.startsWith("/api/problems/"))
    return value as Problem;
  throw new NoAnswer(`status ${response.status} without a problem document: this is not Weir's API`, {
    foreign: isForeign(response),
  });
}

async function jsonOf(response: Answered, { signal }: CallOptions): Promise<unknown> {
  const text = await response.text().catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new NoAnswer(`status ${response.status} with an answer that was cut`, { cause });
  });
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NoAnswer(`status ${response.status} with an answer that is not JSON`, {
      cause,
      foreign: isForeign(response),
    });
  }
}

/** Of answers that are not Weir's: a proxy before a server that is just away says 502 or 504 in its own words. */
function isForeign({ status }: Answered): boolean {
  return status < 500;
}

/** The parts of a text/event-stream (HTML standard, 9.2.6) that Weir's server sends: id, event, data, comments. */
export async function* messagesOf<Value>(body: ReadableStream<Uint8Array>): AsyncGenerator<Message<Value>> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r\n\r\n|\n\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const message = messageOf<Value>(block);
        if (!message) continue;
        yield message;
        if (message.kind === "problem") return;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function messageOf<Value>(block: string): Message<Value> | null {
  let id: string | null = null;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const text = line.slice(colon + 1).replace(/^ /, "");
    const field = line.slice(0, colon);
    if (field === "id") id = text;
    else if (field === "event") event = text;
    else if (field === "data") data.push(text);
  }
  if (data.length === 0) return null;
  const value: unknown = JSON.parse(data.join("\n"));
  return event === "problem"
    ? { kind: "problem", problem: value as Problem }
    : { kind: "data", id, value: value as Value };
}
