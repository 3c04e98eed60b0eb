import type { Waits } from '../servers/retry.ts';
import { formatLsn } from '../shared/lsn.ts';
import type { Pipeline } from './pipeline.ts';
import type { Snapshots } from './snapshots.ts';
import type { SessionStatus } from './status.ts';
import type { BuildTarget } from './targets.ts';

export interface SessionState {
  readonly pipeline: Pipeline;
  readonly waits: Waits;
  readonly targets: readonly BuildTarget[];
  /** Null while the session is still starting. */
  readonly snapshots: Snapshots | null;
  readonly isStopping: boolean;
  readonly queuedBytes: number;
}

/** What a session says of itself. */
export function describeSession(session: SessionState): SessionStatus {
  const { pipeline, waits, targets, snapshots, queuedBytes } = session;
  const { debouncer, dispatcher, fanOut, checkpointer, position, deadLetters } = pipeline;
  return {
    state: stateOf(session),
    waits: Object.fromEntries(waits),
    resumePoint: formatLsn(checkpointer.stored),
    covered: formatLsn(position.covered),
    pendingIds: debouncer.allPending,
    fanOuts: fanOut.outstanding,
    batchesInFlight: dispatcher.inFlight,
    queuedBytes,
    oldestPendingSeconds: pipeline.oldestPendingMs / 1_000,
    deadLetters: Object.fromEntries(
      targets.map(({ index, physical }) => [index.name, deadLetters.count(physical)]),
    ),
    indexes: Object.fromEntries(
      targets.map((target) => [target.index.name, describeIndex(target, snapshots)]),
    ),
  };
}

function describeIndex(target: BuildTarget, snapshots: Snapshots | null): SessionStatus['indexes'][string] {
  const { physical, index } = target;
  const progress = snapshots?.progress.get(index.name);
  return {
    physical,
    isComplete: snapshots ? snapshots.isComplete(target) : !target.isBuilding && !target.isOutdated,
    snapshot: progress ? { state: progress.state, done: progress.done, total: progress.total } : null,
  };
}

function stateOf({ isStopping, snapshots }: SessionState): SessionStatus['state'] {
  if (isStopping) return 'stopping';
  if (!snapshots) return 'starting';
  return snapshots.isRunning ? 'snapshotting' : 'streaming';
}
