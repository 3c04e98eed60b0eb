import { Redis } from 'ioredis';
import { isNetworkError } from './postgres.ts';

export type { Redis };

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * A Redis connection that reconnects by itself. Commands fail at once while it is away, so that the caller's retry
 * policy, and with it the named wait, sees the failure. One that does not answer is given up, and another made.
 */
export function createRedis(url: string, answerTimeoutMs = ANSWER_TIMEOUT_MS): Redis {
  const timeoutMs = Math.min(answerTimeoutMs, ANSWER_TIMEOUT_MS);
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 5_000,
    commandTimeout: timeoutMs,
    // A half-open connection would time out again and again.
    socketTimeout: timeoutMs,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
  });
  redis.on('error', () => undefined);
  return redis;
}

const TRANSIENT_MESSAGES =
  /^(LOADING|BUSY|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|OOM|MISCONF)|isn't writeable|connection is closed|max retries|timed out/i;

/** Whether trying again later can help: Redis is away, loading, or cannot take a write just now. */
export function isTransientRedisError(error: Error): boolean {
  return (
    isNetworkError(error) ||
    error.name === 'MaxRetriesPerRequestError' ||
    TRANSIENT_MESSAGES.test(error.message)
  );
}
