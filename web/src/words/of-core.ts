import type { Language } from "#core/language.ts";

/** Tables of words that command line, server and console share, as message files have theirs. */
type Table = Readonly<Record<string, Record<Language, string>>>;

/** With a capital, as a label or a badge begins. */
export function titles<Of extends Table>(table: Of): { readonly [Key in keyof Of]: string } {
  return mapped(table, ({ en }) => en.charAt(0).toUpperCase() + en.slice(1));
}

export function english<Of extends Table>(table: Of): { readonly [Key in keyof Of]: string } {
  return mapped(table, ({ en }) => en);
}

export function chinese<Of extends Table>(table: Of): { readonly [Key in keyof Of]: string } {
  return mapped(table, ({ zh }) => zh);
}

function mapped<Of extends Table>(table: Of, text: (words: Of[keyof Of]) => string) {
  const words: Partial<Record<keyof Of, string>> = {};
  for (const key in table) words[key] = text(table[key]);
  return words as { readonly [Key in keyof Of]: string };
}
