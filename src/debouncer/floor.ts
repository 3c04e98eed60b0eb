import type { Position } from '../shared/position.ts';

/** Keeps the floor from rising above the position that was covered when it was taken, until it is let go. */
export interface Hold {
  readonly since: Position;
  /** When the first of those that share it took it. */
  sinceMs: number;
  /** How many share it. */
  count: number;
}

export interface Floor {
  /** Raises what is covered. */
  cover(position: Position): void;
  /** Holds the floor at what is covered now. */
  hold(): Hold;
  /** One more shares the hold. */
  share(hold: Hold): Hold;
  /** One of those that share it lets go. */
  release(hold: Hold): void;
  /** The lowest position that is held; all that is covered, when none is. */
  readonly lowest: Position;
  /** When the oldest of the holds was taken; null when there is none. */
  readonly heldSinceMs: number | null;
}

/**
 * The ack floor (invariant 5): what was covered when the oldest unfinished work was taken on. Work that is unfinished
 * holds it, be it a document that waits or is under way, or a lookup that has not given all its documents yet, and no
 * order among them is needed: they may be finished in any.
 *
 * Holds of the same position are one. Positions are covered in order, so the holds stand in that order, and the first is the lowest; one that nobody shares any more is gone at once, so there are never more than there is work.
 */
export function createFloor(from: Position, now: () => number = () => performance.now()): Floor {
  const holds = new Set<Hold>();
  let covered = from;
  let current: Hold | undefined;
  return {
    cover(position) {
      if (position.lsn <= covered.lsn) return;
      covered = position;
      current = undefined;
    },
    hold() {
      // One that was let go of meanwhile is not in the set any more: as the highest, it goes to the end again.
      current ??= { since: covered, sinceMs: 0, count: 0 };
      if (current.count === 0) {
        current.sinceMs = now();
        holds.add(current);
      }
      current.count++;
      return current;
    },
    share(hold) {
      hold.count++;
      return hold;
    },
    release(hold) {
      if (--hold.count === 0) holds.delete(hold);
    },
    get lowest() {
      const [first] = holds;
      return first?.since ?? covered;
    },
    get heldSinceMs() {
      const [first] = holds;
      return first?.sinceMs ?? null;
    },
  };
}
