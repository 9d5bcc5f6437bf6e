import { resolve } from "node:path";
import { badValue, type Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { isHistory, parseHistory } from "#simulator/history.ts";
import { readTrace, traceName } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { TraceRefused, traceRefusalWords } from "#simulator/trace-refusal.ts";

/** A log in SWF is one home; Weir's own history holds several. */
export function readLogs(call: Call, path: string): readonly SwfLog[] {
  try {
    const bytes = readTrace(resolve(call.terminal.folder, path));
    return isHistory(bytes) ? parseHistory(bytes, path) : [parseSwf(bytes, traceName(path))];
  } catch (error) {
    if (error instanceof TraceRefused)
      throw new Stop(exitCodes.refused, traceRefusalWords(path, error.refusal, call.language));
    throw new Stop(exitCodes.usage, call.say("simulateNotRead", { path, words: fileTroubleWords(error, call.say) }));
  }
}

/** What `--processors` says: one for each trace, or one for all of them; jobs that are made count as the last trace. */
export function processorsOf(call: Call, traces: number): readonly (number | null)[] {
  const numbers = saidProcessors(call);
  if (numbers.length > 1 && numbers.length !== traces)
    throw new Stop(exitCodes.usage, call.say("simulateSizes", { sizes: numbers.length, traces }));
  return Array.from({ length: traces }, (_, at) => numbers[numbers.length === 1 ? 0 : at] ?? null);
}

export function saidProcessors(call: Call): readonly number[] {
  const said = call.all("processors").flatMap((value) => value.split(","));
  return said.map((value) => {
    if (/^\d{1,9}$/.test(value) && Number(value) >= 1) return Number(value);
    throw badValue(call.say, "--processors", value, call.say("expectedNumber", { least: 1 }));
  });
}
