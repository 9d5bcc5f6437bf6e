import type { LifeCycle } from "#core/centre/centre.ts";

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
