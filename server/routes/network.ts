import type { Glance } from "#api/network.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";

/** Whether the server can do its work, and the network at a glance. */
export function networkHandlers(context: NetworkContext): Pick<Handlers, "health" | "glance"> {
  return {
    health() {
      const trouble = context.storeTrouble();
      return trouble === null ? answer({ ok: true }) : refused({ kind: "store-unavailable", words: trouble });
    },
    glance: async () => answer(await context.glance()),
  };
}

export type NetworkContext = {
  /** What keeps PostgreSQL from answering; null while it does. */
  readonly storeTrouble: () => string | null;
  readonly glance: () => Promise<Glance>;
};
