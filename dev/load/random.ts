/** Gives numbers in [0, 1). */
export type Random = () => number;

/**
 * Random numbers that depend on nothing but the seed and the ordinal, so that the thousandth film is the same film
 * however many there are. Both are whole numbers; 32 bits of each count. The generator is mulberry32, which is
 * cheap to set up afresh for each ordinal.
 */
export function randomOf(seed: number, ordinal: number): Random {
  let state = mix(mix(seed) ^ Math.imul(ordinal, 0x9e3779b1));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Spreads every bit over all 32 (the finalizer of MurmurHash3), one to one. */
function mix(bits: number): number {
  let mixed = bits | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** A whole number in [0, below). */
export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

export const chance = (random: Random, probability: number): boolean => random() < probability;

/** One of them, each as likely as another. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[below(random, from.length)];
  if (one === undefined) throw new RangeError('There is nothing to pick from.');
  return one;
}
