/** A random whole number below `n`. */
export type Random = (n: number) => number;

/** A generator of whole numbers (mulberry32): from a seed, so that a failing run can be repeated. */
export function seeded(seed: number): Random {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** One of them, each as likely as another. */
export function oneOf<T>(random: Random, from: readonly T[]): T {
  const one = from[random(from.length)];
  if (one === undefined) throw new RangeError('There is nothing to choose from.');
  return one;
}

/** Some of them, in their order. */
export function someOf<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = from.map((_, position) => position);
  const taken = new Set(
    Array.from({ length: Math.min(count, from.length) }, () => left.splice(random(left.length), 1)[0]),
  );
  return from.filter((_, position) => taken.has(position));
}

/** All of them, in another order. */
export function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const left = [...from];
  return from.flatMap(() => left.splice(random(left.length), 1));
}
