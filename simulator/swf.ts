import { TraceRefused } from "./trace-refusal.ts";

/**
 * A log in the Standard Workload Format, version 2.2 (Parallel Workloads Archive, Feitelson et al.): one array a column,
 * an entry a job, in the order (submit, position in the file). Numbers are as the file has them, -1 = missing, and no
 * rule of any model is applied. Times in whole seconds.
 */
export type SwfLog = {
  /** As given to the parser. */
  readonly name: string;
  readonly header: SwfHeader;
  readonly count: number;
  /** Place among the jobs of the file, from 0. */
  readonly position: Int32Array;
  /** Column 1. */
  readonly number: Int32Array;
  /** Column 2, on the file's own clock. */
  readonly submitS: Int32Array;
  /** Column 3, as it was recorded. */
  readonly waitS: Int32Array;
  /** Column 4. */
  readonly runS: Int32Array;
  /** Column 5: processors it got. */
  readonly allocated: Int32Array;
  /** Column 8: processors it asked for. */
  readonly requested: Int32Array;
  /** Column 9: its time limit. */
  readonly requestedS: Int32Array;
  /** Column 12. */
  readonly user: Int32Array;
  /** Column 13. */
  readonly group: Int32Array;
};

export type SwfHeader = {
  readonly maxProcs: number | null;
  readonly maxNodes: number | null;
  /** Of second 0 of the log. */
  readonly unixStartS: number | null;
  /** `shared`: second 0 is the same as in the other logs that say so (`; Clock: shared`, of Weir's own history). */
  readonly clock: "own" | "shared";
  /** `; Name: value`, the first of each name. */
  readonly fields: ReadonlyMap<string, string>;
};

/**
 * Reads a whole log. What is not exactly a log is either covered by one of these rules or refused (`TraceRefused`, with
 * file, line and remedy), so that nothing is guessed:
 * - A line is 18 columns between blanks or tabs; fewer or more are refused. Line ends are LF or CRLF, the last may lack
 *   its own. Empty lines, a byte order mark, and what follows a `;` are passed over.
 * - The header is the comments before the first job. `MaxProcs`, and `MaxNodes` where there is no `MaxProcs`, must be a
 *   whole number (words may follow); not above 0 means missing, as it does where they are absent. `UnixStartTime` is
 *   missing too where it is no number from 0.
 * - Of the nine columns kept, each must be a number, at most 2 147 483 647 in size; a decimal, also with an exponent, is
 *   rounded down to a whole one. The other nine may hold anything.
 * - Negative numbers are kept as they are: what they mean is the model's affair, -1 being "missing".
 * - Jobs that are not in the order of their submission are put in it; those of one second stay in the order of the file.
 * - A file without jobs is refused.
 */
export function parseSwf(bytes: Uint8Array, name: string): SwfLog {
  const columns = createColumns(bytes.length);
  const fields = new Int32Array(columnCount + 1);
  const header: HeaderLine[] = [];
  let count = 0;
  let line = 0;
  let isSorted = true;
  let lastS = -Infinity;
  let end = 0;
  for (let at = startOf(bytes); at < bytes.length; at = end + 1) {
    line += 1;
    end = readLine(bytes, at, fields);
    if (end === odd) end = readOddLine(bytes, at, fields, { name, line });
    const found = fields[columnCount] ?? 0;
    if (found === 0) {
      if (count === 0) header.push({ line, text: decoder.decode(bytes.subarray(at, end)) });
      continue;
    }
    if (found !== columnCount) throw new TraceRefused(name, { kind: "columns", line, found, expected: columnCount });
    keep(columns, count, fields);
    const submitS = fields[1] ?? 0;
    isSorted &&= submitS >= lastS;
    lastS = submitS;
    count += 1;
  }
  const parsedHeader = parseHeader(header, name);
  if (count === 0) throw new TraceRefused(name, { kind: "no-jobs" });
  return { name, header: parsedHeader, count, ...(isSorted ? trimmed(columns, count) : sorted(columns, count)) };
}

