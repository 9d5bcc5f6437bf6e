import { Socket } from "node:net";
import { createInterface } from "node:readline";

/**
 * The line to the supervisor (WEIR_CONTROL_FD; the contract is at the top of local/start.ts). An agent that was started
 * by nobody (a site's own unit) has none, and then needs WEIR_ENROLMENT_TOKEN for its first start.
 */
export type Control = {
  readonly ready: () => void;
  /** It cannot run as it is set, and ends: words for whoever started it. Resolves when they are written. */
  readonly refused: (words: string) => Promise<void>;
  /** A fresh one-time enrolment token of that centre (null: of the only one); null where nobody can give one, or it is to end. */
  readonly enrolmentToken: (centre: string | null) => Promise<string | null>;
  /** Aborts when the supervisor is gone or asks to stop. */
  readonly gone: AbortSignal;
  readonly close: () => void;
};

export function openControl(environment: Readonly<Record<string, string | undefined>>): Control {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort());
  const fd = environment.WEIR_CONTROL_FD;
  if (fd === undefined)
    return {
      ready: () => {},
      refused: async () => {},
      enrolmentToken: async () => environment.WEIR_ENROLMENT_TOKEN ?? null,
      gone: stop.signal,
      close: () => {},
    };

  const socket = new Socket({ fd: Number(fd), readable: true, writable: true });
  const waiting: { readonly centre: string | null; readonly give: (token: string | null) => void }[] = [];
  // Whoever gives tokens has none for a centre that has left: its wait ends with the agent.
  stop.signal.addEventListener("abort", () => {
    for (const { give } of waiting.splice(0)) give(null);
  });
  socket.on("error", () => stop.abort());
  socket.on("close", () => stop.abort());
  socket.on("end", () => stop.abort());
  createInterface({ input: socket }).on("line", (line) => {
    const message: unknown = JSON.parse(line);
    if (
      typeof message === "object" &&
      message !== null &&
      "enrolment" in message &&
      typeof message.enrolment === "string"
    ) {
      const named = "centre" in message ? message.centre : null;
      const at = waiting.findIndex(({ centre }) => centre === named);
      if (at !== -1) waiting.splice(at, 1)[0]?.give(message.enrolment);
    }
  });
  const say = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
  return {
    ready: () => say({ ready: true }),
    refused: (words) => new Promise((resolve) => socket.end(`${JSON.stringify({ refused: words })}\n`, resolve)),
    enrolmentToken: async (centre) => {
      if (stop.signal.aborted) return null;
      say({ want: "enrolment", ...(centre !== null && { centre }) });
      return new Promise((resolve) => waiting.push({ centre, give: resolve }));
    },
    gone: stop.signal,
    close: () => socket.destroy(),
  };
}
