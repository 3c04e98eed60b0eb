import type { Settings } from '../config/settings.ts';
import { loadDefinitions } from '../definition/load.ts';
import { withHolder } from '../service/holder.ts';
import { createRedis } from '../servers/redis.ts';
import { createProgressStore } from '../snapshot/progress.ts';
import { assertKnownIndexes } from './known-indexes.ts';
import type { CommandContext } from './main.ts';
import { createProgressDisplay } from './progress.ts';

const POLL_MS = 200;

/** Snapshots through the running service, or by itself where none runs. */
export async function snapshot({ settings, log, stop, flags }: CommandContext): Promise<number> {
  const known = (await loadDefinitions(settings.definitionsDir)).map(({ spec }) => spec.index);
  assertKnownIndexes(flags.index, known);
  const indexes = flags.index.length > 0 ? flags.index : known;
  await using watched = await watchProgress(settings, indexes);
  await withHolder({ settings, log, stop }, (work) => work.snapshot(indexes));
  await watched.show();
  return stop.aborted ? 1 : 0;
}

interface WatchedProgress extends AsyncDisposable {
  /** Shows how far it is now. */
  show(): Promise<void>;
}

/** Shows the progress of these indexes' snapshots until it is disposed of. */
async function watchProgress(settings: Settings, indexes: readonly string[]): Promise<WatchedProgress> {
  const display = createProgressDisplay();
  const redis = createRedis(settings.redisUrl);
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
  return {
    show,
    [Symbol.asyncDispose]: () => {
      clearInterval(timer);
      redis.disconnect();
      return Promise.resolve();
    },
  };
}
