import { plain, type Style, styleAfter } from "./ansi.ts";

/**
 * The part of a log that the page holds: whole lines from `startOffset` on (a byte offset that begins a line), and the
 * bytes of a last line that has no end yet. Bytes become text only in whole characters, however the pieces were cut.
 */
export type LogText = {
  readonly startOffset: number;
  /** Behind the last byte that is in `lines` or `rest`. */
  readonly endOffset: number;
  /** The place of the first line, counted from the first one that was ever held: a line keeps its number for life. */
  readonly firstAt: number;
  readonly lines: readonly LogLine[];
  readonly rest: Uint8Array;
  /** Lines were let go at the front since reading began. */
  readonly dropped: boolean;
};
export type LogLine = { readonly text: string; readonly style: Style; readonly bytes: number };

/** About 60 bytes a line: some 20 MB of text at most in one page. */
export const mostLines = 200_000;

export function emptyLog(offset: number): LogText {
  return { startOffset: offset, endOffset: offset, firstAt: 0, lines: [], rest: new Uint8Array(0), dropped: false };
}

/** The log after `bytes`, which begin at its `endOffset`. At the front lines go once there are too many. */
export function append(log: LogText, bytes: Uint8Array): LogText {
  if (bytes.length === 0) return log;
  const all = joined(log.rest, bytes);
  const last = log.lines.at(-1);
  const { lines, rest } = split(all, last ? styleAfter(last.text, last.style) : plain);
  const surplus = Math.max(0, log.lines.length + lines.length - mostLines);
  const gone =
    surplus === 0 ? 0 : [...log.lines, ...lines].slice(0, surplus).reduce((sum, line) => sum + line.bytes, 0);
  return {
    startOffset: log.startOffset + gone,
    endOffset: log.endOffset + bytes.length,
    firstAt: log.firstAt + surplus,
    lines: [...log.lines, ...lines].slice(surplus),
    rest,
    dropped: log.dropped || surplus > 0,
  };
}

/** The log with `bytes` before it, which end at its `startOffset`; a first line that begins earlier is left out. */
export function prepend(log: LogText, bytes: Uint8Array): LogText {
  const fromOffset = log.startOffset - bytes.length;
  const { cut, offset } = fromLineStart(bytes, fromOffset);
  const { lines, rest } = split(cut, plain);
  const after = rest.length === 0 ? log : withFront(log, rest);
  return {
    ...after,
    startOffset: offset,
    firstAt: log.firstAt - lines.length,
    lines: [...lines, ...restyled(after.lines, lines.at(-1))],
  };
}

/** Only where a single line is longer than one piece: what was held begins inside it, and `front` is its beginning. */
function withFront(log: LogText, front: Uint8Array): LogText {
  const [first, ...others] = log.lines;
  if (!first) return { ...log, rest: joined(front, log.rest) };
  return {
    ...log,
    lines: [{ ...first, text: decode(front) + first.text, bytes: front.length + first.bytes }, ...others],
  };
}

/** A log that begins with `bytes` read at `offset`; where that is in the middle of a line, with the next line. */
export function begin(offset: number, bytes: Uint8Array): LogText {
  const { cut, offset: start } = fromLineStart(bytes, offset);
  return append(emptyLog(start), cut);
}

/** Every line, the unfinished last one too. */
export function allLines(log: LogText): readonly LogLine[] {
  if (log.rest.length === 0) return log.lines;
  const last = log.lines.at(-1);
  const style = last ? styleAfter(last.text, last.style) : plain;
  return [...log.lines, { text: decode(log.rest), style, bytes: log.rest.length }];
}

export function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

const newline = 10;

function split(bytes: Uint8Array, first: Style): { readonly lines: LogLine[]; readonly rest: Uint8Array } {
  const lines: LogLine[] = [];
  let style = first;
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(newline, at);
    if (end < 0) return { lines, rest: bytes.slice(at) };
    const text = decode(bytes.subarray(at, end));
    lines.push({ text, style, bytes: end + 1 - at });
    style = styleAfter(text, style);
    at = end + 1;
  }
}

/** A colour that was set before what was held so far now colours it too, up to the first change. */
function restyled(lines: readonly LogLine[], before: LogLine | undefined): readonly LogLine[] {
  let style = before ? styleAfter(before.text, before.style) : plain;
  if (style === plain) return lines;
  return lines.map((line) => {
    const mended = { ...line, style };
    style = styleAfter(line.text, style);
    return mended;
  });
}

function fromLineStart(bytes: Uint8Array, offset: number): { readonly cut: Uint8Array; readonly offset: number } {
  if (offset === 0) return { cut: bytes, offset };
  const at = bytes.indexOf(newline) + 1;
  // A single line longer than what was read: better its end than nothing.
  if (at === 0) return { cut: bytes, offset };
  return { cut: bytes.subarray(at), offset: offset + at };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
