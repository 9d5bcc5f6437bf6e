/** A stream of numbers in [0, 1) that the seed alone decides (mulberry32, Tommy Ettinger 2017, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * One number in [0, 1) for that name under that seed (FNV-1a): what befalls a run does not depend on what else was
 * asked, nor on how often the agent was started again.
 */
export function lot(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return randomFrom(hash)();
}

/** The wait until the next of events that come at random, `meanMs` apart. */
export function waitMs(random: () => number, meanMs: number): number {
  return Math.max(1, Math.round(-Math.log(1 - random()) * meanMs));
}

/** From `least` to `most`, both included where they are whole. */
export function between(random: number, least: number, most: number): number {
  return Math.min(most, Math.floor(least + random * (most - least + 1)));
}
