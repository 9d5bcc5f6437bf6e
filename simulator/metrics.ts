import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";

/** (Σ start × (i mod 1 000 003 + 1)) mod (2^61 − 1), of the jobs in the order of `place` (one home) or of the workload. */
export function startChecksum(workload: Workload, { startS }: Schedule): string {
  const isOne = workload.homes.length === 1;
  let sum = 0n;
  let part = 0;
  for (let i = 0; i < workload.count; i += 1) {
    const place = isOne ? (workload.place[i] ?? 0) : i;
    // A product is below 2^31 × 2^20, so that four of them and what is carried stay exact.
    part += (startS[i] ?? 0) * ((place % 1_000_003) + 1);
    if (part < 4_503_599_627_370_496) continue;
    sum += BigInt(part);
    part = 0;
  }
  return ((sum + BigInt(part)) % (2n ** 61n - 1n)).toString();
}
