import type { Lsn } from '../shared/lsn.ts';

/** The building of indexes anew that a command asks for. */
export interface ReindexRequest {
  /** The command's own: asked for again by the same, it is the same. */
  readonly id: string;
  readonly indexes: readonly string[];
  /** Whether the indexes that are replaced are kept. */
  readonly keeps: boolean;
}

/** What only the holder of the slot may do (invariant 4), for commands. */
export interface HolderWork {
  /** Reads every row and writes every document of these indexes anew; settles when all of them are durable. */
  snapshot(indexes: readonly string[]): Promise<void>;
  /**
   * Reads the rows of an index's root that an SQL condition holds for, and writes their documents anew, or deletes them.
   * Rejects with PROJ_WHERE_INVALID.
   */
  snapshotPart(index: string, where: string): Promise<void>;
  /**
   * Begins to build indexes anew beside those that serve, by the definitions as they are now; settles when it is sure to
   * go on, whatever happens. Rejects with PROJ_REINDEX_REFUSED, or what is wrong with the definitions.
   */
  reindex(request: ReindexRequest): Promise<void>;
  /** Gives up the building of these indexes; of all that are being built, where none is named. */
  cancelReindex(indexes: readonly string[]): Promise<void>;
  /**
   * Reads documents again and writes them, at a version newer than any that the service has written and any that an
   * edit by hand has given them; settles when each is durable (or dead-lettered).
   */
  reread(index: string, ids: readonly string[]): Promise<void>;
  /** Forgets that a physical index refuses these documents. */
  dropDeadLetters(physical: string, ids: readonly string[]): Promise<void>;
  /** Rejects where the service has ended that was to do it, or is paused. */
  alive(): Promise<void>;
  /** Settles when everything that ends at or before the LSN is durable. */
  covered(lsn: Lsn): Promise<void>;
}

/** What a command does with the holder's help, until the signal ends it. */
export type Task = (work: HolderWork, signal: AbortSignal) => Promise<void>;
