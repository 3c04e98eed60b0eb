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
      targets.map(({ index, physical }) => [index.name, deadLetters.count(physical)]),
    ),
  };
}

function stateOf({ isStopping, snapshots }: SessionState): ServiceStatus['state'] {
  if (isStopping) return 'stopping';
  if (!snapshots) return 'starting';
  return snapshots.isRunning ? 'snapshotting' : 'streaming';
}
