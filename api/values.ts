import * as z from "zod";
import { parseRegion } from "#core/centre/region.ts";
import { type Phrase, phrase, phraseWords } from "#core/job/phrase.ts";
import { oneRegionWrong } from "#core/job/weir-options.ts";
import { controlIn } from "#core/one-line.ts";

/** The small schemas that other schemas are made of. */

/** int64 as a decimal string: money in micro-yuan, usage in milliseconds (M1). */
export const amount = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,18})$/)
  .meta({ description: "A 64-bit integer as a decimal string", examples: ["3600000"] });

/** Milliseconds since 1970-01-01 UTC. */
export const timeMs = z.int().min(0).max(8_640_000_000_000_000);
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
export const centreName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
/** A short name of a tenant, project or person. */
export const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/);

/** Text that PostgreSQL, files and environments can carry: neither NUL nor a lone surrogate. */
export function text(maxLength?: number) {
  const string = maxLength === undefined ? z.string() : z.string().max(maxLength);
  return string
    .refine((value) => !value.includes("\0"), { error: "holds a NUL, which nothing downstream can carry" })
    .refine((value) => value.isWellFormed(), { error: "holds a lone surrogate: not well-formed Unicode" });
}

/** A name or a title: one line, of nothing that would steer a terminal or turn around what stands beside it. */
export function line(maxLength: number) {
  return text(maxLength).refine((value) => controlIn(value) === null, {
    error: ({ input }) => phraseWords(phrase("one-line", { found: controlIn(String(input)) ?? "" }), "en"),
  });
}

/** One region by ISO 3166-2 as `cn-gz`, or six digits of GB/T 2260 of a place in it; no whole country. */
export const region = text(20)
  .min(1)
  .check(
    saidWrong((said) => {
      const parsed = parseRegion(said);
      return parsed.kind === "region" ? null : oneRegionWrong(parsed);
    }),
  );

/** What is wrong with a value in words of both languages, beside what is wrong with others; null: nothing. */
export function saidWrong(wrong: (said: string) => Phrase | null): z.core.CheckFn<string> {
  return ({ value, issues }) => {
    const words = wrong(value);
    if (words !== null)
      issues.push({ code: "custom", input: value, message: phraseWords(words, "en"), params: { phrase: words } });
  };
}

/** A page of a list: the items under their own name, and `next`, to be given back as `cursor`; null on the last page. */
export function page<const Name extends string, Item extends z.ZodType>(name: Name, item: Item) {
  const shape = { [name]: z.array(item), next: z.string().nullable() };
  // A computed key loses its name in the type of the object, and only there.
  return z.strictObject(shape as { [K in Name]: z.ZodArray<Item> } & { next: z.ZodNullable<z.ZodString> });
}

export const pageQuery = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
};

/** RFC 9457. `type` is stable for each kind of refusal; `facts` has what the words say as data. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problem>;

/** What this language of the caller is; from Accept-Language, default en. */
export const language = z.enum(["en", "zh"]);
