import { type SwfLog, swfHeader } from "./swf.ts";
import { TraceRefused } from "./trace-refusal.ts";

/** Whether a file begins as an export of Weir's does, and not as a log in SWF; a byte order mark and empty lines may come before. */
export function isHistory(bytes: Uint8Array): boolean {
  return decoder.decode(bytes.subarray(0, 1000)).trimStart().startsWith("{");
}

/** A file of that kind, a piece at a time; `centres` null: it goes on. */
export function* historyText(centres: readonly object[] | null, runs: readonly object[]): Generator<string> {
  if (centres !== null) yield `${JSON.stringify({ weir: "history", version: 1, centres })}\n`;
  if (runs.length > 0) yield `${runs.map((run) => JSON.stringify(run)).join("\n")}\n`;
}

/**
 * Reads what `weir export --history` wrote (docs/guides/history.md): a first line with the centres, then a line of JSON a
 * task that has run. One log for each centre where something ran; user, group and job number are the ids of person,
 * project and task. All count from one second, that of the first submission anywhere, and say so (`clock: "shared"`).
 * - Times are cut to whole seconds, a run's length is rounded up: what ran has run for at least one.
 * - A centre that told no cores has no size, and is refused later unless one is given.
 * - What is no JSON, lacks a field, or holds no whole number from 0 where one is due is refused, as is a file without a run.
 */
export function parseHistory(bytes: Uint8Array, name: string): readonly SwfLog[] {
  const rows: Row[] = [];
  let centres: ReadonlyMap<string, number> | null = null;
  let line = 0;
  for (let at = 0; at < bytes.length; ) {
    line += 1;
    const found = bytes.indexOf(newline, at);
    const end = found === -1 ? bytes.length : found;
    const text = decoder.decode(bytes.subarray(at, end)).trim();
    at = end + 1;
    if (text === "") continue;
    const fields = readObject(text, name, line);
    if (centres === null) centres = readHead(fields, name, line);
    else rows.push(readRow(fields, name, line));
  }
  if (rows.length === 0) throw new TraceRefused(name, { kind: "no-jobs" });
  const firstMs = rows.reduce((first, { submittedMs }) => Math.min(first, submittedMs), Number.POSITIVE_INFINITY);
  const byCentre = Map.groupBy(rows, ({ centre }) => centre);
  return [...byCentre.keys()]
    .toSorted()
    .map((centre) => logOf(centre, byCentre.get(centre) ?? [], centres?.get(centre) ?? 0, Math.floor(firstMs / 1000)));
}

type Row = {
  readonly number: number;
  readonly centre: string;
  readonly project: number;
  readonly person: number;
  readonly cores: number;
  readonly timeLimitS: number;
  readonly submittedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
};

type Fields = Readonly<Record<string, unknown>>;

const newline = 10;
const decoder = new TextDecoder();
const greatest = 2_147_483_647;

function logOf(centre: string, unsorted: readonly Row[], cores: number, firstS: number): SwfLog {
  const rows = unsorted.toSorted((a, b) => a.submittedMs - b.submittedMs || a.number - b.number);
  const column = (value: (row: Row) => number) => Int32Array.from(rows, value);
  const atS = (ms: number) => Math.floor(ms / 1000) - firstS;
  const size: readonly [string, string][] = cores > 0 ? [["MaxProcs", `${cores}`]] : [];
  const fields = new Map([
    ["Note", "Weir's own history"],
    ["Clock", "shared"],
    ["UnixStartTime", `${firstS}`],
    ...size,
  ]);
  return {
    name: centre,
    header: swfHeader(fields),
    count: rows.length,
    position: Int32Array.from(rows, (_, place) => place),
    number: column(({ number }) => number),
    submitS: column(({ submittedMs }) => atS(submittedMs)),
    waitS: column(({ submittedMs, startedMs }) => Math.max(0, atS(startedMs) - atS(submittedMs))),
    runS: column(({ startedMs, endedMs }) => Math.max(1, Math.ceil((endedMs - startedMs) / 1000))),
    allocated: column((row) => row.cores),
    requested: column((row) => row.cores),
    requestedS: column(({ timeLimitS }) => timeLimitS),
    user: column(({ person }) => person),
    group: column(({ project }) => project),
  };
}

function readObject(text: string, name: string, line: number): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, as is JSON of another kind.
  }
  throw new TraceRefused(name, { kind: "not-json", line });
}

function readHead(fields: Fields, name: string, line: number): ReadonlyMap<string, number> {
  const { weir, version, centres } = fields;
  if (weir !== "history" || version !== 1 || !Array.isArray(centres))
    throw new TraceRefused(name, { kind: "not-history", line });
  return new Map(
    centres.map((entry: unknown): [string, number] => {
      const one: Fields = typeof entry === "object" && entry !== null ? { ...entry } : {};
      return [textOf(one, "centre", name, line), wholeOf(one, "cores", greatest, name, line)];
    }),
  );
}

function readRow(fields: Fields, name: string, line: number): Row {
  const whole = (field: string, most: number) => wholeOf(fields, field, most, name, line);
  const row = {
    number: whole("number", greatest),
    centre: textOf(fields, "centre", name, line),
    project: whole("project", greatest),
    person: whole("person", greatest),
    cores: whole("cores", greatest),
    timeLimitS: whole("timeLimitS", greatest),
    submittedMs: whole("submittedMs", Number.MAX_SAFE_INTEGER),
    startedMs: whole("startedMs", Number.MAX_SAFE_INTEGER),
    endedMs: whole("endedMs", Number.MAX_SAFE_INTEGER),
  };
  if (row.endedMs < row.startedMs) throw new TraceRefused(name, { kind: "no-field", line, field: "endedMs" });
  return row;
}

function wholeOf(fields: Fields, field: string, most: number, name: string, line: number): number {
  const value = fields[field];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw new TraceRefused(name, { kind: "no-field", line, field });
}

function textOf(fields: Fields, field: string, name: string, line: number): string {
  const value = fields[field];
  if (typeof value === "string" && value !== "") return value;
  throw new TraceRefused(name, { kind: "no-field", line, field });
}
