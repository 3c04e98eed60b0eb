import type { Settings } from '../config/settings.ts';
import type { Logger } from '../ops/log.ts';
import { createRedis, isTransientRedisError } from '../servers/redis.ts';
import { createRetry } from '../servers/retry.ts';
import { askService } from './requests.ts';
import { runService } from './run.ts';
import { readStatus } from './status.ts';
import type { Task } from './work.ts';

/**
 * Does something with the help of the slot's holder: the running service; or, where none runs, this process, which
 * holds the slot and follows the stream until it is done.
 */
export async function withHolder(
  { settings, log, stop }: { settings: Settings; log: Logger; stop: AbortSignal },
  task: Task,
): Promise<void> {
  const redis = createRedis(settings.redisUrl);
  const retry = createRetry({
    server: 'redis',
    isTransient: isTransientRedisError,
    log,
    waits: new Map(),
    signal: stop,
  });
  try {
    await redis.connect();
    if (await retry(() => readStatus(redis, settings.name))) {
      await task(askService({ redis, name: settings.name, retry, signal: stop }), stop);
      return;
    }
  } finally {
    redis.disconnect();
  }
  await runService({ settings, log, stop, task });
}
