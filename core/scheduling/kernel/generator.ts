/** A stream of numbers that depends on its seed alone. */
export type Generator = {
  /** A whole number from 0 to below `limit`, each as likely as the others. */
  below(limit: number): number;
};

/** SplitMix32 (Steele, Lea and Flood, OOPSLA 2014, in its 32-bit form). */
export function createGenerator(seed: number): Generator {
  let state = seed | 0;
  return {
    below: (limit) => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296) * limit);
    },
  };
}
