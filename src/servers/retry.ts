import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { atMostEvery, type Logger } from '../ops/log.ts';

/** Which server a wait is about, for people: `waiting for elasticsearch`. */
export type ServerName = 'postgres' | 'redis' | 'elasticsearch';

export const serverNames: readonly ServerName[] = ['postgres', 'redis', 'elasticsearch'];

/** The waits under way, by name. A service that waits for a named thing is not stalled. */
export type Waits = Map<string, string>;

export interface RetryOptions {
  readonly server: ServerName;
  readonly isTransient: (error: Error) => boolean;
  readonly log: Logger;
  readonly waits: Waits;
  /** Told of each failure that is followed by another attempt. */
  readonly onRetry?: (server: ServerName) => void;
  /** Rejects the work under way when aborted. */
  readonly signal: AbortSignal;
}

/** Runs an action again, with exponential backoff and jitter, for as long as its failures are transient. */
export type Retry = <T>(action: () => Promise<T>) => Promise<T>;

const REPEATED_FAILURE_LOG_MS = 60_000;

/** Retries transient failures of one server for as long as it takes; any other failure passes through. */
export function createRetry(options: RetryOptions): Retry {
  const { server, isTransient, log, waits, onRetry, signal } = options;
  const policy = retry(
    handleWhen((error) => !signal.aborted && error instanceof Error && isTransient(error)),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 5_000 }),
    },
  );
  const occasionally = atMostEvery(REPEATED_FAILURE_LOG_MS);
  let failing = 0;
  return async (action) => {
    const call = { failed: false };
    try {
      return await policy.execute(async ({ signal: aborted }) => {
        aborted.throwIfAborted();
        try {
          return await action();
        } catch (error) {
          if (error instanceof Error && isTransient(error)) {
            if (!call.failed) failing++;
            call.failed = true;
            waits.set(server, error.message);
            onRetry?.(server);
            occasionally(() => log.warn({ server, error: error.message }, `${server} failed; retrying`));
          }
          throw error;
        }
      }, signal);
    } finally {
      if (call.failed && --failing === 0) waits.delete(server);
    }
  };
}
