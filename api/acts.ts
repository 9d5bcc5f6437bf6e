import * as z from "zod";
import { id, page, pageQuery, slug, text, timeMs } from "#api/values.ts";
import { aboutKinds, actGroups, actKinds } from "#core/act.ts";

/** What somebody did to how the network is run. */
export const act = z
  .strictObject({
    id,
    atMs: timeMs,
    /** Who did it; null: the network itself. */
    by: slug.nullable(),
    group: z.enum(actGroups),
    kind: z.enum(actKinds),
    /** To whom or what; null: to the network as a whole. A job by its number, a task of it as `12_3`. */
    about: z.strictObject({ kind: z.enum(aboutKinds), name: z.string() }).nullable(),
    /** What was done, in the reader's language. */
    words: z.string(),
  })
  .meta({ id: "Act" });
export type ActView = z.output<typeof act>;
export const actsPage = page("acts", act).meta({ id: "ActsPage" });

export const actsQuery = z.strictObject({
  ...pageQuery,
  group: z.enum(actGroups).optional(),
  /** Who did it. */
  person: slug.optional(),
  /** `person:ed`, `tenant:park`, `project:air`, `centre:jinan` or `job:12`: to whom or what it was done. */
  about: text(100)
    .regex(new RegExp(`^(${aboutKinds.join("|")}):.+$`))
    .optional(),
  fromMs: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  toMs: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});
