import type * as z from "zod";
import type { Problem } from "#api/values.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { type Refusal, type RefusalKind, refusalStatus, refusalWords } from "#core/refusal.ts";
import { issuesOf, issueWords } from "./issues.ts";
import { parseSparse } from "./sparse.ts";

/** The RFC 9457 document of a refusal; `facts` has as data what the words say, and `at` which part it is about. */
export function problemOf(refusal: Refusal, language: Language, at?: string): Problem {
  const { kind, ...own } = refusal.kind === "invalid-request" ? inWords(refusal, language) : refusal;
  const facts = { ...own, ...(at !== undefined && { at }) };
  const { title, detail } = refusalWords(refusal, language);
  return {
    type: `/api/problems/${kind}`,
    title,
    detail: at === undefined ? detail : `${at}: ${detail}`,
    status: refusalStatus[kind],
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
  };
}

/** A field's fault is words in every answer, wherever it was found. */
function inWords({ kind, issues }: Extract<Refusal, { kind: "invalid-request" }>, language: Language) {
  return { kind, issues: issues.map(({ path, words }) => ({ path, words: phraseWords(words, language) })) };
}

export type Language = "en" | "zh";

/** Every kind of refusal; `type` of a problem document is one of these, for ever. */
export const refusalKinds = Object.keys(refusalStatus) as readonly RefusalKind[];

/** Thrown where Fastify's hooks and parsers leave no other way to refuse; caught by the app's error handler alone. */
export class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** The language asked for with the highest weight among those Weir speaks; English where none is. */
export function languageOf(acceptLanguage: string | undefined): Language {
  if (!acceptLanguage?.includes("zh")) return "en";
  let best: Language = "en";
  let bestWeight = 0;
  for (const part of acceptLanguage.split(",")) {
    const match = /^\s*(en|zh)(?:-[\w-]+)?\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(part);
    const weight = match ? Number(match[2] ?? 1) : 0;
    if (weight <= bestWeight) continue;
    best = match?.[1]?.toLowerCase() === "zh" ? "zh" : "en";
    bestWeight = weight;
  }
  return best;
}

/** Parses one part of a request; throws `RefusedRequest` naming every field that does not fit. */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  language: Language,
): z.output<Schema> {
  const sparse = parseSparse(schema, value);
  if (sparse !== null) return sparse;
  const parsed = schema.safeParse(value, { error: issueWords[language] });
  if (parsed.success) return parsed.data;
  throw new RefusedRequest({ kind: "invalid-request", issues: issuesOf(parsed.error, language) });
}
