import { setTimeout as delay } from 'node:timers/promises';
import { ProjectorError } from '../ops/errors.ts';
import type { ProjectionCounts } from './projection.ts';
import type { ServiceStatus, SessionStatus } from './status.ts';

/** What the watchdog looks at. */
export interface Movement {
  /** Whether there is work that should move: ids to read, batches under way, changes to route, rows to snapshot. */
  readonly isOutstanding: boolean;
  /** Another text whenever anything has moved. */
  readonly mark: string;
  /** Whether it waits for something named: a server that is away, the gate, the barrier. */
  readonly isWaiting: boolean;
}

/**
 * Invariant 9, liveness: *stalled* means work outstanding, nothing moving, and no named wait. Gives a function that is
 * called at intervals and throws when that has lasted for `timeoutMs` (0: never).
 */
export function createWatchdog(timeoutMs: number, now: () => number): (movement: Movement) => void {
  let mark: string | null = null;
  let sinceMs = now();
  return (movement) => {
    const isFine = !movement.isOutstanding || movement.isWaiting || movement.mark !== mark;
    mark = movement.mark;
    if (isFine) sinceMs = now();
    const stalledMs = now() - sinceMs;
    if (timeoutMs === 0 || stalledMs < timeoutMs) return;
    throw new ProjectorError(
      'PROJ_STALLED',
      `there is work to do, and nothing has moved for ${Math.round(stalledMs / 1000)} s (${movement.mark})`,
      'Start it again: it goes on from the resume point. Look for a lock on a table that it reads (pg_locks), or a ' +
        'statement that takes longer than STALL_TIMEOUT_MS (pg_stat_activity).',
    );
  };
}

const INTERVAL_MS = 500;

/** Rejects with PROJ_STALLED when what the status shows has not moved for `timeoutMs`, though it should. */
export async function watchMovement(
  status: () => ServiceStatus,
  timeoutMs: number,
  now: () => number,
  signal: AbortSignal,
): Promise<never> {
  const look = createWatchdog(timeoutMs, now);
  for (;;) {
    look(movementOf(status()));
    await delay(INTERVAL_MS, undefined, { signal });
  }
}

/**
 * What a status shows of movement. That the stream goes on does not count while documents are to be done: heartbeats and
 * keepalives have it go on, and wait in its queue, however stuck the rest is.
 */
export function movementOf(
  status: SessionStatus & ProjectionCounts & Pick<ServiceStatus, 'changes'>,
): Movement {
  const { pendingIds, fanOuts, batchesInFlight, queuedBytes, covered, resumePoint, indexes } = status;
  const { changes, written, superseded, refused } = status;
  const documents = { pendingIds, fanOuts, batchesInFlight };
  const hasDocuments = Object.values(documents).some((left) => left > 0);
  const moving = { resumePoint, changes, written, superseded, refused, ...(!hasDocuments && { covered }) };
  return {
    isOutstanding:
      hasDocuments || queuedBytes > 0 || covered !== resumePoint || status.state === 'snapshotting',
    mark: JSON.stringify({ ...documents, ...moving, indexes }),
    isWaiting: Object.keys(status.waits).length > 0,
  };
}
