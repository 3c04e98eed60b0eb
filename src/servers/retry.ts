import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { serverOf, type ServerName } from './named-errors.ts';
import type { Outages } from './outages.ts';
import { unavailable } from './unavailable.ts';

export interface RetryOptions {
  /** The server that the actions are for. One may fail for another server, which is named then. */
  readonly server: ServerName;
  readonly isTransient: (error: Error) => boolean;
  readonly outages: Outages;
  /** Told of each failure that is followed by another attempt. */
  readonly onRetry?: (server: ServerName) => void;
  /** How long one action is tried for, in ms; unless given, for as long as it takes. */
  readonly patienceMs?: number;
  /** Rejects the work under way when aborted. */
  readonly signal: AbortSignal;
  readonly now?: () => number;
}

/** Runs an action again, with exponential backoff and jitter, for as long as its failures are transient. */
export type Retry = <T>(action: () => Promise<T>) => Promise<T>;

/**
 * Retries transient failures for as long as it takes; any other failure passes through. With a patience, the retry throws
 * `PROJ_SERVER_UNAVAILABLE` once that has ended.
 */
export function createRetry(options: RetryOptions): Retry {
  const { server, isTransient, outages, onRetry, patienceMs = Infinity, signal } = options;
  const now = options.now ?? (() => performance.now());
  const policy = retry(
    handleWhen((error) => !signal.aborted && error instanceof Error && isTransient(error)),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 5_000 }),
    },
  );
  return async (action) => {
    const startedMs = now();
    const state: { failing: ServerName | null } = { failing: null };
    const change = (failing: ServerName | null, isBack: boolean): void => {
      if (failing === state.failing) return;
      if (state.failing !== null) outages.end(state.failing, isBack);
      if (failing !== null) outages.begin(failing);
      state.failing = failing;
    };
    try {
      const result = await policy.execute(async ({ signal: aborted }) => {
        aborted.throwIfAborted();
        try {
          return await action();
        } catch (error) {
          if (error instanceof Error && isTransient(error)) {
            if (now() - startedMs >= patienceMs) throw unavailable(error);
            const name = serverOf(error)?.server ?? server;
            change(name, true);
            outages.failed(name, error);
            onRetry?.(name);
          }
          throw error;
        }
      }, signal);
      change(null, true);
      return result;
    } finally {
      change(null, false);
    }
  };
}
