import { Socket } from "node:net";
import { createInterface } from "node:readline";
import * as z from "zod";

/**
 * The line to the supervisor: WEIR_CONTROL_FD, one JSON object a line, the contract at the top of local/start.ts.
 * A server that nobody supervises has none; then nothing is said and nothing asked.
 */
export function openControl(fd: string | undefined, answers: Answers): Control {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort());
  if (fd === undefined) return { say: () => undefined, stop: stop.signal, close: async () => undefined };

  const socket = new Socket({ fd: Number(fd), readable: true, writable: true });
  const end = () => stop.abort();
  for (const event of ["error", "end", "close"] as const) socket.on(event, end);
  const say = (message: object) => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
  };
  createInterface({ input: socket }).on("line", (line) => {
    const asked = wanted.safeParse(parseJson(line));
    if (!asked.success) return;
    const { data } = asked;
    const reply =
      data.want === "token"
        ? answers.token(data.have).then((token) => say({ token }))
        : answers.enrolment(data.centre).then((enrolment) => say({ enrolment }));
    reply.catch(answers.failed);
  });
  return {
    say,
    stop: stop.signal,
    // What was said last must have left before the process ends.
    close: () => new Promise((resolve) => (socket.destroyed ? resolve() : socket.end(() => resolve()))),
  };
}

export type Answers = {
  readonly token: (have: string | undefined) => Promise<string>;
  readonly enrolment: (centre: string) => Promise<string>;
  readonly failed: (error: unknown) => void;
};

export type Control = {
  readonly say: (message: object) => void;
  /** Aborts when the supervisor is gone, or someone asks the server to stop. */
  readonly stop: AbortSignal;
  readonly close: () => Promise<void>;
};

/** Lines with other keys are for later versions. */
const wanted = z.discriminatedUnion("want", [
  z.object({ want: z.literal("token"), have: z.string().optional() }),
  z.object({ want: z.literal("enrolment"), centre: z.string() }),
]);

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
