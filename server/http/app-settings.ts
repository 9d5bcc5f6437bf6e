import type { FastifyBaseLogger } from "fastify";
import type { Gate } from "#server/identity/gate.ts";
import type { Handlers } from "./handler.ts";

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
