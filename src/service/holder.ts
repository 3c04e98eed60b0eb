import type { Settings } from '../config/settings.ts';
import type { Logger } from '../ops/log.ts';
import { isTransientRedisError } from '../servers/redis-errors.ts';
import { createRedis, type Redis } from '../servers/redis.ts';
import { createOutages } from '../servers/outages.ts';
import { createRetry, type Retry } from '../servers/retry.ts';
import { COMMAND_PATIENCE_MS } from './patience.ts';
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
  await whereverItRuns(
    { settings, log, stop },
    {
      running: (redis, retry) => task(askService({ redis, name: settings.name, retry, signal: stop }), stop),
      alone: () => runService({ settings, log, stop, task }),
    },
  );
}

/** What to do through the running service, and what to do where none runs. */
export interface EitherWay {
  readonly running: (redis: Redis, retry: Retry) => Promise<void>;
  readonly alone: (redis: Redis, retry: Retry) => Promise<void>;
}

/** Does the one where the service runs, and the other where none does. */
export async function whereverItRuns(
  { settings, log, stop }: { settings: Settings; log: Logger; stop: AbortSignal },
  { running, alone }: EitherWay,
): Promise<void> {
  const redis = createRedis(settings);
  const retry = createRetry({
    server: 'redis',
    isTransient: isTransientRedisError,
    outages: createOutages(log, new Map()),
    patienceMs: COMMAND_PATIENCE_MS,
    signal: stop,
  });
  try {
    await redis.connect();
    const isRunning = (await retry(() => readStatus(redis, settings.name))) !== null;
    await (isRunning ? running : alone)(redis, retry);
  } finally {
    redis.disconnect();
  }
}
