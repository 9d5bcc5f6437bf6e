import type { LifeCycle } from "#core/centre/life-cycle.ts";

/**
 * Computing power is typed: a value never stands without its precision, dense or sparse, nominal or measured, and its
 * life-cycle (O3). 1 P = 1 PFLOPS = 10^15 op/s = 1 000 000 gigaflops. AI is FP16 or BF16 dense, HPC is FP64; the two
 * are never added up, which is why no function here returns one number for a centre.
 */
export type Capacity = {
  readonly precision: Precision;
  readonly sparsity: Sparsity;
  readonly basis: Basis;
  /** 10^9 operations a second. */
  readonly gigaflops: bigint;
  readonly lifeCycle: LifeCycle;
  /** Where the figure comes from: a data sheet, an HPL result, a report. */
  readonly evidence: string;
};

export const precisions = ["fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8"] as const;
export type Precision = (typeof precisions)[number];
export type Sparsity = "dense" | "sparse";
export type Basis = "nominal" | "measured";

/** A sum that may stand for itself: of one precision, sparsity and basis only. */
export type CapacityTotal = {
  readonly precision: Precision;
  readonly sparsity: Sparsity;
  readonly basis: Basis;
  readonly gigaflops: bigint;
};

export type ReadCapacity =
  | {
      readonly kind: "read";
      readonly precision: Precision;
      readonly sparsity: Sparsity;
      readonly gigaflops: bigint;
    }
  | { readonly kind: "refused"; readonly rule: "no-figure" | "no-precision" | "no-sparsity"; readonly words: string };

/**
 * Reads `100 P FP16 dense` or `4 PFLOPS FP64`. A figure without its precision is refused, and one of a precision that
 * has sparse peak figures (all but FP64) without dense or sparse, because a sparse peak is up to twice the dense one.
 */
export function readCapacity(text: string): ReadCapacity {
  const match = /^\s*(\d{1,12})(?:\.(\d{1,9}))?\s*([GTPE])(?:FLOPS|FLOP\/S)?\b(.*)$/i.exec(text);
  if (!match) return refused("no-figure", text, "write a figure with its unit, as in 100 P FP16 dense");
  const [, whole = "", fraction = "", unit = "", rest = ""] = match;
  const words = rest.toLowerCase().split(/[\s,]+/);
  const precision = precisions.find((each) => words.includes(each));
  if (!precision)
    return refused(
      "no-precision",
      text,
      `name the precision (${precisions.join(", ")}), as in ${whole} ${unit} FP16 dense`,
    );
  const sparsity = words.includes("sparse") ? "sparse" : "dense";
  if (precision !== "fp64" && !words.includes(sparsity))
    return refused("no-sparsity", text, "say dense or sparse: a sparse peak is not a dense one");
  const scale = unitGigaflops[unit.toUpperCase()] ?? 1n;
  const gigaflops = (BigInt(whole + fraction.padEnd(9, "0")) * scale) / 1_000_000_000n;
  if (gigaflops === 0n) return refused("no-figure", text, "the figure is less than one gigaflops");
  return { kind: "read", precision, sparsity, gigaflops };
}

/** `1.049 EFLOPS FP16 dense`: three places, rounded half up; never without the precision. */
export function capacityWords({ gigaflops, precision, sparsity }: Omit<CapacityTotal, "basis">): string {
  const [unit = "G", scale = 1n] = Object.entries(unitGigaflops).findLast(([, each]) => gigaflops >= each) ?? [];
  const thousandths = (gigaflops * 1000n + scale / 2n) / scale;
  const fraction = `${thousandths % 1000n}`.padStart(3, "0").replace(/0+$/, "");
  const figure = fraction === "" ? `${thousandths / 1000n}` : `${thousandths / 1000n}.${fraction}`;
  return `${figure} ${unit}FLOPS ${precision.toUpperCase()} ${sparsity}`;
}

const unitGigaflops: Readonly<Record<string, bigint>> = { G: 1n, T: 1_000n, P: 1_000_000n, E: 1_000_000_000n };

function refused(rule: "no-figure" | "no-precision" | "no-sparsity", text: string, remedy: string): ReadCapacity {
  return { kind: "refused", rule, words: `${JSON.stringify(text)} is no capacity: ${remedy}` };
}
