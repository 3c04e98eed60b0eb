import { setTimeout as delay } from 'node:timers/promises';

export interface GivingWayOptions {
  /** How long the oldest unfinished work of the stream has been there, in ms; 0 when there is none. */
  readonly oldestPendingMs: () => number;
  readonly now: () => number;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** Where work of the stream has waited for so long, no chunk begins. */
const PROMPT_MS = 100;
/** But once in so long one does, whatever the stream has to do. */
const GIVES_WAY_MS = 1_000;
const LOOK_MS = 10;

/**
 * Edits that searches are to find go first: what this gives is waited for before each chunk of a snapshot, while so many
 * others are under way. While there are edits, chunks begin one at a time.
 */
export function createGivingWay(options: GivingWayOptions): (running: number) => Promise<void> {
  const { oldestPendingMs, now, signal } = options;
  return async (running) => {
    const untilMs = now() + GIVES_WAY_MS;
    const mostMs = running === 0 ? PROMPT_MS : 0;
    while (oldestPendingMs() > mostMs && now() < untilMs && !signal.aborted) await delay(LOOK_MS);
  };
}
