import type { Waits } from '../servers/outages.ts';
import { formatLsn } from '../shared/lsn.ts';
import type { Hold } from './hold.ts';
import type { Pipeline } from './pipeline.ts';
import type { Snapshots } from './snapshots.ts';
import type { SessionStatus } from './status.ts';
import type { BuildTarget } from './targets.ts';

export interface SessionState {
  readonly pipeline: Pipeline;
  readonly waits: Waits;
  /** None before it has come to the indexes: while it is paused, among others. */
  readonly targets: readonly BuildTarget[];
  /** What there was when it took hold of the slot. */
  readonly courses: Hold['courses'];
  readonly refused: Hold['refused'];
  /** Null while the session is still starting. */
  readonly snapshots: Snapshots | null;
  readonly isStopping: boolean;
  /** Since when it is paused; null when it is not. */
  readonly pausedSince: string | null;
  readonly queuedBytes: number;
}

/** What a session says of itself. */
export function describeSession(session: SessionState): SessionStatus {
  const { pipeline, waits, targets, queuedBytes } = session;
  const own = targets.filter(({ isBefore }) => !isBefore);
  const { debouncer, dispatcher, fanOut, checkpointer, position, deadLetters } = pipeline;
  return {
    state: stateOf(session),
    pausedSince: session.pausedSince,
    waits: Object.fromEntries(waits),
    resumePoint: formatLsn(checkpointer.stored),
    covered: formatLsn(position.covered),
    pendingIds: debouncer.allPending,
    fanOuts: fanOut.outstanding,
    batchesInFlight: dispatcher.inFlight,
    queuedBytes,
    oldestPendingSeconds: pipeline.oldestPendingMs / 1_000,
    deadLetters: Object.fromEntries(
      own.map(({ index, physical }) => [index.alias, deadLetters.count(physical)]),
    ),
    refusedIndexes: Object.fromEntries(
      session.refused.map(({ index, error }) => [index.alias, error.message]),
    ),
    indexes:
      targets.length > 0
        ? Object.fromEntries(own.map((target) => [target.index.alias, describeIndex(target, session)]))
        : describeServing(session),
  };
}

function describeIndex(
  target: BuildTarget,
  { targets, snapshots }: SessionState,
): SessionStatus['indexes'][string] {
  const { physical, index } = target;
  const progress = snapshots?.progress.get(index.name);
  // The one that serves until this one is filled, where it is followed meanwhile.
  const before = targets.find(
    (one) => one.isBefore && one.index.alias === index.alias && (snapshots?.isFollowed(one) ?? true),
  );
  const isFilled = snapshots ? snapshots.isComplete(target) : !target.isBuilding && !target.isOutdated;
  return {
    physical,
    replaces: before?.physical ?? null,
    isComplete: isFilled || (before !== undefined && !before.isOutdated),
    snapshot: progress ? { state: progress.state, done: progress.done, total: progress.total } : null,
  };
}

/** Those that searches find, of which nothing more is known yet. */
function describeServing({ courses }: SessionState): SessionStatus['indexes'] {
  return Object.fromEntries(
    [...courses].flatMap(([alias, { serving }]) =>
      serving
        ? [[alias, { physical: serving.physical, replaces: null, isComplete: true, snapshot: null }]]
        : [],
    ),
  );
}

function stateOf({ isStopping, pausedSince, snapshots }: SessionState): SessionStatus['state'] {
  if (isStopping) return 'stopping';
  if (pausedSince !== null) return 'paused';
  if (!snapshots) return 'starting';
  return snapshots.isRunning ? 'snapshotting' : 'streaming';
}
