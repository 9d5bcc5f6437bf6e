import type { Language } from "#core/language.ts";
import { durationWords } from "#core/measures.ts";

/**
 * Sentences that are kept in English (in a history, in a signed report) and read in another language: each with the places
 * of its facts, `{a}`, and of a count, `{n}`. The first that matches counts: the narrower stands before the wider.
 */
export type KeptSentences = readonly (readonly [en: string, zh: string])[];

/** null: it is none of these. `fact`: what a fact is called in the reader's language. */
export function toldIn(
  sentences: KeptSentences,
  said: string,
  language: Language,
  fact: (said: string) => string = (same) => same,
): string | null {
  for (const [en, zh] of sentences) {
    const found = patternOf(en).exec(said);
    if (found) return filled(language === "zh" ? zh : en, found.groups ?? {}, language, fact);
  }
  return null;
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[.;()]/g, "\\$&");
  const counted = escaped.replace("{n}", "(?<n>\\d+)");
  return new RegExp(`^${counted.replaceAll(/\{([a-z])\}/g, "(?<$1>.+?)")}$`, "s");
}

/** Seconds are said as a span: `{c} s`. */
function filled(
  template: string,
  facts: Readonly<Record<string, string>>,
  language: Language,
  fact: (said: string) => string,
): string {
  const spans = template.replaceAll(/\{([a-z])\} (?:s\b|秒)/g, (_, name: string) =>
    durationWords(Number(facts[name]) * 1000, language),
  );
  return spans.replaceAll(/\{([a-z])\}/g, (_, name: string) => fact(facts[name] ?? ""));
}
