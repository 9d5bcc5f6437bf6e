import type { Asked } from "#core/job/asked.ts";
import { type OptionPlace, optionAt, type Phrase, type PhraseKind, phrase } from "#core/job/phrase.ts";
import { type ClientWishes, type SbatchOption, sbatchOptions } from "#core/job/sbatch-options.ts";
import { weirOptions } from "#core/job/weir-options.ts";
import { nearestName } from "#core/nearest-name.ts";
import type { Refusal } from "#core/refusal.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * Reads an unchanged sbatch script and options as on sbatch's command line. Options win over the script's own lines.
 * Directives end, as in sbatch, at the first line that is neither blank nor a comment. Nothing is dropped silently: what
 * is not mapped is in `warnings` or in `refusals`.
 */
export function parseSbatch(script: string | null, options: readonly string[]): SbatchResult {
  const found = script === null ? nothingFound : directives(script);
  if (found.words.length === 0 && found.own.length === 0 && options.length === 0)
    return { asked: {}, client: noWishes, warnings: capped(found.warnings), refusals: withOthers(found.refusals) };
  const inScript = read(found.words, sbatchOptions);
  const own = read(found.own, weirOptions);
  const given = read(
    options.map((text) => ({ text, line: null })),
    sbatchOptions,
  );
  return {
    asked: { ...inScript.asked, ...own.asked, ...given.asked },
    client: {
      wait: inScript.client.wait || given.client.wait,
      parsable: inScript.client.parsable || given.client.parsable,
      quiet: inScript.client.quiet || given.client.quiet,
    },
    warnings: capped([...found.warnings, ...inScript.warnings, ...given.warnings]),
    refusals: withOthers([...found.refusals, ...inScript.refusals, ...own.refusals, ...given.refusals]),
  };
}

export type SbatchResult = {
  readonly asked: Asked;
  /** What only `weir submit` can honour. */
  readonly client: ClientWishes;
  readonly warnings: readonly Phrase[];
  /** In the order of the text; the first one is what the user should mend first. */
  readonly refusals: readonly Refusal[];
};

/** What one answer lists; a script of 4 MiB could hold half a million. */
const mostRefusals = 20;
const mostWarnings = 100;

/** A word of an option list, with the line of the script it stands in. */
type Word = { readonly text: string; readonly line: number | null };

