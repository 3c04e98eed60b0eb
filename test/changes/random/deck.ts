import { type Random, shuffled } from '../../support/random.ts';

export interface Deck<T> {
  /** All kinds, the rarest first. */
  draw(): [string, T][];
  /** Says that it was one's turn. */
  made(kind: string): void;
}

/** Kinds of changes, so that each has its turn before another has its second. */
export function createDeck<T>(random: Random, kinds: Readonly<Record<string, T>>): Deck<T> {
  const times = new Map<string, number>();
  return {
    draw: () =>
      shuffled(random, Object.entries(kinds)).sort(([a], [b]) => (times.get(a) ?? 0) - (times.get(b) ?? 0)),
    made: (kind) => times.set(kind, (times.get(kind) ?? 0) + 1),
  };
}
