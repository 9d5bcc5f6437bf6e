import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { badValue, type Call } from "#cli/call.ts";
import { saidProcessors } from "#cli/commands/trace-logs.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { generate, generateRefusalWords, type ModelName, modelNames } from "#simulator/generate/generate.ts";
import { type SwfLog, swfText } from "#simulator/swf.ts";

/** The log that `--generate` asks for, kept under `--write`; null: none was asked for. */
export async function generatedLog(call: Call): Promise<SwfLog | null> {
  const model = modelNames.find((name) => name === call.one("generate"));
  if (model === undefined) {
    for (const option of ["jobs", "write", "load"])
      if (call.has(option)) throw new Stop(exitCodes.usage, call.say("simulateNeedsGenerate", { option }));
    return null;
  }
  const log = makeLog(call, model);
  const path = call.one("write");
  if (path !== null) await keep(call, log, path);
  return log;
}

function makeLog(call: Call, model: ModelName): SwfLog {
  const said = call.one("load");
  const load = said === null ? null : Number(said);
  if (load !== null && !(load > 0)) throw badValue(call.say, "--load", said ?? "", call.say("expectedAboveZero"));
  const made = generate({
    model,
    jobs: call.number("jobs", 1) ?? 10_000,
    processors: saidProcessors(call).at(-1) ?? 256,
    seed: call.number("seed", 0) ?? 1,
    load,
  });
  if (made.kind !== "log") throw new Stop(exitCodes.usage, generateRefusalWords(made, call.language));
  return made.log;
}

async function keep(call: Call, log: SwfLog, path: string): Promise<void> {
  try {
    await pipeline(Readable.from(swfText(log)), createWriteStream(resolve(call.terminal.folder, path)));
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.failed, call.say("simulateNotWritten", { path, words }));
  }
  call.note(call.say("simulateWritten", { path, jobs: log.count }));
}
