import * as z from "zod";
import { timeMs } from "#api/values.ts";

/** A policy file (docs/guides/policies.md explains each field): what it leaves out is as in the policy it is `like`. */
export const policyFile = z.record(z.string().max(100), z.unknown()).meta({ id: "PolicyFile" });

export const policyInForce = z
  .strictObject({
    /** From 1; 0: nobody has set one, and the one that ships is in force. */
    version: z.int(),
    name: z.string(),
    setBy: z.string().nullable(),
    setMs: timeMs.nullable(),
    /** With every field. */
    policy: policyFile,
    /** What this server cannot read of the version, so that the policy that ships is in force; empty: nothing. */
    unreadable: z.array(z.string()),
    /**
     * Of each centre that is the home of tenants: the share of their tasks that started later than on that centre alone, as
     * far as can be known, and by how many seconds at most 99 in 100 did, within a tenth. `started`: out of so many that are
     * over, the newest weighing most.
     */
    homes: z.array(
      z.strictObject({ centre: z.string(), started: z.int(), lateShare: z.number(), lateByP99S: z.int() }),
    ),
    /** Newest first, at most twenty. */
    versions: z.array(z.strictObject({ version: z.int(), name: z.string(), setBy: z.string(), setMs: timeMs })),
  })
  .meta({ id: "PolicyInForce" });
export type PolicyInForce = z.infer<typeof policyInForce>;
