import { setTimeout as delay } from 'node:timers/promises';
import { createProgressDisplay } from '../../src/cli/progress.ts';
import type { Redis } from '../../src/servers/redis.ts';
import { readStatus } from '../../src/service/status.ts';
import { createProgressStore } from '../../src/snapshot/progress.ts';

export interface SnapshotFigures {
  readonly documents: number;
  /** From the first document of the first index to the last of the last one. */
  readonly ms: number;
}

const pollMs = 50;

/**
 * Shows the snapshots' progress until all of the indexes are complete and the service streams. Rejects with the
 * signal's reason.
 */
export async function watchSnapshots(
  redis: Redis,
  name: string,
  indexes: readonly string[],
  stream: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<SnapshotFigures> {
  const display = createProgressDisplay(stream);
  const store = createProgressStore(redis, name);
  const left = new Set(indexes);
  let begunAt: number | undefined;
  let documents = 0;
  while (left.size > 0) {
    for (const index of left) {
      const progress = await store.read(index);
      if (progress === null) continue;
      begunAt ??= performance.now();
      display(index, progress);
      if (progress.state !== 'done') continue;
      left.delete(index);
      documents += progress.done;
    }
    await delay(pollMs, undefined, { signal });
  }
  const ms = performance.now() - (begunAt ?? performance.now());
  while ((await readStatus(redis, name))?.state !== 'streaming') await delay(pollMs, undefined, { signal });
  return { documents, ms };
}