/** The log as text, a piece of a few thousand jobs at a time; `parseSwf` reads the same log from it, but for `position`. */
export function* swfText(log: SwfLog): Generator<string> {
  yield [...log.header.fields].map(([field, value]) => `; ${field}: ${value}\n`).join("");
  const pieceJobs = 4096;
  for (let from = 0; from < log.count; from += pieceJobs) {
    const jobs = Math.min(pieceJobs, log.count - from);
    yield Array.from({ length: jobs }, (_, i) => lineOf(log, from + i)).join("");
  }
}

/** The fields of a header that say a size and a start, for `swfText` and whatever makes logs of its own. */
export function swfHeader(fields: ReadonlyMap<string, string>): SwfHeader {
  return parseHeader(
    [...fields].map(([field, value], place) => ({ line: place + 1, text: `; ${field}: ${value}` })),
    "header",
  );
}

function lineOf(log: SwfLog, i: number): string {
  const head = `${log.number[i]} ${log.submitS[i]} ${log.waitS[i]} ${log.runS[i]} ${log.allocated[i]}`;
  const asked = `${log.requested[i]} ${log.requestedS[i]}`;
  return `${head} -1 -1 ${asked} -1 -1 ${log.user[i]} ${log.group[i]} -1 -1 -1 -1 -1\n`;
}

const columnCount = 18;
const greatest = 2_147_483_647;
// Of ASCII; one constant each, which the compiler folds into the loop.
const tab = 9;
const newline = 10;
const carriageReturn = 13;
const space = 32;
const minus = 45;
const zero = 48;
const nine = 57;
const semicolon = 59;
const decoder = new TextDecoder();

type Columns = Omit<SwfLog, "name" | "header" | "count">;

/** Room for every job the bytes can hold: 18 digits, 17 blanks and a line end each. What is not written takes no memory. */
function createColumns(byteLength: number): Columns {
  const most = Math.floor(byteLength / (2 * columnCount)) + 1;
  return mapColumns(() => new Int32Array(most));
}

function mapColumns(make: (column: keyof Columns) => Int32Array): Columns {
  return {
    position: make("position"),
    number: make("number"),
    submitS: make("submitS"),
    waitS: make("waitS"),
    runS: make("runS"),
    allocated: make("allocated"),
    requested: make("requested"),
    requestedS: make("requestedS"),
    user: make("user"),
    group: make("group"),
  };
}

function keep(columns: Columns, place: number, fields: Int32Array): void {
  columns.position[place] = place;
  columns.number[place] = fields[0] ?? 0;
  columns.submitS[place] = fields[1] ?? 0;
  columns.waitS[place] = fields[2] ?? 0;
  columns.runS[place] = fields[3] ?? 0;
  columns.allocated[place] = fields[4] ?? 0;
  columns.requested[place] = fields[7] ?? 0;
  columns.requestedS[place] = fields[8] ?? 0;
  columns.user[place] = fields[11] ?? 0;
  columns.group[place] = fields[12] ?? 0;
}

function trimmed(columns: Columns, count: number): Columns {
  return mapColumns((column) => columns[column].slice(0, count));
}

function sorted(columns: Columns, count: number): Columns {
  const { submitS } = columns;
  const order = columns.position.slice(0, count).sort((a, b) => (submitS[a] ?? 0) - (submitS[b] ?? 0) || a - b);
  return mapColumns((column) => order.map((place) => columns[column][place] ?? 0));
}

function startOf(bytes: Uint8Array): number {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? 3 : 0;
}

/** What `readLine` answers where a line has more than plain digits. */
const odd = -1;

/**
 * Puts the kept columns of the line at `from` into `fields`, behind them the number of columns found (0: empty, or a
 * comment alone), and gives the place of the line's end. A function of its own and small: the compiler is done with it
 * after the first lines of a file.
 */
