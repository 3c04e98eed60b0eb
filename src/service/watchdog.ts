import { ProjectorError } from '../ops/errors.ts';

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
