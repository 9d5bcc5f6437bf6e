import * as z from "zod";
import type { Problem } from "#api/values.ts";
import { type Issue, type Refusal, type RefusalKind, refusalStatus, refusalWords } from "#core/refusal.ts";

/** The RFC 9457 document of a refusal; `facts` has as data what the words say, and `at` which part it is about. */
export function problemOf(refusal: Refusal, language: Language, at?: string): Problem {
  const { kind, ...own } = refusal;
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

const chinese = z.locales.zhCN().localeError;

/** Parses one part of a request; throws `RefusedRequest` naming every field that does not fit. */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  language: Language,
): z.output<Schema> {
  const parsed = schema.safeParse(value, language === "zh" ? { error: chinese } : undefined);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => issuesOf(issue, [], language));
  throw new RefusedRequest({ kind: "invalid-request", issues: issues.slice(0, maxIssues) });
}

/** A bulk of ten thousand broken jobs needs no answer of a megabyte. */
const maxIssues = 20;

function issuesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[], language: Language): readonly Issue[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        words: language === "zh" ? "没有此字段" : "there is no such field",
      }));
    case "invalid_union": {
      // The alternative that comes nearest is what the caller meant.
      const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0];
      if (nearest === undefined || nearest.length === 0) return [{ path: pathText(path), words: issue.message }];
      return nearest.flatMap((inner) => issuesOf(inner, path, language));
    }
    default:
      return [{ path: pathText(path), words: issue.message }];
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`))
    .join("");
}
