import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { atMostEvery, type Logger } from '../ops/log.ts';
import { describeError, serverOf, type ServerName } from './named-errors.ts';
import { unavailable } from './unavailable.ts';

/** The waits under way, by name. A service that waits for a named thing is not stalled. */
export type Waits = Map<string, string>;

export interface RetryOptions {
  /** The server that the actions are for. One may fail for another server, which is named then. */
  readonly server: ServerName;
  readonly isTransient: (error: Error) => boolean;
  readonly log: Logger;
  readonly waits: Waits;
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

const REPEATED_FAILURE_LOG_MS = 60_000;
/** Whatever is longer is logged, however often that happens. */
const SHORT_OUTAGE_MS = 2_000;

interface Outage {
  readonly sinceMs: number;
  /** How many actions fail at the moment. */
  actions: number;
  isLogged: boolean;
}

/**
 * Retries transient failures of one server for as long as it takes; any other failure passes through. Logs when a server
 * fails, and when it answers again.
 *
 * The retry throws `PROJ_SERVER_UNAVAILABLE` once its patience has ended.
 */
export function createRetry(options: RetryOptions): Retry {
  const { server, isTransient, log, waits, onRetry, patienceMs = Infinity, signal } = options;
  const now = options.now ?? (() => performance.now());
  const policy = retry(
    handleWhen((error) => !signal.aborted && error instanceof Error && isTransient(error)),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 5_000 }),
    },
  );
  const occasionally = atMostEvery(REPEATED_FAILURE_LOG_MS, now);
  const outages = new Map<ServerName, Outage>();

  const begin = (name: ServerName): void => {
    const outage = outages.get(name) ?? { sinceMs: now(), actions: 0, isLogged: false };
    outage.actions++;
    outages.set(name, outage);
  };
  const failed = (name: ServerName, error: Error): void => {
    const text = describeError(error);
    waits.set(name, text);
    onRetry?.(name);
    const outage = outages.get(name);
    const say = (): void => {
      if (outage) outage.isLogged = true;
      log.warn({ server: name, error: text }, `${name} failed; retrying`);
    };
    if (outage && !outage.isLogged && now() - outage.sinceMs >= SHORT_OUTAGE_MS) say();
    else occasionally(say);
  };
  const end = (name: ServerName, isBack: boolean): void => {
    const outage = outages.get(name);
    if (!outage || --outage.actions > 0) return;
    outages.delete(name);
    waits.delete(name);
    const awaySeconds = Math.round((now() - outage.sinceMs) / 100) / 10;
    if (isBack && outage.isLogged) log.info({ server: name, awaySeconds }, `${name} answers again`);
  };

  return async (action) => {
    const startedMs = now();
    const state: { failing: ServerName | null } = { failing: null };
    const change = (failing: ServerName | null, isBack: boolean): void => {
      if (failing === state.failing) return;
      if (state.failing !== null) end(state.failing, isBack);
      if (failing !== null) begin(failing);
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
            failed(name, error);
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
