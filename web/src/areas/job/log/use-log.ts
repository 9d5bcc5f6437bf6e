import { useEffect, useEffectEvent, useState } from "react";
import type { LogChunk } from "#api/job.ts";
import { ask, client, Refused } from "../../../app/client.ts";
import { pause } from "../../../app/live.ts";
import { append, begin, bytesOf, type LogText, prepend } from "./text.ts";

export type LogSource = {
  readonly job: number;
  readonly index: number;
  readonly attempt: number;
  readonly stream: "stdout" | "stderr";
};

export type LogState =
  | { readonly kind: "loading" }
  | { readonly kind: "refused"; readonly error: unknown }
  | {
      readonly kind: "open";
      readonly log: LogText;
      readonly sizeBytes: number;
      readonly live: "live" | "cut" | "final";
    };

const firstBytes = 256 * 1024;
const pieceBytes = 1024 * 1024;

/** One stream of one run: its end at once, what is written from then on as it comes, what stands before on demand. */
export function useLog(source: LogSource): {
  readonly state: LogState;
  readonly readEarlier: () => Promise<void>;
  readonly again: () => void;
} {
  const { job, index, attempt, stream } = source;
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<LogState>({ kind: "loading" });

  const take = useEffectEvent((chunk: LogChunk) => {
    setState((was) => {
      const bytes = bytesOf(chunk.base64);
      const log =
        was.kind !== "open"
          ? begin(chunk.offset, bytes)
          : chunk.offset === was.log.endOffset
            ? append(was.log, bytes)
            : chunk.offset + bytes.length <= was.log.endOffset
              ? was.log
              : begin(chunk.offset, bytes);
      return { kind: "open", log, sizeBytes: chunk.sizeBytes, live: chunk.final ? "final" : "live" };
    });
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` begins again
  useEffect(() => {
    const stop = new AbortController();
    setState({ kind: "loading" });
    follow({ job, index, attempt, stream }, take, setState, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) setState({ kind: "refused", error });
    });
    return () => stop.abort();
  }, [job, index, attempt, stream, turn]);

  async function readEarlier(): Promise<void> {
    if (state.kind !== "open" || state.log.startOffset === 0) return;
    const end = state.log.startOffset;
    const offset = Math.max(0, end - pieceBytes);
    const query = { index, attempt, stream, offset, maxBytes: end - offset };
    const chunk = await ask("log", { params: { job }, query });
    setState((was) =>
      was.kind === "open" && was.log.startOffset === chunk.nextOffset
        ? { ...was, log: prepend(was.log, bytesOf(chunk.base64)) }
        : was,
    );
  }

  return { state, readEarlier, again: () => setTurn(turn + 1) };
}

async function follow(
  { job, index, attempt, stream }: LogSource,
  take: (chunk: LogChunk) => void,
  set: (change: (was: LogState) => LogState) => void,
  signal: AbortSignal,
): Promise<void> {
  const params = { job };
  const query = { index, attempt, stream };
  let chunk = await ask("log", { params, query: { ...query, offset: -firstBytes, maxBytes: pieceBytes } }, { signal });
  take(chunk);
  while (!chunk.final && !signal.aborted) {
    try {
      const offset = chunk.nextOffset;
      const reply = await client.stream("followLog", { params, query: { ...query, offset } }, { signal });
      if (reply.kind === "problem") throw new Refused(reply.problem);
      for await (const message of reply.messages) {
        if (message.kind === "problem") throw new Refused(message.problem);
        chunk = message.value;
        take(chunk);
      }
    } catch {
      if (signal.aborted) return;
      set((was) => (was.kind === "open" ? { ...was, live: "cut" } : was));
    }
    if (!chunk.final) await pause(1500, signal);
  }
}

/** The whole log from its first byte, as it is; `onShare` says from 0 to 1 how much is there. */
export async function readWhole(source: LogSource, onShare: (share: number) => void): Promise<Blob> {
  const { job, ...query } = source;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (;;) {
    const chunk = await ask("log", { params: { job }, query: { ...query, offset, maxBytes: pieceBytes } });
    pieces.push(new Uint8Array(bytesOf(chunk.base64)));
    onShare(chunk.sizeBytes === 0 ? 1 : chunk.nextOffset / chunk.sizeBytes);
    if (chunk.nextOffset >= chunk.sizeBytes || chunk.nextOffset === offset)
      return new Blob(pieces, { type: "text/plain" });
    offset = chunk.nextOffset;
  }
}
