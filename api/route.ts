import type * as z from "zod";
import type { Path } from "#api/paths.ts";

/**
 * One route of the API, declared once: the server registers it, the OpenAPI document describes it and the typed client
 * calls it from this very value (a client at run time from `api/paths.ts` alone).
 */
export type Route = Path & {
  readonly summary: string;
  readonly tag: "session" | "jobs" | "centres" | "usage" | "administration" | "agent" | "network";
  /** Who may call: `member` and `administrator` are signed-in people; `centre` an enrolled agent. */
  readonly access: "anyone" | "member" | "administrator" | "centre";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  readonly status?: 200 | 201 | 204;
  /** The largest body in bytes; 1 MiB where not said. */
  readonly bodyLimitBytes?: number;
};

export function route<const R extends Route>(declared: R): R {
  return declared;
}
