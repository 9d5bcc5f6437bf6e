import { type SbatchOption, sbatchOptions } from "#core/job/sbatch-options.ts";
import { weirOptions } from "#core/job/weir-options.ts";

/**
 * The #SBATCH and #WEIR lines of a script as the one place where the form and the script meet: the form shows what these lines say
 * and writes into them, nothing is kept beside. Words are split exactly as core/job/sbatch.ts splits them.
 */

const marks: readonly { readonly mark: string; readonly options: readonly SbatchOption[] }[] = [
  { mark: "#SBATCH", options: sbatchOptions },
  { mark: "#WEIR", options: weirOptions },
];

/** All that the script says of an option that may be said several times, in their order, with commas between. */
export function readAll(script: string, long: string): string {
  const found = headLines(script).flatMap(({ options }) => options.filter((option) => option.long === long));
  return found.map(({ value }) => value).join(",");
}

/** The text of an option's value as it stands in the script; the last one counts, as in sbatch. null: not there. */
export function readOption(
  script: string,
  longs: readonly string[],
): { readonly long: string; readonly value: string } | null {
  const found = headLines(script)
    .flatMap((line) => line.options)
    .findLast((option) => longs.includes(option.long));
  return found ? { long: found.long, value: found.value } : null;
}

/** From 1; null: the script does not say it. */
export function lineOf(script: string, long: string): number | null {
  const line = headLines(script).findLast(({ options }) => options.some((option) => option.long === long));
  return line ? line.at + 1 : null;
}

/**
 * The script in which that option says `value`: written where it stood, else on a line of its own behind the last
 * directive; null takes it out. `others` say the same thing in another way and go too.
 */
export function writeOption(
  script: string,
  long: string,
  value: string | null,
  others: readonly string[] = [],
): string {
  const lines = script.split("\n");
  const names = [long, ...others];
  const head = headLines(script);
  const places = head.flatMap((line) =>
    line.options.filter((one) => names.includes(one.long)).map((one) => ({ line, one })),
  );
  const keep = value === null ? undefined : (places.findLast(({ one }) => one.long === long) ?? places.at(-1));
  for (const { line } of places) {
    const text = lines[line.at] ?? "";
    let changed = text;
    for (const option of line.options.toReversed()) {
      if (!names.includes(option.long)) continue;
      const word = keep && option === keep.one && value !== null ? optionText(long, value) : "";
      changed = changed.slice(0, option.start) + word + changed.slice(option.end);
    }
    lines[line.at] = changed;
  }
  const emptied = new Set(
    places.map(({ line }) => line.at).filter((at) => /^#(?:SBATCH|WEIR)\s*$/.test(lines[at] ?? "")),
  );
  const left = lines
    .filter((_, at) => !emptied.has(at))
    .map((line) => (markOf(line) ? line.replace(/[ \t]+$/, "") : line));
  if (value === null || keep) return left.join("\n");
  const { mark = "#SBATCH" } = marks.find(({ options }) => options.some((one) => one.long === long)) ?? {};
  return inserted(left, `${mark} ${optionText(long, value)}`, head.at(-1)?.at);
}

function inserted(lines: readonly string[], line: string, lastDirective: number | undefined): string {
  if (lastDirective !== undefined) return lines.toSpliced(lastDirective + 1, 0, line).join("\n");
  if (lines[0]?.startsWith("#!")) return lines.toSpliced(1, 0, line).join("\n");
  return ["#!/bin/bash", line, ...(lines.join("") === "" ? [""] : lines)].join("\n");
}

function optionText(long: string, value: string): string {
  const option = sbatchOptions.find((one) => one.long === long);
  if (option?.value === "none" || (option?.value === "optional" && value === "")) return `--${long}`;
  return `--${long}=${/^[^\s"'\\#]*$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`}`;
}

type Found = { readonly long: string; readonly value: string; readonly start: number; readonly end: number };
type HeadLine = { readonly at: number; readonly options: readonly Found[] };

/** The directive lines before the first command, with the known options in them and where in the line these stand. */
function headLines(script: string): readonly HeadLine[] {
  const found: HeadLine[] = [];
  for (const [at, text] of script.split("\n").entries()) {
    const marked = markOf(text);
    if (marked) found.push({ at, options: optionsOf(text, marked) });
    else if (!/^\s*(?:#|$)/.test(text)) break;
  }
  return found;
}

function markOf(line: string): (typeof marks)[number] | undefined {
  return marks.find(({ mark }) => (mark === "#SBATCH" ? line.startsWith(mark) : /^#WEIR\s/.test(line)));
}

type Word = { readonly text: string; readonly start: number; readonly end: number };

function optionsOf(line: string, { mark, options: known }: (typeof marks)[number]): readonly Found[] {
  const words = wordsOf(line, mark.length);
  const options: Found[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word) break;
    const parsed = /^--./.test(word.text)
      ? long(word.text.slice(2), known)
      : /^-[^-]/.test(word.text)
        ? short(word.text.slice(1), known)
        : null;
    if (!parsed) continue;
    const next = words[at + 1];
    const takesNext = parsed.value === null && parsed.option.value === "required" && next !== undefined;
    if (takesNext) at++;
    options.push({
      long: parsed.option.long,
      value: takesNext ? next.text : (parsed.value ?? ""),
      start: word.start,
      end: takesNext ? next.end : word.end,
    });
  }
  return options;
}

type Parsed = { readonly option: SbatchOption; readonly value: string | null };

/** A long name may be cut short as long as only one begins so. */
function long(text: string, known: readonly SbatchOption[]): Parsed | null {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  const begun = known.filter((one) => one.long.startsWith(name));
  const option = known.find((one) => one.long === name) ?? (begun.length === 1 ? begun[0] : undefined);
  return option ? { option, value: at < 0 ? null : text.slice(at + 1) } : null;
}

/** Only a letter that takes a value, or one alone: of `-WQ` no letter can be rewritten by itself. */
function short(text: string, known: readonly SbatchOption[]): Parsed | null {
  const option = known.find((one) => one.short === text[0]);
  if (!option || (option.value === "none" && text.length > 1)) return null;
  return { option, value: text.length > 1 ? text.slice(1) : null };
}

function wordsOf(line: string, from: number): readonly Word[] {
  const words: Word[] = [];
  let at = from;
  while (at < line.length) {
    while (/\s/.test(line[at] ?? "")) at += 1;
    if (at >= line.length || line[at] === "#") break;
    const start = at;
    let text = "";
    let quote = "";
    for (; at < line.length && (quote || !/\s/.test(line[at] ?? "")); at += 1) {
      const character = line[at] ?? "";
      if (character === "\\") text += line[++at] ?? "";
      else if (quote && character === quote) quote = "";
      else if (!quote && (character === '"' || character === "'")) quote = character;
      else text += character;
    }
    words.push({ text, start, end: at });
  }
  return words;
}
