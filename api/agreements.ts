import * as z from "zod";
import { hours } from "#api/centre-terms.ts";
import { region, text, timeMs } from "#api/values.ts";

/** Which regions' work may run where, for the whole network. Work is free within its own region. */
export const regionAgreements = z
  .strictObject({
    /** What holds between regions that no agreement names in that direction. */
    otherwise: z.enum(["allowed", "refused"]),
    agreements: z
      .array(
        z.strictObject({
          /** Whose tenants' work may run, and in which regions; each pair of them. */
          from: z.array(region).min(1).max(100),
          to: z.array(region).min(1).max(100),
          /** Of the cores, memory and cards of each pool there, what all work under this agreement may hold; null: all. */
          sharePercent: z.int().min(0).max(100).nullable(),
          /** When such work may be started there; empty: always. */
          hours,
          /** Under which terms, for people to read. */
          terms: text(4000),
        }),
      )
      .max(1000),
  })
  .meta({ id: "RegionAgreements" });

export const agreementsInForce = z
  .strictObject({
    /** From 1; 0: nobody has set any, and all may go everywhere. */
    version: z.int(),
    setBy: z.string().nullable(),
    setMs: timeMs.nullable(),
    document: regionAgreements,
    /** Whose region nobody has stated: where the rest is refused, their work goes nowhere and no work comes to them. */
    unstated: z.strictObject({ tenants: z.int(), centres: z.int() }),
    /** Newest first, at most twenty. */
    versions: z.array(
      z.strictObject({ version: z.int(), setBy: z.string(), setMs: timeMs, document: regionAgreements }),
    ),
  })
  .meta({ id: "AgreementsInForce" });
export type AgreementsInForce = z.infer<typeof agreementsInForce>;
