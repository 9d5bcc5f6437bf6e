import * as z from "zod";
import { centreName } from "#api/values.ts";

const most = z.array(z.strictObject({ name: z.string(), most: z.int() }));
const named = z.strictObject({ id: z.int(), name: z.string() });

/**
 * What a centre's engine enforces on whom of the network, as its agent told last. An administrator sees all, others what
 * binds themselves. null: no limit; `person` or `project` null: whichever.
 */
export const centreLimits = z
  .strictObject({
    centre: centreName,
    limits: z.array(
      z.strictObject({
        person: named.nullable(),
        project: named.nullable(),
        /** Jobs of the local user that wait or run there, of the network or not, as `mostSubmitted` counts them. */
        submitted: z.int(),
        mostRunning: z.int().nullable(),
        mostSubmitted: z.int().nullable(),
        /** The longest time limit of one job. */
        mostTimeS: z.int().nullable(),
        /** What all jobs of the local account may hold at once; `mem` in MiB. */
        together: most,
        /** What they may use in all, in minutes of each. */
        togetherMinutes: most,
        /** The local fair-share factor, from 0 to 1, where the engine has one. */
        fairShare: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: "CentreLimits" });
export type CentreLimits = z.infer<typeof centreLimits>;
