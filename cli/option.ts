import type { WordsKey } from "#cli/words.ts";
import { nearestName } from "#core/nearest-name.ts";

/** An option of a command. Values are taken as `--long VALUE`, `--long=VALUE`, `-s VALUE` or `-sVALUE`. */
export type Option = {
  readonly long: string;
  readonly short?: string;
  /** Understood as well, as a command beside it calls the same. */
  readonly alias?: string;
  /** How the value is called in the help; absent: the option takes none. */
  readonly value?: string;
  readonly words: WordsKey;
  readonly choices?: readonly string[];
  /** Taken beside the choices, in capitals or not, and not offered. */
  readonly also?: readonly string[];
  /** What completion offers in place of a list: names of files, or folders. */
  readonly completes?: "files";
};

export type Parsed = {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
  /** Options left for somebody else, as they stood: those of sbatch. */
  readonly passedOn: readonly string[];
  /** The operands stood behind `--`. */
  readonly afterDashes: boolean;
};

export type ParseTrouble =
  | { readonly kind: "unknown"; readonly option: string; readonly nearest: string | null }
  | { readonly kind: "no-value"; readonly option: string }
  | { readonly kind: "no-value-taken"; readonly option: string }
  | {
      readonly kind: "not-a-choice";
      readonly option: string;
      readonly value: string;
      readonly choices: readonly string[];
    };

/** Options that are not the command's own. */
export type Foreign = {
  /** How one goes on; null: nobody knows it. */
  readonly takes: (name: string) => "none" | "required" | "optional" | null;
  readonly longNames: readonly string[];
};

/**
 * Reads the words behind a command. With `foreign`, operands end the options (as for sbatch, whose script takes the
 * rest) and options that it knows are passed on.
 */
export function parseOptions(
  words: readonly string[],
  known: readonly Option[],
  foreign: Foreign | null,
): Parsed | { readonly kind: "trouble"; readonly trouble: ParseTrouble } {
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  const passedOn: string[] = [];
  let afterDashes = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--" || (foreign && !/^-./.test(word))) {
      afterDashes = word === "--";
      operands.push(...words.slice(afterDashes ? at + 1 : at));
      break;
    }
    if (!/^-./.test(word)) {
      operands.push(word);
      continue;
    }
    const { name, glued } = split(word);
    const own = known.find(
      ({ long, short, alias }) => `--${long}` === name || (short && `-${short}` === name) || `--${alias}` === name,
    );
    const takes = own ? (own.value === undefined ? "none" : "required") : (foreign?.takes(name) ?? null);
    if (takes === null) return trouble({ kind: "unknown", option: name, nearest: nearestOption(name, known, foreign) });
    const next = words[at + 1];
    if (takes === "required" && glued === null) {
      if (next === undefined || next === "--") return trouble({ kind: "no-value", option: name });
      at += 1;
    }
    if (!own) {
      passedOn.push(word, ...(takes === "required" && glued === null ? [next ?? ""] : []));
      continue;
    }
    if (takes === "none" && glued !== null) {
      if (word.startsWith("--")) return trouble({ kind: "no-value-taken", option: name });
      // Several short options in one word: -fe is -f -e.
      return parseOptions([...words.slice(0, at), name, `-${glued}`, ...words.slice(at + 1)], known, foreign);
    }
    const value = takes === "none" ? "" : (glued ?? next ?? "");
    if (own.choices && !own.choices.includes(value) && !own.also?.includes(value.toUpperCase())) {
      return trouble({ kind: "not-a-choice", option: name, value, choices: own.choices });
    }
    options.set(own.long, [...(options.get(own.long) ?? []), value]);
  }
  return { options, operands, passedOn, afterDashes };
}

function split(word: string): { readonly name: string; readonly glued: string | null } {
  if (!word.startsWith("--")) return { name: word.slice(0, 2), glued: word.length > 2 ? word.slice(2) : null };
  const at = word.indexOf("=");
  return at < 0 ? { name: word, glued: null } : { name: word.slice(0, at), glued: word.slice(at + 1) };
}

function trouble(found: ParseTrouble) {
  return { kind: "trouble", trouble: found } as const;
}

function nearestOption(name: string, known: readonly Option[], foreign: Foreign | null): string | null {
  const names = [...known.map(({ long }) => long), ...(foreign?.longNames ?? [])];
  const near = nearestName(name.replace(/^-+/, ""), names);
  return near && `--${near}`;
}
