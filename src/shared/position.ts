import type { Lsn } from './lsn.ts';

/** A commit, by where it ends and whose it is. */
export interface Commit {
  readonly lsn: Lsn;
  readonly xid: number;
}

/** A place in the stream: all that ends at or before `lsn`. */
export interface Position {
  readonly lsn: Lsn;
  /** The last commit there that the stream has brought; null when it has brought none yet. */
  readonly lastCommit: Commit | null;
}
