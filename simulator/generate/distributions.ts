import type { Generator } from "#core/scheduling/kernel/generator.ts";

/** Between 0 and 1, neither of them. */
export function uniform(generator: Generator): number {
  const steps = 4_294_967_296;
  return (generator.below(steps) + 0.5) / steps;
}

/** Mean 0, variance 1 (Box and Muller, 1958). */
export function normal(generator: Generator): number {
  return Math.sqrt(-2 * Math.log(uniform(generator))) * Math.cos(2 * Math.PI * uniform(generator));
}

/** Mean shape × scale, variance shape × scale², for a shape of at least 1 (Marsaglia and Tsang, ACM TOMS 2000). */
export function gamma(generator: Generator, { shape, scale }: Gamma): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  while (true) {
    const x = normal(generator);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(uniform(generator)) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v * scale;
  }
}

export type Gamma = { readonly shape: number; readonly scale: number };
