import type { z } from "zod";

/**
 * One route of the API, declared once: the server registers it, the OpenAPI document describes it and the typed client
 * calls it from this very value.
 */
export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:name` for parameters, below /api/v1. */
  readonly path: string;
  readonly summary: string;
  readonly tag: "session" | "jobs" | "centres" | "usage" | "administration" | "agent" | "network";
  /** Who may call: `member` and `administrator` are signed-in people; `centre` an enrolled agent. */
  readonly access: "anyone" | "member" | "administrator" | "centre";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  readonly status?: 200 | 201 | 204;
  /** Honours Idempotency-Key: true for every POST that creates or moves something. */
  readonly idempotent?: boolean;
  /** The largest body in bytes; 1 MiB where not said. */
  readonly bodyLimitBytes?: number;
  /** Server-Sent Events of this schema instead of one JSON answer. */
  readonly stream?: boolean;
};

export function route<const R extends Route>(declared: R): R {
  return declared;
}
