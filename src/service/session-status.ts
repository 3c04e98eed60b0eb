import type { Waits } from '../servers/retry.ts';
import { formatLsn } from '../shared/lsn.ts';
import type { Pipeline } from './pipeline.ts';
import type { ProjectionCounts } from './projection.ts';
import type { Snapshots } from './snapshots.ts';
import type { ServiceStatus } from './status.ts';
import type { BuildTarget } from './targets.ts';

export interface SessionState {
  readonly pipeline: Pipeline;
  readonly waits: Waits;
  readonly counts: ProjectionCounts & { readonly changes: number };
  readonly targets: readonly BuildTarget[];
  /** Null while the session is still starting. */
  readonly snapshots: Snapshots | null;
  readonly isStopping: boolean;
  /** Since when it is paused; null when it is not. */
  readonly pausedSince: string | null;
  readonly startedAt: Date;
  readonly queuedBytes: number;
}

/** What a session says of itself. */
export function describeSession(session: SessionState): ServiceStatus {
  const { pipeline, waits, counts, targets, queuedBytes, startedAt } = session;
  const { debouncer, dispatcher, fanOut, checkpointer, position, deadLetters } = pipeline;
  return {
    state: stateOf(session),
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    at: new Date().toISOString(),
    pausedSince: session.pausedSince,
    waits: Object.fromEntries(waits),
    resumePoint: formatLsn(checkpointer.stored),
    covered: formatLsn(position.covered),
    ...counts,
    pendingIds: debouncer.allPending,
    fanOuts: fanOut.outstanding,
    batchesInFlight: dispatcher.inFlight,
    queuedBytes,
    residentBytes: process.memoryUsage.rss(),
    deadLetters: Object.fromEntries(
      targets
        .filter(({ isBefore }) => !isBefore)
        .map(({ index, physical }) => [index.alias, deadLetters.count(physical)]),
    ),
  };
}

function stateOf({ isStopping, pausedSince, snapshots }: SessionState): ServiceStatus['state'] {
  if (isStopping) return 'stopping';
  if (pausedSince !== null) return 'paused';
  if (!snapshots) return 'starting';
  return snapshots.isRunning ? 'snapshotting' : 'streaming';
}
