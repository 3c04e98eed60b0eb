export interface RefresherOptions {
  /** Lets searches see what a physical index has been given so far. */
  readonly refresh: (physical: string) => Promise<unknown>;
  /** Of all indexes together. */
  readonly maxPerSecond: number;
  readonly now: () => number;
}

/** Refreshes indexes soon after a few documents were written. */
export interface Refresher {
  /** Tells that the stream has written to a physical index that serves, and how many documents with those that wait. */
  wrote(physical: string, documents: number): void;
  /** Ends it; what is not refreshed yet is left to the index's own interval. */
  close(): void;
}

/** More documents than this in a second are many: then a refresh costs more than a second's wait is worth. */
const FEW_DOCUMENTS = 250;
const SECOND_MS = 1_000;
/** An index rests for so many times as long as its last refresh has taken. */
const REST = 4;

interface Own {
  readonly physical: string;
  windowMs: number;
  written: number;
  isStale: boolean;
  /** A refresh is under way, or waits for its time. */
  isBusy: boolean;
  restsUntilMs: number;
}

/**
 * What an editor has just written is what somebody searches for next: where little is written, it is refreshed at once.
 * Where much is written, and where a refresh fails, it is left to the index's `refresh_interval`.
 * https://www.elastic.co/docs/manage-data/data-store/near-real-time-search
 */
export function createRefresher({ refresh, maxPerSecond, now }: RefresherOptions): Refresher {
  const indexes = new Map<string, Own>();
  const timers = new Set<NodeJS.Timeout>();
  let nextMs = -Infinity;
  let isClosed = false;

  const ownOf = (physical: string): Own => {
    const own = indexes.get(physical) ?? {
      physical,
      windowMs: now(),
      written: 0,
      isStale: false,
      isBusy: false,
      restsUntilMs: -Infinity,
    };
    indexes.set(physical, own);
    return own;
  };

  const begin = (own: Own): void => {
    if (isClosed) return;
    own.isBusy = true;
    const startedMs = now();
    const waitMs = Math.max(nextMs, own.restsUntilMs) - startedMs;
    if (waitMs > 0) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        begin(own);
      }, Math.ceil(waitMs));
      timers.add(timer);
      return;
    }
    own.isStale = false;
    nextMs = startedMs + SECOND_MS / maxPerSecond;
    const ended = (): void => {
      const endedMs = now();
      own.restsUntilMs = endedMs + REST * (endedMs - startedMs);
      own.isBusy = false;
      if (own.isStale) begin(own);
    };
    refresh(own.physical).then(ended, ended);
  };

  return {
    wrote(physical, documents) {
      const own = ownOf(physical);
      if (now() - own.windowMs >= SECOND_MS) Object.assign(own, { windowMs: now(), written: 0 });
      own.written += documents;
      if (own.written > FEW_DOCUMENTS) return;
      own.isStale = true;
      if (!own.isBusy) begin(own);
    },
    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
