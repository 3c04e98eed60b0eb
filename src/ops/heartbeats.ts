import { EventEmitter, once } from 'node:events';
import type { Lsn } from '../shared/lsn.ts';

interface Heartbeat {
  readonly lsn: Lsn;
  /** When it was written, or a moment before. */
  readonly sentMs: number;
}

/**
 * Messages that the service writes into the WAL at intervals and sees come by in the stream: what was committed before
 * one of them is durable once the stream has gone past it. So an idle stream shows a true lag too, and a silent one does.
 */
export interface Heartbeats {
  sent(heartbeat: Heartbeat): void;
  /** All that ends at or before the LSN is durable. */
  reached(lsn: Lsn): void;
  /** Forgets all: another slot, or another history of the database. */
  clear(): void;
  /** The oldest that has not been reached, once there is one. Rejects when the signal is aborted before. */
  next(signal: AbortSignal): Promise<Heartbeat>;
  /** Whether there is one that has not been reached. */
  readonly areWaiting: boolean;
  /** How long ago that was committed which becomes durable now, in ms; null before the first heartbeat is back. */
  readonly lagMs: number | null;
}

/** More than so many are never kept: of an outage of days, every second one will do. */
const MOST = 10_000;

/** After so many intervals without a heartbeat, what is durable is not known to be of later than the last one. */
const UNHEARD_INTERVALS = 3;

export function createHeartbeats(intervalMs: number, now: () => number): Heartbeats {
  let waiting: Heartbeat[] = [];
  let last: (Heartbeat & { readonly backMs: number }) | null = null;
  const told = new EventEmitter();
  return {
    sent(heartbeat) {
      waiting.push(heartbeat);
      if (waiting.length > MOST) waiting = waiting.filter((_, position) => position % 2 === 0);
      told.emit('sent');
    },
    reached(lsn) {
      for (let first = waiting[0]; first && first.lsn <= lsn; first = waiting[0]) {
        last = { ...first, backMs: now() };
        waiting.shift();
      }
    },
    clear() {
      waiting = [];
      last = null;
    },
    async next(signal) {
      for (;;) {
        if (waiting[0]) return waiting[0];
        await once(told, 'sent', { signal });
      }
    },
    get areWaiting() {
      return waiting.length > 0;
    },
    get lagMs() {
      const [first] = waiting;
      if (first) return now() - first.sentMs;
      if (!last) return null;
      const unheardMs = now() - last.sentMs;
      return unheardMs > UNHEARD_INTERVALS * intervalMs ? unheardMs : last.backMs - last.sentMs;
    },
  };
}
