import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Settings } from '../config/settings.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { isTransientElasticsearchError } from '../servers/elasticsearch.ts';
import { isTransientPostgresError } from '../servers/postgres.ts';
import { isTransientRedisError } from '../servers/redis.ts';
import { BeginAgainError } from './begin-again.ts';
import type { StartOver } from './hold.ts';
import { runSession } from './session.ts';
import type { Task } from './work.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Build everything anew first, unless such a rebuild is under way already. */
  readonly startOver?: StartOver;
  /** Wait for as long as another process holds the slot, and again when another has taken it. */
  readonly isStandby?: boolean;
  /** Do this, and end. Each session begins it anew. */
  readonly task?: Task;
  /** Ends the service in order. */
  readonly stop: AbortSignal;
}

/**
 * Runs sessions until it is stopped: a session that fails for a reason that may pass (a server that went away, a
 * connection that broke) is followed by another, from the resume point. Rejects when the reason is permanent.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { settings, log, stop, isStandby = false } = options;
  const startedAt = new Date();
  const counts = { changes: 0, written: 0, superseded: 0, refused: 0 };
  const sender = { pid: null };
  let startOver = options.startOver ?? (settings.shouldDropIndex ? 'drop' : null);
  const isTransient = (error: Error): boolean =>
    isServerFailure(error) ||
    error instanceof BeginAgainError ||
    (error instanceof ProjectorError &&
      ((error.code === 'PROJ_RESYNC_REQUIRED' && settings.resync === 'auto') ||
        (isStandby && (error.code === 'PROJ_SLOT_BUSY' || error.code === 'PROJ_OWNERSHIP_LOST'))));
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
          isStandby,
          startedAt,
          counts,
          sender,
          startOver,
          onHold: () => {
            startOver = null;
          },
        }).catch((error: unknown) => {
          // Where it is transient, RESYNC=auto: the stream itself has shown that it is another history.
          if (error instanceof ProjectorError && error.code === 'PROJ_RESYNC_REQUIRED') startOver = 'beside';
          throw error;
        }),
      stop,
    );
  } catch (error) {
    // Stopped while it was waiting for a server: nothing was under way.
    if (!(stop.aborted && error instanceof Error && (isTransient(error) || isCancellation(error))))
      throw error;
  }
}

function isServerFailure(error: Error): boolean {
  return (
    isTransientPostgresError(error) || isTransientElasticsearchError(error) || isTransientRedisError(error)
  );
}

function isCancellation(error: Error): boolean {
  return error.name === 'AbortError' || error.name === 'TaskCancelledError';
}