const foreignDirectives: readonly (readonly [RegExp, string])[] = [
  [/^#PBS\s/, "#PBS"],
  [/^#BSUB\s/, "#BSUB"],
  [/^#DSUB\s/, "#DSUB"],
  [/^#PJM\s/, "#PJM"],
  [/^#COBALT\s/, "#COBALT"],
  [/^#OAR\s/, "#OAR"],
  [/^#\$\s+-/, "#$"],
];

/** `own`: of `#WEIR` lines. */
type Found = {
  readonly words: Word[];
  readonly own: Word[];
  readonly warnings: Phrase[];
  readonly refusals: Refusal[];
};
const noWishes: ClientWishes = { wait: false, parsable: false, quiet: false };
const nothingFound: Found = { words: [], own: [], warnings: [], refusals: [] };

function directives(script: string): Found {
  const words: Word[] = [];
  const own: Word[] = [];
  const warnings: Phrase[] = [];
  const refusals: Refusal[] = [];
  const foreign = new Set<string>();
  let inHead = true;
  let late = 0;
  for (let at = 0, line = 1; at < script.length; line += 1) {
    const newline = script.indexOf("\n", at);
    const text = script.slice(at, newline < 0 ? script.length : newline);
    at += text.length + 1;
    if (text.startsWith("#SBATCH")) {
      if (inHead) {
        if (!lineWords(text.slice("#SBATCH".length), line, words)) refusals.push(unendedQuote(line));
      } else if (++late <= 5) warnings.push(phrase("late-directive", { line }));
      continue;
    }
    if (inHead && !/^\s*(?:#|$)/.test(text)) inHead = false;
    if (/^#WEIR\s/.test(text)) {
      if (!inHead) refusals.push(lateOwn(line));
      else if (!lineWords(text.slice("#WEIR".length), line, own)) refusals.push(unendedQuote(line));
    }
    if (!inHead) continue;
    if (/^\s*#\s*SBATCH\s+-/i.test(text)) {
      warnings.push(phrase("comment-directive", { line, text: text.trim().slice(0, 40) }));
    }
    for (const [pattern, name] of foreignDirectives) {
      if (pattern.test(text) && !foreign.has(name)) {
        foreign.add(name);
        warnings.push(phrase("foreign-directive", { line, mark: name }));
      }
    }
  }
  if (late > 5) warnings.push(phrase("late-directives", { count: late - 5 }));
  return { words, own, warnings, refusals: refusals.slice(0, mostRefusals) };
}

/**
 * Words as sbatch splits them: blanks outside quotes, a backslash takes the next character, # ends the line. False where
 * a quote never ends.
 */
function lineWords(text: string, line: number, into: Word[]): boolean {
  let at = 0;
  while (at < text.length) {
    while (/\s/.test(text[at] ?? "")) at += 1;
    if (at >= text.length || text[at] === "#") break;
    let word = "";
    let quote = "";
    for (; at < text.length && (quote || !/\s/.test(text[at] ?? "")); at += 1) {
      const character = text[at] ?? "";
      if (character === "\\") word += text[++at] ?? "";
      else if (quote && character === quote) quote = "";
      else if (!quote && (character === '"' || character === "'")) quote = character;
      else word += character;
    }
    if (quote) return false;
    into.push({ text: word, line });
  }
  return true;
}

type Read = {
  asked: Asked;
  readonly client: { wait: boolean; parsable: boolean; quiet: boolean };
  readonly warnings: Phrase[];
  readonly refusals: Refusal[];
  /** The option of each group seen in this source. */
  readonly groups: Map<string, SbatchOption>;
  /** Those that may be said there. */
  readonly options: readonly SbatchOption[];
};

/** getopt_long over the words of one source; a value never comes from another line. */
function read(words: readonly Word[], options: readonly SbatchOption[]): Read {
  const into: Read = {
    asked: {},
    client: { wait: false, parsable: false, quiet: false },
    warnings: [],
    refusals: [],
    groups: new Map(),
    options,
  };
  let at = 0;
  const nextValue = (line: number | null): string | null => {
    const next = words[at];
    if (!next || next.line !== line) return null;
    at += 1;
    return next.text;
  };
  while (at < words.length && into.refusals.length < mostRefusals) {
    const word = words[at];
    at += 1;
    if (!word) break;
    const refusal = readWord(word, nextValue, into);
    if (refusal) into.refusals.push(refusal);
  }
  return into;
}

type NextValue = (line: number | null) => string | null;

function readWord({ text, line }: Word, nextValue: NextValue, into: Read): Refusal | null {
  if (/^--./.test(text)) return readLong(text, line, nextValue, into);
  if (/^-[^-]/.test(text)) return readShort(text, line, nextValue, into);
  return strayWord(text, line, into.options);
}

function readLong(text: string, line: number | null, nextValue: NextValue, into: Read): Refusal | null {
  const at = text.indexOf("=");
  const name = at < 0 ? text.slice(2) : text.slice(2, at);
  const option = findLong(name, into.options);
  if (!option) return unknownOption(`--${name}`, line, into.options);
  // Who wrote the beginning of a name looks for what was written.
  const place = { option: name === option.long ? `--${name}` : `--${name} (--${option.long})`, line };
  if (option.value === "none") {
    return at < 0 ? obey(option, "", place, into) : badValue(place, text.slice(at + 1), "no-value");
  }
  const value = at >= 0 ? text.slice(at + 1) : option.value === "required" ? nextValue(line) : "";
  return value === null ? badValue(place, "", "a-value") : obey(option, value, place, into);
}

/** `-N2`, `-N 2`, and several without a value in one word, as in `-WQ`. */
function readShort(text: string, line: number | null, nextValue: NextValue, into: Read): Refusal | null {
  for (let at = 1; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    const option = into.options.find((candidate) => candidate.short === letter);
    if (!option) return unknownOption(`-${letter}`, line, into.options);
    const place = { option: `-${letter}`, line };
    if (option.value !== "none") {
      const glued = text.slice(at + 1);
      const value = glued !== "" || option.value === "optional" ? glued : nextValue(line);
      return value === null ? badValue(place, "", "a-value") : obey(option, value, place, into);
    }
    const refusal = obey(option, "", place, into);
    if (refusal) return refusal;
  }
  return null;
}

function obey(option: SbatchOption, value: string, place: OptionPlace, into: Read): Refusal | null {
  const { handling } = option;
  if (option.group) {
    const other = into.groups.get(option.group);
    if (other && other !== option) {
      return badValue(place, value, "only-one-of", { one: `--${other.long}`, other: `--${option.long}` });
    }
    into.groups.set(option.group, option);
  }
  switch (handling.kind) {
    case "mapped": {
      const reading = handling.read(value, place);
      if (reading.kind === "refused") return reading.refusal;
      const { dataAt } = reading.asked;
      const places = dataAt && { dataAt: [...(into.asked.dataAt ?? []), ...dataAt] };
      into.asked = { ...into.asked, ...reading.asked, ...places };
      if (reading.warning) into.warnings.push(phrase("taken-so", { option: optionAt(place), how: reading.warning }));
      return null;
    }
    case "harmless":
      into.warnings.push(phrase("left-out", { option: optionAt(place), because: phrase(handling.because) }));
      return null;
    case "client":
      if (handling.sets) into.client[handling.sets] = true;
      into.warnings.push(phrase("taken-so", { option: optionAt(place), how: phrase(handling.how) }));
      return null;
    case "refused":
      return { kind: "option-refused", ...place, because: phrase(handling.because) };
    case "not-offered":
      return { kind: "not-offered", ...place, what: handling.what, value: value.slice(0, 200), known: [] };
    default:
      return unreachable(handling);
  }
}

function capped(warnings: readonly Phrase[]): Phrase[] {
  if (warnings.length <= mostWarnings) return [...warnings];
  return [...warnings.slice(0, mostWarnings), phrase("more-warnings", { count: warnings.length - mostWarnings })];
}

/** The option of this name, or the only one that begins so, as getopt_long allows. */
function findLong(name: string, options: readonly SbatchOption[]): SbatchOption | null {
  const exact = options.find((option) => option.long === name);
  if (exact) return exact;
  const begun = options.filter((option) => option.long.startsWith(name));
  return begun.length === 1 ? (begun[0] ?? null) : null;
}

function unknownOption(option: string, line: number | null, options: readonly SbatchOption[]): Refusal {
  return { kind: "unknown-option", option: option.slice(0, 100), line, nearest: nearest(option, options), others: [] };
}

/** Who mends one unknown option should know of the others at once: the first one names them. */
function withOthers(refusals: readonly Refusal[]): readonly Refusal[] {
  const unknown = refusals.filter((refusal) => refusal.kind === "unknown-option");
  const others = unknown.slice(1, mostRefusals).map(({ option, line, nearest }) => ({ option, line, nearest }));
  return refusals.map((refusal) => (refusal === unknown[0] ? { ...unknown[0], others } : refusal));
}

function strayWord(text: string, line: number | null, options: readonly SbatchOption[]): Refusal {
  if (text !== "hetjob" && text !== "packjob" && text !== ":") return unknownOption(text, line, options);
  return {
    kind: "option-refused",
    option: text,
    line,
    because: phrase("one-shape"),
  };
}

function lateOwn(line: number): Refusal {
  return { kind: "option-refused", option: "#WEIR", line, because: phrase("weir-line-late") };
}

function unendedQuote(line: number): Refusal {
  return badValue({ option: "#SBATCH", line }, "", "closing-quote");
}

function badValue(place: OptionPlace, value: string, expected: PhraseKind, facts: Phrase["facts"] = {}): Refusal {
  return { kind: "bad-option-value", ...place, value: value.slice(0, 200), expected: phrase(expected, facts) };
}

/** The long option that is meant, perhaps. */
function nearest(typed: string, options: readonly SbatchOption[]): string | null {
  const name = typed.replace(/^-+/, "");
  const long = nearestName(
    name,
    options.map((option) => option.long),
  );
  return long && `--${long}`;
}
