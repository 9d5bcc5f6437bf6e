import * as z from "zod";
import { amount, centreName, line, region, text, timeMs } from "#api/values.ts";
import { bases, precisions, sparsities } from "#core/centre/capacity.ts";
import { lifeCycles } from "#core/centre/life-cycle.ts";

/** Capacity is typed: a value never stands without its precision, and AI and HPC are never added up (O3). */
const typed = {
  precision: z.enum(precisions),
  sparsity: z.enum(sparsities),
  basis: z.enum(bases),
  lifeCycle: z.enum(lifeCycles),
};
const device = z.strictObject({
  vendor: line(100).min(1),
  model: line(100).min(1),
  count: z.int().min(1).max(10_000_000),
});
const inServiceFrom = z
  .string()
  .regex(/^\d{4}-\d{2}(-\d{2})?$/, { error: "a month or a day, as 2027-06 or 2027-06-30" });

/** One line as it stands. */
const statedLine = z
  .strictObject({
    /** Its number at the centre. */
    line: z.int(),
    /** Of what it is: each where it is named; of the centre as a whole where none is. */
    site: z.string().nullable(),
    phase: z.string().nullable(),
    pool: z.string().nullable(),
    /** Of devices the value is of one of them. */
    device: device.nullable(),
    ...typed,
    valueGigaflops: amount,
    /** A month or a day: from when it is, or is to be, in service. */
    inServiceFrom: z.string().nullable(),
    regionCode: z.string().nullable(),
    evidence: z.string(),
  })
  .meta({ id: "StatedCapacity" });
export type StatedLine = z.infer<typeof statedLine>;

/** All lines: one that is left out is taken away. */
export const newCapacity = z
  .strictObject({
    lines: z
      .array(
        z.strictObject({
          /** That of a line that stays or changes; absent: a new one. */
          line: z.int().min(1).max(2_147_483_647).optional(),
          site: line(100).min(1).nullable().optional(),
          phase: line(100).min(1).nullable().optional(),
          /** As the centre's engine calls it. A pool of which nothing stated is in service gets no work. */
          pool: text(255).min(1).nullable().optional(),
          device: device.nullable().optional(),
          ...typed,
          valueGigaflops: z
            .string()
            .regex(/^[1-9]\d{0,17}$/, { error: "a whole number of gigaflops from 1, as a decimal string" }),
          inServiceFrom: inServiceFrom.nullable().optional(),
          regionCode: region.nullable().optional(),
          /** What a measured figure cannot be without. */
          evidence: text(1000).optional(),
        }),
      )
      .max(500),
  })
  .meta({ id: "NewCapacity" });
export type NewCapacity = z.infer<typeof newCapacity>;

export const capacityInForce = z
  .strictObject({
    centre: centreName,
    /** 0: nobody has stated any. */
    version: z.int(),
    setBy: z.string().nullable(),
    setMs: timeMs.nullable(),
    lines: z.array(statedLine),
  })
  .meta({ id: "CentreCapacity" });

/** The sum of one stage, precision, sparsity and basis. */
export const capacityTotal = z.strictObject({ ...typed, valueGigaflops: amount }).meta({ id: "CapacityTotal" });
