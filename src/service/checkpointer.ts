import { setTimeout as delay } from 'node:timers/promises';
import type { Coverage } from '../checkpoint/coverage.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import type { Floor } from '../debouncer/floor.ts';
import type { Origin } from '../loader/index-meta.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { Position } from '../shared/position.ts';

export interface CheckpointerOptions {
  readonly checkpoints: CheckpointStore;
  readonly origin: Origin;
  /** The indexes that the resume point speaks for until told otherwise. */
  readonly coverage: Coverage | null;
  /** What is stored already. */
  readonly durable: Position;
  /** All that ends at or before this is accepted by Elasticsearch. */
  readonly floor: Floor;
  readonly acknowledge: (lsn: Lsn) => void;
  readonly retry: Retry;
  readonly intervalMs: number;
  readonly now: () => number;
}

export interface Checkpointer {
  /** Stores and acknowledges at intervals, until aborted or failed. */
  run(signal: AbortSignal): Promise<void>;
  /** Stores and acknowledges all that is durable, now. */
  finish(): Promise<void>;
  /** From now on the resume point speaks for these indexes; settles once that is stored. */
  cover(coverage: Coverage): Promise<void>;
  /** Redis may have lost what was stored: store it again. */
  storeAgain(): void;
  readonly stored: Lsn;
}

/**
 * How long a stored resume point ripens before it is acknowledged. Redis flushes its append-only file once a second:
 * a crash of Redis together with this process must not leave the slot ahead of it.
 */
const RIPENING_MS = 2_000;

/** Invariant 5, the order of durability: Elasticsearch accepted → Redis stored → slot acknowledged. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { checkpoints, origin, floor, acknowledge, retry, intervalMs, now } = options;
  let { coverage } = options;
  let stored = options.durable;
  const pending = { storeAgain: false };
  let last: Promise<void> = Promise.resolve();
  let ripening: { readonly lsn: Lsn; readonly storedAtMs: number }[] = [];

  const storeNow = async (): Promise<void> => {
    const next = floor.lowest;
    if (next.lsn <= stored.lsn && !pending.storeAgain) return;
    pending.storeAgain = false;
    failpoint('before-checkpoint');
    await retry(() => checkpoints.store({ ...next, origin, coverage }));
    failpoint('after-checkpoint');
    stored = next;
    ripening.push({ lsn: next.lsn, storedAtMs: now() });
  };
  /** One after the other, so that none puts back what the one before has stored. */
  const store = (): Promise<void> => {
    last = last.then(storeNow, storeNow);
    return last;
  };
  const acknowledgeOlderThan = (ms: number): void => {
    const ripe = ripening.filter(({ storedAtMs }) => storedAtMs <= ms);
    ripening = ripening.filter(({ storedAtMs }) => storedAtMs > ms);
    const last = ripe.at(-1);
    if (!last) return;
    failpoint('before-ack');
    acknowledge(last.lsn);
  };

  return {
    async run(signal) {
      for (;;) {
        await delay(intervalMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await store();
        acknowledgeOlderThan(now() - RIPENING_MS);
      }
    },
    async finish() {
      await store();
      acknowledgeOlderThan(Infinity);
    },
    async cover(next) {
      coverage = next;
      pending.storeAgain = true;
      await store();
    },
    storeAgain() {
      pending.storeAgain = true;
    },
    get stored() {
      return stored.lsn;
    },
  };
}
