import type { Lsn } from '../shared/lsn.ts';

/** What only the holder of the slot may do (invariant 4), for commands. */
export interface HolderWork {
  /** Reads every row and writes every document of these indexes anew; settles when all of them are durable. */
  snapshot(indexes: readonly string[]): Promise<void>;
  /**
   * Reads documents again and writes them, at a version newer than any that the service has written and any that an
   * edit by hand has given them; settles when each is durable (or dead-lettered).
   */
  reread(index: string, ids: readonly string[]): Promise<void>;
  /** Forgets that a physical index refuses these documents. */
  dropDeadLetters(physical: string, ids: readonly string[]): Promise<void>;
  /** Settles when everything that ends at or before the LSN is durable. */
  covered(lsn: Lsn): Promise<void>;
}

/** What a command does with the holder's help, until the signal ends it. */
export type Task = (work: HolderWork, signal: AbortSignal) => Promise<void>;
