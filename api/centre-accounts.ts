import * as z from "zod";
import { centreName, slug, timeMs } from "#api/values.ts";
import { readinessKinds } from "#core/centre/accounts.ts";

/**
 * Who needs an account at a centre, and how far the centre is with it. Which local user it is, the centre keeps to itself.
 */
export const centreAccounts = z
  .strictObject({
    centre: centreName,
    /** False: its runs are not local users' own, and nobody needs one. */
    needed: z.boolean(),
    accounts: z.array(
      z.strictObject({
        person: z.strictObject({ id: z.int(), name: z.string() }),
        project: z.strictObject({ id: z.int(), name: z.string() }),
        readiness: z.enum(readinessKinds),
        sinceMs: timeMs,
        /** Whether the centre has said anything of it yet. */
        answered: z.boolean(),
      }),
    ),
  })
  .meta({ id: "CentreAccounts" });
export type CentreAccounts = z.infer<typeof centreAccounts>;

export const newCentreAccount = z
  .strictObject({
    person: slug,
    /** Absent: every project of that person. */
    project: slug.optional(),
  })
  .meta({ id: "NewCentreAccount" });
