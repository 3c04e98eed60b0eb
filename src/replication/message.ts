import type { Client } from 'pg';
import type { Lsn } from '../shared/lsn.ts';

/** A table whose changes matter, and which of its columns: the only ones that are decoded. */
export interface TrackedTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** What the stream says of it before its changes (`describeTable`), as long as it is as the plan has it. */
  readonly description: string;
}

/** A table as the stream names it; wal2json leaves the oid out. */
export interface StreamTable {
  readonly schema: string;
  readonly name: string;
  readonly oid?: number;
}

/** Finds what is tracked of a table; undefined for one that nobody reads. */
export type Track = (table: StreamTable) => TrackedTable | undefined;

/**
 * A row's values as Postgres writes them as text, in the order of `TrackedTable.columns`. `null` is SQL's null;
 * `undefined` is a value that the stream does not tell: it is outside the replica identity, or an unchanged TOAST value,
 * or the table had no column of this name at the time.
 */
export type RowValues = readonly (string | null | undefined)[];

export interface RowChange {
  readonly tag: 'change';
  readonly table: TrackedTable;
  readonly kind: 'insert' | 'update' | 'delete';
  /**
   * The row before: for deletes, and for updates, except where none of the columns can have changed. What the replica
   * identity of the time does not tell of it is undefined.
   */
  readonly old: RowValues | null;
  readonly new: RowValues | null;
}

/** What a decoder makes of the stream, in the stream's order. All else (origins, types, relations) it keeps to itself. */
export type ReplicationMessage =
  | { readonly tag: 'begin'; readonly xid: number; readonly commitLsn: Lsn }
  | RowChange
  | { readonly tag: 'truncate'; readonly tables: readonly TrackedTable[] }
  /** From here on a table is not as the plan has it: it has another name, or columns have come, gone, or changed. */
  | { readonly tag: 'relation'; readonly table: TrackedTable }
  | { readonly tag: 'commit'; readonly endLsn: Lsn }
  /** The server has sent everything up to here. */
  | { readonly tag: 'keepalive'; readonly walEnd: Lsn };

/** An output plugin's other half: starts the stream in its terms and reads its messages. */
export interface Decoder {
  /** The output plugin's name, as a slot is created with. */
  readonly plugin: string;
  /** Sends START_REPLICATION; settles when the stream ends. */
  start(client: Client, slot: string, from: string): Promise<unknown>;
  /** One message of the stream, or null for what needs no handling. Throws when the bytes make no sense. */
  decode(buffer: Buffer): ReplicationMessage | null;
}
