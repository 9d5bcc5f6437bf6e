import { type Phrase, phrase } from "#core/job/phrase.ts";

/**
 * Which vendors' accelerators are domestic (国产), for work that asks for such alone: by the seat of the company that
 * designs and sells them, as it states it itself. Only vendors that Weir's drivers name are here; of all others, and
 * wherever it sees this otherwise, a centre says it for its own pools in its terms. Nothing is guessed: what neither says
 * is not marked.
 */
const vendors: ReadonlyMap<string, VendorMark> = new Map([
  ["huawei", { domestic: true, source: "Huawei Investment & Holding Co., Ltd., annual report: seat in Shenzhen" }],
  ["hygon", { domestic: true, source: "Hygon Information Technology, annual report (SSE 688041): seat in Tianjin" }],
  ["cambricon", { domestic: true, source: "Cambricon Technologies, annual report (SSE 688256): seat in Beijing" }],
  ["nvidia", { domestic: false, source: "NVIDIA Corporation, Form 10-K: seat in Santa Clara, California" }],
  ["amd", { domestic: false, source: "Advanced Micro Devices, Inc., Form 10-K: seat in Santa Clara, California" }],
  ["intel", { domestic: false, source: "Intel Corporation, Form 10-K: seat in Santa Clara, California" }],
]);

export type VendorMark = { readonly domestic: boolean; readonly source: string };

/** All that are marked, by name. */
export function vendorMarks(): readonly (readonly [vendor: string, mark: VendorMark])[] {
  return [...vendors];
}

/**
 * Where work that asks for domestic equipment alone could run as things stand: without accelerators in pools whose terms
 * say that they are domestic, on accelerators where these are.
 */
export function domesticNotes(
  centres: readonly {
    readonly id: string;
    readonly lifeCycle: string;
    readonly pools: readonly {
      readonly domestic: boolean | null;
      readonly accelerators: readonly { readonly vendor: string }[];
    }[];
  }[],
): readonly Phrase[] {
  const inService = centres.filter(({ lifeCycle }) => lifeCycle === "in-service");
  const named = (has: (pool: (typeof centres)[number]["pools"][number]) => boolean) =>
    inService
      .filter(({ pools }) => pools.some(has))
      .map(({ id }) => id)
      .join(", ");
  const cores = named(({ domestic }) => domestic === true);
  const cards = named(({ domestic, accelerators }) => accelerators.some(({ vendor }) => isDomestic(vendor, domestic)));
  return [
    cores === "" ? phrase("domestic-cores-nowhere") : phrase("domestic-cores", { centres: cores }),
    cards === "" ? phrase("domestic-cards-nowhere") : phrase("domestic-cards", { centres: cards }),
  ];
}

/** `stated`: by the terms of its pool or centre; null: they say nothing, and the table does. */
export function isDomestic(vendor: string, stated: boolean | null): boolean {
  return stated ?? vendors.get(vendor)?.domestic ?? false;
}
