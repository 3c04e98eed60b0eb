import { setTimeout as delay } from 'node:timers/promises';
import { resyncRequired } from '../checkpoint/start.ts';
import type { IndexAdmin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Retry } from '../servers/retry.ts';
import type { BuildTarget } from './targets.ts';

export interface IndexWatchOptions {
  readonly targets: readonly BuildTarget[];
  /** Whether an index has still to be filled before its alias leads to it. */
  readonly isBuilding: (target: BuildTarget) => boolean;
  /** Whether another is about to take its place, or has taken it. */
  readonly isLeaving: (target: BuildTarget) => boolean;
  readonly indexes: Pick<IndexAdmin, 'find' | 'alias'>;
  readonly retry: Retry;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 5_000;

/**
 * Looks, until aborted, whether the indexes are still those that are written to, and whether searches find them: nothing
 * else tells of one that was deleted while nothing changes, restored from a copy, or whose alias somebody has moved.
 *
 * @throws ProjectorError `PROJ_INDEX_MISSING`, or `PROJ_RESYNC_REQUIRED` where it is another one (invariant 7).
 */
export async function watchIndexes(options: IndexWatchOptions): Promise<never> {
  const { targets, isBuilding, isLeaving, indexes, retry, signal } = options;
  for (;;) {
    await delay(INTERVAL_MS, undefined, { signal });
    for (const target of targets) {
      const { index, physical } = target;
      // Asked first: it may begin to serve meanwhile.
      const shouldServe = !isBuilding(target);
      const found = (await retry(() => indexes.find(index))).find((one) => one.physical === physical);
      if (isLeaving(target)) continue;
      if (!found) throw indexGone(`the index ${physical} is gone`);
      if (!found.original) throw resyncRequired(`the index ${physical} was restored from a copy`);
      if (shouldServe && !found.serving)
        throw indexGone(`the alias ${indexes.alias(index)} does not lead to ${physical} any more`);
    }
  }
}

function indexGone(message: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_MISSING',
    message,
    'Start it again: what is missing is built anew, and the alias leads there when it is complete.',
  );
}
