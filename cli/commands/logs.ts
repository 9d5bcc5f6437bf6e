import { type CallOptions, NoAnswer, type StreamReply } from "#api/client.ts";
import type { LogChunk } from "#api/job.ts";
import { type Call, taskOperand } from "#cli/call.ts";
import { exitCodes, Stop, stopOf } from "#cli/stop.ts";

type Asked = {
  readonly job: number;
  readonly query: {
    readonly index: number;
    readonly attempt?: number;
    readonly stream: "stdout" | "stderr";
    readonly offset: number;
  };
};

/**
 * The bytes as the job wrote them, on standard output. JSON: `{"run", "stream", "offset", "sizeBytes", "final",
 * "base64", "text"}`; with --follow one such object a line for each piece.
 */
export async function logs(call: Call): Promise<number> {
  const { job, index: said } = taskOperand(call, call.operands[0] ?? "");
  const [attempt, tail] = [call.number("attempt", 1), call.number("tail", 1)];
  const index = said ?? (await onlyTask(call, job));
  const asked: Asked = {
    job,
    query: {
      index,
      stream: call.has("stderr") ? "stderr" : "stdout",
      offset: tail === null ? 0 : -tail,
      ...(attempt !== null && { attempt }),
    },
  };
  return call.has("follow") ? follow(call, asked) : printSoFar(call, asked);
}

/** Of several, none is meant by the job's number alone. */
async function onlyTask(call: Call, job: number): Promise<number> {
  const { tasks } = await call.ask("tasks", { params: { job }, query: { limit: 2 } });
  const index = tasks[0]?.index ?? 0;
  if (tasks.length > 1) throw new Stop(exitCodes.usage, call.say("logOfArray", { job, index }));
  return index;
}

async function printSoFar(call: Call, { job, query }: Asked): Promise<number> {
  const pieces: Buffer[] = [];
  let offset = query.offset;
  let first: LogChunk | null = null;
  let last: LogChunk;
  do {
    last = await call.ask("log", { params: { job }, query: { ...query, offset } });
    first ??= last;
    const bytes = Buffer.from(last.base64, "base64");
    if (call.json) pieces.push(bytes);
    else await call.terminal.out(bytes);
    if (last.nextOffset === last.offset) break;
    offset = last.nextOffset;
  } while (last.nextOffset < last.sizeBytes);
  if (call.json) {
    const whole = Buffer.concat(pieces);
    const { run, stream, sizeBytes, final } = last;
    const texts = { base64: whole.toString("base64"), text: whole.toString("utf8") };
    await call.printJson({ run, stream, offset: first.offset, sizeBytes, final, ...texts });
  } else if (last.final) await sayOfErrors(call, { job, query });
  return exitCodes.done;
}

/** Until the last piece; a cut connection is taken up where it ended, and a job that has not started is waited for. */
async function follow(call: Call, { job, query }: Asked): Promise<number> {
  let nextOffset: number | null = null;
  let hasSaid = false;
  for (let idle = 0; ; idle += 1) {
    try {
      const resumed: Asked["query"] = nextOffset === null ? query : { ...query, offset: nextOffset };
      const options: CallOptions = nextOffset === null ? {} : { lastEventId: `${nextOffset}` };
      const stream: StreamReply<"followLog"> = await call
        .client()
        .stream("followLog", { params: { job }, query: resumed }, options);
      if (stream.kind === "problem") {
        if (!isNotYet(stream.problem.type)) throw stopOf(stream.problem);
        if (!hasSaid) call.note(call.say("logWaits"));
        hasSaid = true;
      } else {
        for await (const message of stream.messages) {
          if (message.kind === "problem") {
            if (isNotYet(message.problem.type)) break;
            throw stopOf(message.problem);
          }
          const chunk = message.value;
          await printPiece(call, chunk);
          nextOffset = chunk.nextOffset;
          idle = 0;
          if (!chunk.final) continue;
          if (!call.json) await sayOfErrors(call, { job, query });
          return exitCodes.done;
        }
      }
    } catch (error) {
      const isCut = error instanceof NoAnswer || error instanceof TypeError;
      if (!isCut || (nextOffset === null && idle === 0)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** Math.min(idle, 5))));
  }
}

/** Why a run failed often stands in its standard error alone: who reads the other stream of one that has ended hears of it. */
async function sayOfErrors(call: Call, { job, query }: Asked): Promise<void> {
  if (query.stream === "stderr") return;
  const lastByte = { ...query, stream: "stderr", offset: -1 } as const;
  const reply = await call.client().call("log", { params: { job }, query: lastByte });
  if (reply.kind !== "answer" || reply.value.sizeBytes === 0) return;
  call.note(call.say("logErrors", { bytes: reply.value.sizeBytes, operand: call.operands[0] ?? `${job}` }));
}

function isNotYet(type: string): boolean {
  return type.endsWith("/log-unavailable");
}

async function printPiece(call: Call, chunk: LogChunk): Promise<void> {
  const bytes = Buffer.from(chunk.base64, "base64");
  if (!call.json) return call.terminal.out(bytes);
  const { run, stream, offset, sizeBytes, final, base64 } = chunk;
  const line = { run, stream, offset, sizeBytes, final, base64, text: bytes.toString("utf8") };
  return call.print(`${JSON.stringify(line)}\n`);
}
