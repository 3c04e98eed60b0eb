import type { Settings } from '../config/settings.ts';
import { createRedis } from '../servers/redis.ts';
import { createProgressStore } from '../snapshot/progress.ts';
import type { Output } from './command-line.ts';
import { createProgressDisplay } from './progress.ts';

const POLL_MS = 200;

/** What follows snapshots and shows how far they are. Disposing ends it. */
export interface WatchedProgress extends AsyncDisposable {
  /** Shows how far they are now. */
  show(): Promise<void>;
}

/** Shows the progress of these indexes' snapshots, whichever process makes them. */
export async function watchProgress(
  settings: Settings,
  indexes: readonly string[],
  stream: Output,
): Promise<WatchedProgress> {
  const display = createProgressDisplay(stream);
  await using opening = new AsyncDisposableStack();
  const redis = createRedis(settings);
  opening.defer(() => redis.disconnect());
  await redis.connect();
  const progress = createProgressStore(redis, settings.name);
  // A snapshot that is running goes on; of the others the old result is forgotten, so that the new one shows.
  for (const index of indexes) {
    if ((await progress.read(index))?.state === 'done') await progress.clear(index);
  }
  const shown = new Set<string>();
  const show = async (): Promise<void> => {
    for (const index of indexes) {
      const state = shown.has(index) ? null : await progress.read(index);
      if (!state) continue;
      display(index, state);
      if (state.state === 'done') shown.add(index);
    }
  };
  const timer = setInterval(() => void show().catch(() => undefined), POLL_MS);
  opening.defer(() => clearInterval(timer));
  const open = opening.move();
  return { show, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
