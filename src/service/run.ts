import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../ops/log.ts';
import { isTransientElasticsearchError } from '../servers/elasticsearch.ts';
import { isTransientPostgresError } from '../servers/postgres.ts';
import { isTransientRedisError } from '../servers/redis.ts';
import { runSession } from './session.ts';
import type { HolderWork } from './work.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Do this, and end. Each session begins it anew. */
  readonly task?: (work: HolderWork) => Promise<void>;
  /** Ends the service in order. */
  readonly stop: AbortSignal;
}

/**
 * Runs sessions until it is stopped: a session that fails for a reason that may pass (a server that went away, a
 * connection that broke) is followed by another, from the resume point. Rejects when the reason is permanent.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { settings, log, stop } = options;
  const startedAt = new Date();
  const counts = { changes: 0, written: 0, superseded: 0, refused: 0 };
  let dropFirst = settings.shouldDropIndex;
  const policy = retry(
    handleWhen((error) => !stop.aborted && error instanceof Error && isTransient(error)),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
    },
  );
  policy.onRetry((event) => {
    const error = 'error' in event ? event.error : undefined;
    log.warn({ error: String(error), delayMs: event.delay }, 'the session failed; beginning another');
  });
  try {
    await policy.execute(
      () =>
        runSession({
          ...options,
          startedAt,
          counts,
          dropFirst,
          onHold: () => {
            dropFirst = false;
          },
        }),
      stop,
    );
  } catch (error) {
    // Stopped while it was waiting for a server: nothing was under way.
    if (!(stop.aborted && error instanceof Error && (isTransient(error) || isCancellation(error))))
      throw error;
  }
}

function isTransient(error: Error): boolean {
  return (
    isTransientPostgresError(error) || isTransientElasticsearchError(error) || isTransientRedisError(error)
  );
}

function isCancellation(error: Error): boolean {
  return error.name === 'AbortError' || error.name === 'TaskCancelledError';
}
