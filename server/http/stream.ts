import { setTimeout as delay } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Gate } from "#server/identity/gate.ts";
import type { Sink } from "./handler.ts";
import { type Language, problemOf } from "./problem.ts";

/**
 * Server-Sent Events (HTML standard, 9.2): `id:` and `data:` for each item, a comment every 15 s so that nothing between
 * takes the line for dead, `event: problem` before an early end. A reader that lets more than 1 MiB pile up is cut and
 * resumes by its Last-Event-ID: nobody's slowness costs the server's memory.
 */
export async function runStream(
  request: FastifyRequest,
  reply: FastifyReply,
  run: (sink: Sink<unknown>) => Promise<void>,
  settings: StreamSettings,
): Promise<FastifyReply> {
  const { stopping, language } = settings;
  const { raw } = reply;
  const cut = new AbortController();
  const end = () => cut.abort();
  raw.once("close", end);
  raw.on("error", end);
  stopping.addEventListener("abort", end, { once: true });
  reply.hijack();
  const headers = {
    ...reply.getHeaders(),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  };
  raw.writeHead(200, headers as Record<string, string>);
  raw.write(": weir\n\n");
  const look = async () => {
    if (await settings.stillAllowed().catch(() => true)) return;
    end();
    raw.end();
  };
  const heartbeat = setInterval(() => {
    raw.write(": \n\n");
    void look();
  }, heartbeatMs);
  const unsubscribe = settings.onForget(() => void look());

  const write = (text: string): boolean => {
    if (cut.signal.aborted) return false;
    raw.write(text);
    if (raw.writableLength <= mostWaitingBytes) return true;
    raw.destroy();
    cut.abort();
    return false;
  };
  try {
    await run({
      send: (id, item) => write(`id: ${id}\ndata: ${JSON.stringify(item)}\n\n`),
      problem: (refusal) => write(`event: problem\ndata: ${JSON.stringify(problemOf(refusal, language))}\n\n`),
      drained: () => drained(raw, cut.signal),
      closed: cut.signal,
    });
  } catch (error) {
    if (!cut.signal.aborted) request.log.error({ err: error, reqId: request.id }, "a stream failed");
  } finally {
    clearInterval(heartbeat);
    unsubscribe();
    stopping.removeEventListener("abort", end);
    raw.end();
  }
  return reply;
}

export type StreamSettings = {
  /** Ends the stream when this server stops. */
  readonly stopping: AbortSignal;
  readonly language: Language;
  /** Asked at each heartbeat, and whenever who may do what has changed: a caller who signed out, or may see other things now, has to come again. */
  readonly stillAllowed: () => Promise<boolean>;
  readonly onForget: Gate["onForget"];
};

const heartbeatMs = 15_000;
const mostWaitingBytes = 1024 * 1024;

async function drained(raw: FastifyReply["raw"], closed: AbortSignal): Promise<void> {
  while (raw.writableNeedDrain && !closed.aborted) {
    await Promise.race([
      new Promise<void>((resolve) => raw.once("drain", resolve)),
      delay(1000, undefined, { signal: closed }).catch(() => undefined),
    ]);
  }
}
