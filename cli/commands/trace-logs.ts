import { resolve } from "node:path";
import { badValue, type Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import {
  deviceClassesOf,
  type History,
  isHistory,
  isInThousandths,
  logsOf,
  parseHistory,
  type Resource,
} from "#simulator/history.ts";
import { readTrace, traceName } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog } from "#simulator/swf.ts";
import { TraceRefused, traceRefusalWords } from "#simulator/trace-refusal.ts";

/** A log in SWF is one home; Weir's own history holds several. */
export function readLogs(call: Call, path: string): readonly SwfLog[] {
  const read = readFile(call, path);
  if ("rows" in read) return countedLogs(call, read, path);
  if (call.has("resource")) throw new Stop(exitCodes.usage, call.say("historyNotSaid", { path }));
  return [read];
}

function readFile(call: Call, path: string): History | SwfLog {
  try {
    const bytes = readTrace(resolve(call.terminal.folder, path));
    return isHistory(bytes) ? parseHistory(bytes, path) : parseSwf(bytes, traceName(path));
  } catch (error) {
    if (error instanceof TraceRefused)
      throw new Stop(exitCodes.refused, traceRefusalWords(path, error.refusal, call.language));
    throw new Stop(exitCodes.usage, call.say("simulateNotRead", { path, words: fileTroubleWords(error, call.say) }));
  }
}

/**
 * The logs of a history, of cores or of what `--resource` names: a class of accelerators as the history has it, or its model
 * alone. Where tasks had accelerators and nothing is said, that they count by their cores is noted.
 */
export function countedLogs(call: Call, history: History, path: string): readonly SwfLog[] {
  const classes = deviceClassesOf(history);
  const resource = askedResource(call, classes, path);
  const logs = logsOf(history, resource);
  if (resource !== "cores") {
    const words = isInThousandths(history, resource) ? "historyInThousandths" : "historyInDevices";
    call.note(call.say(words, { resource: resource.deviceClass }));
  }
  const had = classes.map(({ deviceClass, tasks }) => call.say("historyClass", { resource: deviceClass, tasks }));
  if (call.one("resource") === null && had.length > 0)
    call.note(call.say("historyByCores", { classes: had.join(call.say("comma")) }));
  return logs;
}

function askedResource(call: Call, classes: ReturnType<typeof deviceClassesOf>, path: string): Resource {
  const said = call.one("resource") ?? "cores";
  if (said === "cores") return "cores";
  const named = classes.filter(({ deviceClass }) => deviceClass === said || deviceClass.split("/").at(-1) === said);
  const [one] = named;
  if (one !== undefined && named.length === 1) return { deviceClass: one.deviceClass };
  if (classes.length === 0) throw new Stop(exitCodes.usage, call.say("historyNoDevices", { path, resource: said }));
  const known = ["cores", ...classes.map(({ deviceClass }) => deviceClass)].join(call.say("comma"));
  throw new Stop(exitCodes.usage, call.say("historyNoResource", { path, resource: said, known }));
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
