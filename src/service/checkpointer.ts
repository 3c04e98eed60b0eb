import { setTimeout as delay } from 'node:timers/promises';
import type { CheckpointStore } from '../checkpoint/store.ts';
import type { Origin } from '../loader/indexes.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { CoveredCommit } from './pump.ts';

export interface CheckpointerOptions {
  readonly checkpoints: CheckpointStore;
  readonly origin: Origin;
  readonly durable: Lsn;
  /** All that ends at or before this is accepted by Elasticsearch. */
  readonly floor: () => Lsn;
  readonly acknowledge: (lsn: Lsn) => void;
  readonly retry: Retry;
  readonly intervalMs: number;
  readonly now: () => number;
}

export interface Checkpointer {
  /** Remembers which transaction ends at an LSN that may become the resume point. */
  covered(commit: CoveredCommit): void;
  /** Stores and acknowledges at intervals, until aborted or failed. */
  run(signal: AbortSignal): Promise<void>;
  /** Stores and acknowledges all that is durable, now. */
  finish(): Promise<void>;
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
  let commits: CoveredCommit[] = [];
  let stored = options.durable;
  let storedXid: number | null = null;
  const pending = { storeAgain: false };
  let ripening: { readonly lsn: Lsn; readonly storedAtMs: number }[] = [];

  const store = async (): Promise<void> => {
    const lsn = floor();
    if (lsn <= stored && !pending.storeAgain) return;
    pending.storeAgain = false;
    if (lsn > stored) storedXid = commits.find((commit) => commit.lsn === lsn)?.xid ?? null;
    failpoint('before-checkpoint');
    await retry(() => checkpoints.store({ lsn, xid: storedXid, origin }));
    failpoint('after-checkpoint');
    stored = lsn;
    commits = commits.filter((commit) => commit.lsn > lsn);
    ripening.push({ lsn, storedAtMs: now() });
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
    covered(commit) {
      commits.push(commit);
    },
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
    storeAgain() {
      pending.storeAgain = true;
    },
    get stored() {
      return stored;
    },
  };
}
