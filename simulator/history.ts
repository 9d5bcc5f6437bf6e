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

/** What ran, as `weir export --history` wrote it: of each task its last run. */
export type History = { readonly rows: readonly Row[]; readonly centres: ReadonlyMap<string, Sizes> };

/** What a replay counts: the cores of all tasks, or the accelerators of one class and the tasks that had some. */
export type Resource = "cores" | { readonly deviceClass: string };

/**
 * Reads a file of that kind (docs/guides/history.md): a first line with the centres, then a line of JSON a task that has
 * run. What is no JSON, lacks a field, or holds no whole number from 0 where one is due is refused, as is a file without a
 * run. Exports of before accelerators had classes are read: theirs are of `any/any`.
 */
export function parseHistory(bytes: Uint8Array, name: string): History {
  const rows: Row[] = [];
  let centres: ReadonlyMap<string, Sizes> | null = null;
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
  if (centres === null || rows.length === 0) throw new TraceRefused(name, { kind: "no-jobs" });
  return { rows, centres };
}

/** The classes of accelerators that tasks had, the one of most tasks first. */
export function deviceClassesOf({
  rows,
}: History): readonly { readonly deviceClass: string; readonly tasks: number }[] {
  const tasks = new Map<string, number>();
  for (const { deviceClass } of rows)
    if (deviceClass !== null) tasks.set(deviceClass, (tasks.get(deviceClass) ?? 0) + 1);
  return [...tasks]
    .map(([deviceClass, count]) => ({ deviceClass, tasks: count }))
    .toSorted((a, b) => b.tasks - a.tasks || (a.deviceClass < b.deviceClass ? -1 : 1));
}

/** Whether a replay of it counts thousandths of devices: where somebody had a share of one. */
export function isInThousandths({ rows }: History, resource: Resource): boolean {
  return resource !== "cores" && rows.some((row) => row.deviceClass === resource.deviceClass && row.shareMilli < 1000);
}

/**
 * One log for each centre where something ran that had any of the resource, which stands for its processors; user, group and
 * job number are the ids of person, project and task. All count from one second, that of the first submission anywhere, and
 * say so (`clock: "shared"`).
 * - Times are cut to whole seconds, a run's length is rounded up: what ran has run for at least one.
 * - A centre that told nothing of the resource has no size, and is refused later unless one is given.
 */
export function logsOf(history: History, resource: Resource): readonly SwfLog[] {
  const unit = isInThousandths(history, resource) ? 1000 : 1;
  const sized = history.rows.flatMap((row): readonly SizedRow[] => {
    if (resource === "cores") return [{ ...row, size: row.cores }];
    if (row.deviceClass !== resource.deviceClass) return [];
    return [{ ...row, size: (row.accelerators * row.shareMilli * unit) / 1000 }];
  });
  const firstMs = sized.reduce((first, { submittedMs }) => Math.min(first, submittedMs), Number.POSITIVE_INFINITY);
  const sizeOf = (centre: string): number => {
    const its = history.centres.get(centre);
    return resource === "cores" ? (its?.cores ?? 0) : unit * (its?.accelerators.get(resource.deviceClass) ?? 0);
  };
  const byCentre = Map.groupBy(sized, ({ centre }) => centre);
  return [...byCentre.keys()]
    .toSorted()
    .map((centre) => logOf(centre, byCentre.get(centre) ?? [], sizeOf(centre), Math.floor(firstMs / 1000)));
}

type Sizes = { readonly cores: number; readonly accelerators: ReadonlyMap<string, number> };

type Row = {
  readonly number: number;
  readonly centre: string;
  readonly project: number;
  readonly person: number;
  readonly cores: number;
  readonly accelerators: number;
  /** null: it had none. */
  readonly deviceClass: string | null;
  /** Of each device, in thousandths. */
  readonly shareMilli: number;
  readonly timeLimitS: number;
  readonly submittedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
};

/** In units of what is counted. */
type SizedRow = Row & { readonly size: number };

type Fields = Readonly<Record<string, unknown>>;

const newline = 10;
const decoder = new TextDecoder();
const greatest = 2_147_483_647;

function logOf(centre: string, unsorted: readonly SizedRow[], processors: number, firstS: number): SwfLog {
  const rows = unsorted.toSorted((a, b) => a.submittedMs - b.submittedMs || a.number - b.number);
  const column = (value: (row: SizedRow) => number) => Int32Array.from(rows, value);
  const atS = (ms: number) => Math.floor(ms / 1000) - firstS;
  const size: readonly [string, string][] = processors > 0 ? [["MaxProcs", `${processors}`]] : [];
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
    allocated: column(({ size }) => size),
    requested: column(({ size }) => size),
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

function readHead(fields: Fields, name: string, line: number): ReadonlyMap<string, Sizes> {
  const { weir, version, centres } = fields;
  if (weir !== "history" || version !== 1 || !Array.isArray(centres))
    throw new TraceRefused(name, { kind: "not-history", line });
  return new Map(
    centres.map((entry: unknown): [string, Sizes] => {
      const one = fieldsOf(entry);
      const devices = one.accelerators ?? [];
      if (!Array.isArray(devices)) throw new TraceRefused(name, { kind: "no-field", line, field: "accelerators" });
      const counts = devices.map((device: unknown): [string, number] => {
        const its = fieldsOf(device);
        return [textOf(its, "deviceClass", name, line), wholeOf(its, "count", greatest, name, line)];
      });
      const cores = wholeOf(one, "cores", greatest, name, line);
      return [textOf(one, "centre", name, line), { cores, accelerators: new Map(counts) }];
    }),
  );
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function readRow(fields: Fields, name: string, line: number): Row {
  const whole = (field: string, most: number) => wholeOf(fields, field, most, name, line);
  const row = {
    number: whole("number", greatest),
    centre: textOf(fields, "centre", name, line),
    project: whole("project", greatest),
    person: whole("person", greatest),
    cores: whole("cores", greatest),
    accelerators: whole("accelerators", greatest),
    deviceClass: classOf(fields, name, line),
    shareMilli: fields.shareMilli === undefined ? 1000 : whole("shareMilli", 1000),
    timeLimitS: whole("timeLimitS", greatest),
    submittedMs: whole("submittedMs", Number.MAX_SAFE_INTEGER),
    startedMs: whole("startedMs", Number.MAX_SAFE_INTEGER),
    endedMs: whole("endedMs", Number.MAX_SAFE_INTEGER),
  };
  if (row.endedMs < row.startedMs) throw new TraceRefused(name, { kind: "no-field", line, field: "endedMs" });
  return row;
}

function classOf(fields: Fields, name: string, line: number): string | null {
  if (fields.accelerators === 0) return null;
  return fields.deviceClass === undefined ? "any/any" : textOf(fields, "deviceClass", name, line);
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
