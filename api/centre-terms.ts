import * as z from "zod";
import { centreName, region, saidWrong, text, timeMs } from "#api/values.ts";
import { intakeSteps, intakes } from "#core/centre/intake.ts";
import { mostRetentionDays } from "#core/centre/terms.ts";
import { phrase } from "#core/job/phrase.ts";
import { parseTariff, tariffInForce } from "#core/ledger/tariff.ts";

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: "a time of day such as 08:00" });

export const hours = z
  .array(z.strictObject({ days: z.array(z.int().min(1).max(7)).min(1).max(7), from: timeOfDay, to: timeOfDay }))
  .max(50);

/** How work waits in a pool, for how long, and how much of it is the network's. */
export const poolTerms = z
  .strictObject({
    /** null: shared where others work there too, else dedicated. */
    contract: z.enum(["dedicated", "shared", "opportunistic"]).nullable(),
    /** Of a shared pool: runs of one local account (else project), alike in nodes, cores and cards, that may wait in its own queue. */
    maxPending: z.int().min(0).max(1000),
    /** How long a run placed there may wait for its start; null: what its contract usually has. */
    leaseS: z
      .int()
      .min(10)
      .max(60 * 86_400)
      .nullable(),
    /** The part of the pool's cores, memory and cards that the network may use; null: not agreed. */
    sharePercent: z.int().min(0).max(100).nullable(),
    /** When the network may start work there; empty: always. Where `to` is not after `from`, into the next day. */
    hours,
    /** How fast work runs there, 1 being what time limits are meant for; absent: 1. Counts where a place is chosen. */
    speed: z.number().min(0.01).max(1000).optional(),
    /** Whether its equipment is domestic, whatever is known of the vendors; null or absent: as the centre says of all. */
    domestic: z.boolean().nullable().optional(),
  })
  .meta({ id: "PoolTerms" });

export const centreTerms = z
  .strictObject({
    /** By the pool's name; one that is not named has `otherPools`. */
    pools: z.record(text(255).min(1), poolTerms),
    otherPools: poolTerms,
    /** The version of the tariff that prices its usage. */
    priceList: text(100).check(
      saidWrong((said) => (parseTariff(said) === null ? phrase("price-list", { known: tariffInForce }) : null)),
    ),
    /** Grams of CO2 a kWh of its electricity, as it declares; null or absent: none declared. Counts where a place is chosen. */
    carbonGPerKwh: z.number().min(0).max(10_000).nullable().optional(),
    /** Where it lies, by ISO 3166-2 as `cn-gz`; null or absent: as the code of its place says. */
    region: region.nullable().optional(),
    /** Whether all its pools are domestic that do not say it themselves; null or absent: the vendors of their devices say. */
    domestic: z.boolean().nullable().optional(),
    /**
     * For how many days accounts, folders of runs, tokens and journals are kept there once the centre has left, and users can
     * fetch their output; null or absent: 30.
     */
    retentionDays: z.int().min(0).max(mostRetentionDays).nullable().optional(),
  })
  .meta({ id: "CentreTerms" });

export const termsInForce = z
  .strictObject({
    centre: centreName,
    terms: centreTerms,
    /** Newest first, at most twenty; empty where the default of the driver is in force. */
    versions: z.array(z.strictObject({ version: z.int(), setBy: z.string(), setMs: timeMs, terms: centreTerms })),
  })
  .meta({ id: "TermsInForce" });

/** Sentences in the reader's language; empty where the terms are those in force. */
export const termsPreview = z
  .strictObject({ centre: centreName, consequences: z.array(z.string()) })
  .meta({ id: "TermsPreview" });

export const intake = z.enum(intakes);

/** Whether a centre takes new work, what can be done about it, and what each step would do to the work that is there. */
export const intakeView = z
  .strictObject({
    centre: centreName,
    intake,
    /** Runs sent there that have not started, and those that run. */
    waiting: z.int(),
    running: z.int(),
    /** Queued tasks that no other centre could ever run. */
    onlyHere: z.int(),
    steps: z.array(z.strictObject({ step: z.enum(intakeSteps), consequences: z.array(z.string()) })),
    /** What was done with the centre, newest first, at most fifty; `by` null: the network itself. */
    history: z.array(z.strictObject({ step: z.string(), by: z.string().nullable(), atMs: timeMs })),
  })
  .meta({ id: "CentreIntake" });

export const newIntake = z.strictObject({ step: z.enum(intakeSteps) }).meta({ id: "NewIntake" });
export const revoked = z.strictObject({ credentials: z.int() }).meta({ id: "CredentialsRevoked" });
