import { type Phrase, phrase } from "#core/job/phrase.ts";

/**
 * Computing power is typed: a value never stands without its precision, dense or sparse, nominal or measured (O3).
 * 1 P = 1 PFLOPS = 10^15 op/s = 1 000 000 gigaflops. AI is FP16 or BF16 dense, HPC is FP64; the two are never added up,
 * which is why no function here returns one number for a centre.
 */
export type Capacity = {
  readonly precision: Precision;
  readonly sparsity: Sparsity;
  readonly basis: Basis;
  /** 10^9 operations a second. */
  readonly gigaflops: bigint;
};

export const precisions = ["fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8"] as const;
export type Precision = (typeof precisions)[number];
export const sparsities = ["dense", "sparse"] as const;
export type Sparsity = (typeof sparsities)[number];
export const bases = ["nominal", "measured"] as const;
export type Basis = (typeof bases)[number];

export type ReadCapacity =
  | ({ readonly kind: "read" } & Omit<Capacity, "basis">)
  | { readonly kind: "refused"; readonly words: Phrase };

/**
 * Reads `100 P FP16 dense` or `4 PFLOPS FP64`. A figure without its precision is refused, and one of a precision that
 * has sparse peak figures (all but FP64) without dense or sparse, because a sparse peak is up to twice the dense one.
 */
export function readCapacity(text: string): ReadCapacity {
  const match = /^\s*(\d{1,9})(?:\.(\d{1,9}))?\s*([GTPE])(?:FLOPS|FLOP\/S)?\b(.*)$/i.exec(text);
  if (!match) return refused("capacity-no-figure", { text });
  const [, whole = "", fraction = "", unit = "", rest = ""] = match;
  const words = rest
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const precision = precisions.find((each) => words.includes(each));
  if (!precision) return refused("capacity-no-precision", { text, known: precisionNames });
  const said = words.filter((word) => word !== precision);
  const sparsity =
    sparsities.find((each) => said[0] === each) ?? (said.length === 0 && precision === "fp64" ? "dense" : null);
  if (sparsity === null || said.length > 1) return refused("capacity-no-sparsity", { text });
  const scale = unitGigaflops[unit.toUpperCase()] ?? 1n;
  const gigaflops = (BigInt(whole + fraction.padEnd(9, "0")) * scale) / 1_000_000_000n;
  if (gigaflops === 0n) return refused("capacity-no-figure", { text });
  return { kind: "read", precision, sparsity, gigaflops };
}

/** `1.049 EFLOPS`: three places, rounded half up; whoever shows it says the precision beside it. */
export function flopsWords(gigaflops: bigint): string {
  const [unit = "G", scale = 1n] = Object.entries(unitGigaflops).findLast(([, each]) => gigaflops >= each) ?? [];
  const thousandths = (gigaflops * 1000n + scale / 2n) / scale;
  const fraction = `${thousandths % 1000n}`.padStart(3, "0").replace(/0+$/, "");
  const figure = fraction === "" ? `${thousandths / 1000n}` : `${thousandths / 1000n}.${fraction}`;
  return `${figure} ${unit}FLOPS`;
}

export const unitGigaflops: Readonly<Record<string, bigint>> = { G: 1n, T: 1_000n, P: 1_000_000n, E: 1_000_000_000n };

const precisionNames = precisions.map((each) => each.toUpperCase()).join(", ");

function refused(
  kind: "capacity-no-figure" | "capacity-no-precision" | "capacity-no-sparsity",
  facts: Phrase["facts"],
): ReadCapacity {
  return { kind: "refused", words: phrase(kind, facts) };
}
