import { type Phrase, phrase } from "#core/job/phrase.ts";

/**
 * What a JSON text says that its value, `value`, does not show: a member twice in one object, of which the value has the
 * last. And lists and objects one in another deeper than anything here is. null: neither. Members are counted on both
 * sides, and only where the counts differ, as they also do where a text within holds `":`, is the text read again.
 */
export function structureTrouble(text: string, value: unknown): StructureTrouble | null {
  const members = membersOf(value, 0);
  if (members === null) return { path: "", words: phrase("too-deep", { most: mostDepth }) };
  if (membersSaid(text) === members) return null;
  const path = firstTwice(text);
  return path === null ? null : { path, words: phrase("member-twice") };
}

export type StructureTrouble = { readonly path: string; readonly words: Phrase };

const mostDepth = 100;

/** At least one for each member: a colon behind a quote. */
function membersSaid(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) {
    let before = at - 1;
    while (isBlank(text.charCodeAt(before))) before -= 1;
    if (text.charCodeAt(before) === quote) count += 1;
  }
  return count;
}

/** null: deeper than `mostDepth`. */
function membersOf(value: unknown, depth: number): number | null {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === mostDepth) return null;
  const isList = Array.isArray(value);
  const all: readonly unknown[] = isList ? value : Object.values(value);
  let count = isList ? 0 : all.length;
  for (const inner of all) {
    if (typeof inner !== "object") continue;
    const within = membersOf(inner, depth + 1);
    if (within === null) return null;
    count += within;
  }
  return count;
}

/** The text is JSON. Of each object or list that is open: the names met, and where in the list one stands. */
function firstTwice(text: string): string | null {
  const open: Level[] = [];
  const token = /["{}[\],]/g;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [word] = found;
    const level = open.at(-1);
    if (word === '"') token.lastIndex = endOfText(text, found.index);
    if (word === "{") open.push({ names: new Set(), name: "", index: -1, awaitsName: true });
    else if (word === "[") open.push({ names: null, name: "", index: 0, awaitsName: false });
    else if (word === "}" || word === "]") open.pop();
    else if (level === undefined) continue;
    else if (word === ",") {
      level.index += 1;
      level.awaitsName = level.names !== null;
    } else if (level.awaitsName && level.names) {
      level.awaitsName = false;
      level.name = String(JSON.parse(text.slice(found.index, token.lastIndex)));
      if (level.names.has(level.name)) return pathOf(open);
      level.names.add(level.name);
    }
  }
  return null;
}

/** Behind the quote that closes it: one with an even number of backslashes before it. No pattern, since texts are long. */
function endOfText(text: string, opens: number): number {
  for (let at = text.indexOf('"', opens + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
  return text.length;
}

/** `names` null: a list. */
type Level = { readonly names: Set<string> | null; name: string; index: number; awaitsName: boolean };

function pathOf(open: readonly Level[]): string {
  return open
    .map(({ names, name, index }, depth) => (names === null ? `[${index}]` : `${depth > 0 ? "." : ""}${name}`))
    .join("");
}

const quote = 0x22;
const backslash = 0x5c;
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
