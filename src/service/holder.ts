import type { Settings } from '../config/settings.ts';
import type { Logger } from '../ops/log.ts';
import { createRedis } from '../servers/redis.ts';
import { askService } from './requests.ts';
import { runService } from './run.ts';
import { readStatus } from './status.ts';
import type { HolderWork } from './work.ts';

/**
 * Does something with the help of the slot's holder: the running service; or, where none runs, this process, which
 * holds the slot and follows the stream until it is done.
 */
export async function withHolder(
  { settings, log, stop }: { settings: Settings; log: Logger; stop: AbortSignal },
  task: (work: HolderWork) => Promise<void>,
): Promise<void> {
  const redis = createRedis(settings.redisUrl);
  try {
    await redis.connect();
    if (await readStatus(redis, settings.name)) {
      await task(askService(redis, settings.name, stop));
      return;
    }
  } finally {
    redis.disconnect();
  }
  await runService({ settings, log, stop, task });
}