function readLine(bytes: Uint8Array, from: number, fields: Int32Array): number {
  let at = from;
  let byte = bytes[at] ?? newline;
  let column = 0;
  while (true) {
    while (byte === space || byte === tab || byte === carriageReturn) byte = bytes[++at] ?? newline;
    if (byte === newline) break;
    if (byte === semicolon) {
      at = endOfLine(bytes, at);
      break;
    }
    if (((keptColumns >> column) & 1) === 0) {
      while (byte > space && byte !== semicolon) byte = bytes[++at] ?? newline;
    } else {
      const isNegative = byte === minus;
      if (isNegative) byte = bytes[++at] ?? newline;
      const digits = at;
      let value = 0;
      while (byte >= zero && byte <= nine) {
        value = value * 10 + byte - zero;
        byte = bytes[++at] ?? newline;
      }
      if (at === digits || value > greatest) return odd;
      fields[column] = isNegative ? -value : value;
    }
    if (byte !== space && byte !== newline && byte !== tab && byte !== carriageReturn && byte !== semicolon) return odd;
    column += 1;
  }
  fields[columnCount] = column;
  return at;
}

/** The same for any line, by its text: decimals, signs, exponents; what cannot be read is refused. */
function readOddLine(bytes: Uint8Array, from: number, fields: Int32Array, { name, line }: Place): number {
  const end = endOfLine(bytes, from);
  const text = decoder.decode(bytes.subarray(from, end)).replace(/;[\s\S]*/, "");
  const found = text.split(/[ \t\r]+/).filter((field) => field !== "");
  for (const [column, field] of found.entries()) {
    const meaning = meanings[column];
    if (meaning !== undefined) fields[column] = readOddField(field, meaning, { name, line, column: column + 1 });
  }
  fields[columnCount] = found.length;
  return end;
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(newline, from);
  return end === -1 ? bytes.length : end;
}

/** What each column means, for those that are kept. */
const meanings: Readonly<Record<number, string>> = {
  0: "job number",
  1: "submit time",
  2: "wait time",
  3: "run time",
  4: "allocated processors",
  7: "requested processors",
  8: "requested time",
  11: "user",
  12: "group",
};

const keptColumns = Object.keys(meanings).reduce((bits, column) => bits | (1 << Number(column)), 0);

type Place = { readonly name: string; readonly line: number };

function readOddField(text: string, meaning: string, place: Place & { readonly column: number }): number {
  const { name, line, column } = place;
  const facts = { line, column, meaning, text: text.slice(0, 40) };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    throw new TraceRefused(name, { kind: "not-a-number", ...facts });
  const value = Math.floor(Number(text));
  if (Math.abs(value) > greatest) throw new TraceRefused(name, { kind: "too-large", ...facts, limit: greatest });
  return value;
}

type HeaderLine = { readonly line: number; readonly text: string };

function parseHeader(lines: readonly HeaderLine[], name: string): SwfHeader {
  const fields = new Map<string, string>();
  const lineOfField = new Map<string, number>();
  for (const { line, text } of lines) {
    const [, field, value] = /^;+\s*([A-Za-z]\w*)\s*:\s*(.*?)\s*$/.exec(text) ?? [];
    if (field === undefined || value === undefined || fields.has(field)) continue;
    fields.set(field, value);
    lineOfField.set(field, line);
  }
  const digitsOf = (field: string) => /^(-?\d+)(?=$|[\s(;])/.exec(fields.get(field) ?? "")?.[1];
  const isWhole = (field: string) => Number(digitsOf(field)) <= greatest;
  const whole = (field: string, least: number): number | null => {
    const text = fields.get(field);
    if (text === undefined || text === "") return null;
    const value = Number(digitsOf(field));
    if (!isWhole(field))
      throw new TraceRefused(name, { kind: "header", line: lineOfField.get(field) ?? 0, field, text });
    return value < least ? null : value;
  };
  const maxProcs = whole("MaxProcs", 1);
  return {
    maxProcs,
    // Where the processors are said, words in place of the nodes harm nothing.
    maxNodes: maxProcs !== null && !isWhole("MaxNodes") ? null : whole("MaxNodes", 1),
    unixStartS: isWhole("UnixStartTime") ? whole("UnixStartTime", 0) : null,
    clock: fields.get("Clock") === "shared" ? "shared" : "own",
    fields,
  };
}
