import { setTimeout as delay } from 'node:timers/promises';
import { ProjectorError } from '../ops/errors.ts';
import { loadDefinitions } from '../definition/load.ts';
import { sendRequest } from '../service/requests.ts';
import { runService } from '../service/run.ts';
import { readStatus } from '../service/status.ts';
import { createRedis, type Redis } from '../servers/redis.ts';
import { createProgressStore } from '../snapshot/progress.ts';
import type { CommandContext } from './main.ts';
import { createProgressDisplay } from './progress.ts';

const POLL_MS = 200;

/** Snapshots through the running service, or by itself where none runs. */
export async function snapshot({ settings, log, stop, flags }: CommandContext): Promise<number> {
  const known = (await loadDefinitions(settings.definitionsDir)).map(({ spec }) => spec.index);
  const unknown = flags.index.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `there is no index ${unknown.join(', ')}`,
      `Choose from: ${known.join(', ')}.`,
    );
  }
  const indexes = flags.index.length > 0 ? flags.index : known;
  const redis = createRedis(settings.redisUrl);
  try {
    await redis.connect();
    if (await readStatus(redis, settings.name)) {
      return await throughService(redis, settings.name, indexes, stop);
    }
  } finally {
    redis.disconnect();
  }
  await runService({
    settings,
    log,
    stop,
    onlySnapshot: indexes,
    onSnapshotProgress: createProgressDisplay(),
  });
  return stop.aborted ? 1 : 0;
}

async function throughService(
  redis: Redis,
  name: string,
  indexes: readonly string[],
  stop: AbortSignal,
): Promise<number> {
  const display = createProgressDisplay();
  const progress = createProgressStore(redis, name);
  // A snapshot that is running goes on; of the others the old result is forgotten, so that the new one shows.
  for (const index of indexes) {
    if ((await progress.read(index))?.state === 'done') await progress.clear(index);
  }
  await sendRequest(redis, name, { kind: 'snapshot', indexes: [...indexes] });
  const left = new Set(indexes);
  while (left.size > 0) {
    if (!(await readStatus(redis, name))) {
      throw new ProjectorError(
        'PROJ_INTERNAL',
        'the service has ended meanwhile',
        'Start it; the snapshot is resumed.',
      );
    }
    for (const index of left) {
      const state = await progress.read(index);
      if (!state) continue;
      display(index, state);
      if (state.state === 'done') left.delete(index);
    }
    await delay(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return 1;
  }
  return 0;
}
