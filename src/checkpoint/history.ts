import type { ProjectorError } from '../ops/errors.ts';
import { formatLsn, type Lsn } from '../shared/lsn.ts';
import type { Commit, Position } from '../shared/position.ts';
import { resyncRequired } from './start.ts';

export interface HistoryOptions {
  /** Where the slot starts. */
  readonly from: Lsn;
  /** The resume point: all that ends at or before it is durable. */
  readonly durable: Position;
}

/** Looks on while the stream repeats what is durable already. */
export interface History {
  /** Tells that all that ends at or before this LSN has come by. */
  reached(lsn: Lsn): void;
  /** Tells that a commit has come by. */
  committed(commit: Commit): void;
}

/**
 * Invariant 7: where the slot starts behind the resume point, the stream must repeat what it brought before: the last
 * commit comes by again, and none between it and the resume point that was not there. Else the database was restored to
 * an earlier point and has taken another way since, on which the resume point means nothing.
 *
 * Its functions throw ProjectorError `PROJ_RESYNC_REQUIRED`.
 */
export function createHistory({ from, durable: { lsn: durable, lastCommit } }: HistoryOptions): History {
  let expected = lastCommit && lastCommit.lsn > from ? lastCommit : null;
  return {
    reached(lsn) {
      if (expected && lsn >= expected.lsn) throw lacks(expected);
    },
    committed(commit) {
      if (commit.lsn > durable || (expected && commit.lsn < expected.lsn)) return;
      if (commit.lsn !== expected?.lsn || commit.xid !== expected.xid) throw adds(commit, durable);
      expected = null;
    },
  };
}

function lacks({ lsn, xid }: Commit): ProjectorError {
  return resyncRequired(
    `the stream has no transaction ${xid} that ends at ${formatLsn(lsn)}, as it had before: the database was restored`,
  );
}

function adds({ lsn, xid }: Commit, durable: Lsn): ProjectorError {
  return resyncRequired(
    `the stream has a transaction ${xid} that ends at ${formatLsn(lsn)}, before the resume point ${formatLsn(durable)}, ` +
      'that it had not before: the database was restored',
  );
}
