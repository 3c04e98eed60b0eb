import { setTimeout as delay } from 'node:timers/promises';
import { slotBusy, type SlotState } from '../replication/slot.ts';
import { STATUS_TTL_MS } from './status.ts';

export interface TurnOptions {
  readonly slot: string;
  readonly readSlot: () => Promise<SlotState | null>;
  /** The process of the server that sent the last session's stream, to this very process. */
  readonly ownSenderPid: number | null;
  /** Whether to wait for as long as another holds the slot. */
  readonly isStandby: boolean;
  /** Whether the slot's holder still says that it lives. */
  readonly isHolderAlive: () => Promise<boolean>;
  /** Ends the holder's connection. */
  readonly endHolder: (pid: number) => Promise<void>;
  /** Told once, when it has to wait. */
  readonly onWait: () => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** How long another holder is given to go away: a connection that has just died may still be noticed as such. */
const PATIENCE_MS = 5_000;
const POLL_MS = 100;

/**
 * Resolves once nobody holds the slot. A standby waits for as long as it takes; a holder that has been silent for
 * longer than its status lives (frozen, or cut off from both servers) loses its connection, and the fence of
 * invariant 4 keeps it from writing when it comes back. A half-open connection of our own, which the server holds to
 * be alive until `wal_sender_timeout`, loses it at once.
 *
 * @throws ProjectorError `PROJ_SLOT_BUSY` when it is not a standby and the holder stays.
 */
export async function waitForTurn(options: TurnOptions): Promise<void> {
  const { slot, readSlot, ownSenderPid, isStandby, isHolderAlive, endHolder, onWait, now, signal } = options;
  const startedMs = now();
  let heardMs = startedMs;
  for (let looks = 0; ; looks++) {
    const pid = (await readSlot())?.activePid ?? null;
    if (pid === null) return;
    if (!isStandby && now() - startedMs > PATIENCE_MS) throw slotBusy(slot, undefined);
    if (looks === 0) {
      onWait();
      if (pid === ownSenderPid) await endHolder(pid);
    }
    if (isStandby) {
      if (await isHolderAlive()) heardMs = now();
      else if (now() - heardMs > STATUS_TTL_MS) await endHolder(pid);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
