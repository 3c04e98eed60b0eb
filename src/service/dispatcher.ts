import type { Batch, Debouncer } from '../debouncer/debouncer.ts';

export interface DispatcherOptions {
  readonly debouncer: Debouncer;
  /** Batches under way at once. */
  readonly maxInFlight: number;
  /** Reads and writes a batch; settles when it is durable. */
  readonly project: (batch: Batch) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
  readonly now: () => number;
}

export interface Dispatcher {
  /** Looks for batches to begin; to be called whenever ids were added or released. */
  dispatch(): void;
  /** Begins no more batches, and resolves when those under way have ended. */
  drain(): Promise<void>;
  /**
   * Resolves once `condition` holds; it is looked at whenever a batch ends, and at every `dispatch`. Rejects when it does
   * not and the signal is aborted.
   */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
  readonly inFlight: number;
}

/** Gives the debouncer's batches to the loader, several at once. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { debouncer, maxInFlight, project, onFailure, now } = options;
  const running = new Set<Promise<void>>();
  const waiting = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let draining = false;

  const begin = (batch: Batch): void => {
    const work = project(batch).then(
      () => {
        debouncer.done(batch, now());
        running.delete(work);
        dispatch();
      },
      (error: unknown) => {
        running.delete(work);
        onFailure(error);
      },
    );
    running.add(work);
  };

  const dispatch = (): void => {
    for (const look of [...waiting]) look();
    if (draining) return;
    while (running.size < maxInFlight) {
      const batch = debouncer.next(now());
      if (!batch) break;
      begin(batch);
    }
    clearTimeout(timer);
    const dueMs = debouncer.nextDueMs();
    // Ids that are due but not given are claimed by a snapshot's chunk; its release dispatches again.
    if (dueMs !== null && dueMs > now()) timer = setTimeout(dispatch, Math.ceil(dueMs - now()));
  };

  return {
    dispatch,
    async drain() {
      draining = true;
      clearTimeout(timer);
      await Promise.allSettled(running);
    },
    until(condition, signal) {
      if (condition()) return Promise.resolve();
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      // Not again once it has held: a condition may claim what it finds.
      const look = (): void => {
        if (!waiting.has(look) || !condition()) return;
        waiting.delete(look);
        resolve(undefined);
      };
      const abort = (): void => reject(signal.reason as Error);
      waiting.add(look);
      signal.addEventListener('abort', abort, { once: true });
      return promise.finally(() => {
        waiting.delete(look);
        signal.removeEventListener('abort', abort);
      });
    },
    get inFlight() {
      return running.size;
    },
  };
}
