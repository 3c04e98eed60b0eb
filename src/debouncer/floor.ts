import type { Lsn } from '../shared/lsn.ts';

/** A place in the stream up to which everything is covered; `xid` is that of its commit, or null for an idle advance. */
export interface Commit {
  readonly lsn: Lsn;
  readonly xid: number | null;
}

/** Keeps the floor from rising above the commit that was covered when it was taken, until it is let go. */
export interface Hold {
  readonly since: Commit;
  /** How many share it. */
  count: number;
}

export interface Floor {
  /** Raises what is covered. */
  cover(commit: Commit): void;
  /** Holds the floor at what is covered now. */
  hold(): Hold;
  /** One more shares the hold. */
  share(hold: Hold): Hold;
  /** One of those that share it lets go. */
  release(hold: Hold): void;
  /** The lowest commit that is held; all that is covered, when none is. */
  readonly lowest: Commit;
}

/**
 * The ack floor (invariant 5): what was covered when the oldest unfinished work was taken on. Work that is unfinished
 * holds it, be it a document that waits or is under way, or a lookup that has not given all its documents yet, and no
 * order among them is needed: they may be finished in any.
 *
 * Holds of the same commit are one. Commits are covered in order, so the holds stand in the order of their commits, and
 * the first is the lowest; one that nobody shares any more is gone at once, so there are never more than there is work.
 */
export function createFloor(from: Commit): Floor {
  const holds = new Set<Hold>();
  let covered = from;
  let current: Hold | undefined;
  return {
    cover(commit) {
      if (commit.lsn <= covered.lsn) return;
      covered = commit;
      current = undefined;
    },
    hold() {
      // One that was let go of meanwhile is not in the set any more: as the highest, it goes to the end again.
      current ??= { since: covered, count: 0 };
      if (current.count === 0) holds.add(current);
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
  };
}
