import * as z from "zod";
import type { Route } from "#api/route.ts";
import { routes } from "#api/routes.ts";
import { problem } from "#api/values.ts";
import { assert } from "#core/unreachable.ts";

/**
 * The OpenAPI 3.1 document of /api/v1, made from api/routes.ts and its zod schemas alone. Schemas with an id become
 * components; the rest stand where they are used. docs/api/openapi.json is this, committed.
 */
export function openapiDocument(): OpenapiDocument {
  const components = new Map<string, JsonSchema>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, declared] of Object.entries(routes)) {
    const path = declared.path.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][declared.method.toLowerCase()] = operation(name, declared, components);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Weir",
      version: "1",
      description:
        "The API of a public computing-power network. Every refusal is a problem document (RFC 9457) whose `type` is " +
        "`/api/problems/<kind>`. Lists are paged: give `next` back as `cursor`. Amounts are decimal strings.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/api/v1" }],
    tags: [...new Set(Object.values(routes).map((declared) => declared.tag))].map((tag) => ({ name: tag })),
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A person's token, or a centre's credential" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "weir_session",
          description: "A browser's session; the name ends in _PORT where the address has a port",
        },
      },
    },
  };
}

/** As it is committed: one line for each value, so that a change shows as one. */
export function openapiText(): string {
  return `${JSON.stringify(openapiDocument(), null, 2)}\n`;
}

export type OpenapiDocument = { readonly openapi: "3.1.0"; readonly paths: object; readonly [part: string]: unknown };
type JsonSchema = Readonly<Record<string, unknown>>;
type Components = Map<string, JsonSchema>;

function operation(name: string, declared: Route, components: Components): object {
  const status = declared.status ?? 200;
  const answer = jsonSchema(declared.response, "output", components);
  return {
    operationId: name,
    tags: [declared.tag],
    summary: declared.summary,
    description: descriptions[declared.access],
    security: security[declared.access],
    parameters: [
      ...parameters(declared.params, "path", components),
      ...parameters(declared.query, "query", components),
      ...headers(declared),
    ],
    ...(declared.body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: jsonSchema(declared.body, "input", components) } },
      },
    }),
    responses: {
      [status]: declared.stream
        ? {
            description: "Server-Sent Events; the data of each is one such value. `event: problem` ends a stream early",
            content: { "text/event-stream": { schema: answer } },
          }
        : { description: "Done", content: { "application/json": { schema: answer } } },
      default: {
        description: "Refused",
        content: { "application/problem+json": { schema: jsonSchema(problem, "output", components) } },
      },
    },
  };
}

const descriptions = {
  anyone: "Needs no sign-in.",
  member: "For anyone who is signed in; answers hold what the caller may see.",
  administrator: "For administrators.",
  centre: "For an enrolled agent, with its centre's credential.",
} as const satisfies Record<Route["access"], string>;

const security = {
  anyone: [],
  member: [{ token: [] }, { session: [] }],
  administrator: [{ token: [] }, { session: [] }],
  centre: [{ token: [] }],
} as const satisfies Record<Route["access"], readonly object[]>;

function parameters(schema: z.ZodObject | undefined, place: "path" | "query", components: Components): object[] {
  if (!schema) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    assert(field instanceof z.ZodType, `${name} is a schema`);
    return {
      name,
      in: place,
      required: place === "path" || !field.safeParse(undefined).success,
      schema: jsonSchema(field, "input", components),
    };
  });
}

function headers(declared: Route): object[] {
  const found: object[] = [];
  if (declared.idempotent)
    found.push({
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description: "The same key with the same body within 24 hours gets the first answer again; with another, 409",
      schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,200}$" },
    });
  if (declared.stream)
    found.push({
      name: "Last-Event-ID",
      in: "header",
      required: false,
      description: "The id of the last event seen: the stream goes on after it",
      schema: { type: "string" },
    });
  return found;
}

/** The JSON Schema of one zod schema; what has an id is moved to the components. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", components: Components): JsonSchema {
  const { $schema: _dialect, $defs, ...own } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
  for (const [id, definition] of Object.entries($defs ?? {})) {
    const linked = relinked(definition);
    const known = components.get(id);
    assert(!known || JSON.stringify(known) === JSON.stringify(linked), `one schema is called ${id}`);
    components.set(id, linked);
  }
  return relinked(own);
}

function relinked(schema: object): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
