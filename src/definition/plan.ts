import type { SpecPath } from './issues.ts';
import type { Location } from './problems.ts';
import type { ObjectReference } from './objects.ts';
import type { DefinitionSpec } from './schema.ts';

/**
 * A plan is what the definitions and the live catalog compile to: everything the stages need to know of the schema,
 * as SQL text and names. Nobody after this folder reads a definition or a catalog.
 */
export interface Plan {
  readonly indexes: readonly IndexPlan[];
  /** The tables a document of any index reads: the publication's tables. */
  readonly tables: readonly WatchedTable[];
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** One index: how its documents are found, read and stored. */
export interface IndexPlan {
  /** Tells it from every other of the plan: the definition's name, but for an index that is being replaced meanwhile. */
  readonly name: string;
  /** The definition's name; the alias that searches use is this behind the installation's prefix. */
  readonly alias: string;
  readonly root: TableName;
  /** The root's primary key, in key order. A document's id is `keyToId` of their text values. */
  readonly key: readonly KeyColumn[];
  /**
   * Reads whole documents. Parameters `$1…$k`: one array per key column (text values, parallel). Rows: the key's
   * columns as text, in key order, then `document`, the JSON text (which may contain newlines between tokens).
   * A key without a row, or whose row is outside the definition's `where`, yields no row.
   */
  readonly documentSql: string;
  /** Pages the keys of all root rows inside `where`, in key order. No fixed parameters. */
  readonly keyPages: PagedQuery;
  /** The same of all root rows, whatever `where` says. */
  readonly rowPages: PagedQuery;
  /**
   * Says which keys have a document, without reading it, and which version of the root's row it stands for. Parameters as
   * for `documentSql`. Rows: the key's columns as text, in key order, then the xmin of the row: while it is the same, the
   * row was not deleted and inserted again.
   */
  readonly rowVersionSql: string;
  /** One row, one bigint column: how many documents the index should have. */
  readonly countSql: string;
  /** Every column that a document or a route reads, by table. */
  readonly reads: readonly TableColumns[];
  /** A short estimate-friendly fingerprint: changes when the documents, settings or mappings would. */
  readonly hash: string;
  /** A fingerprint of all that the definition compiles to in this database: statements, routes, keys. */
  readonly compiled: string;
  /** What its expressions use of the database: functions, operators, types. */
  readonly objects: readonly ObjectReference[];
  /** The body for index creation, as the definition gives it. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly mappings: Readonly<Record<string, unknown>>;
  /** What it was compiled from, to be kept with the index. */
  readonly definition: DefinitionSpec;
  /** Where a part of the definition stands in its file. */
  readonly locate: (path: SpecPath) => Location;
}

export interface TableColumns extends TableName {
  readonly columns: readonly string[];
}

export interface KeyColumn {
  readonly name: string;
  /** The type as Postgres names it (`format_type`), for casts. */
  readonly type: string;
}

/**
 * A keyset-paged query. `first` takes the fixed parameters, then the page's limit; `next` takes the fixed parameters,
 * then the last row's key columns (text, in key order), then the limit. Rows: the root key's columns as text, distinct,
 * ascending.
 */
export interface PagedQuery {
  readonly first: string;
  readonly next: string;
}

/** A table whose row changes affect documents. */
export interface WatchedTable extends TableName {
  readonly oid: number;
  /** Set when the table is partitioned: the publication needs publish_via_partition_root. */
  readonly partitioned: boolean;
  /** What the stream says of it before its changes (`describeTable`), as long as it is as the plan has it. */
  readonly description: string;
  /** Columns that an update's or delete's old row must carry: the replica identity has to contain them. */
  readonly identityColumns: readonly string[];
  /** Every column that any document or route reads from this table. */
  readonly readColumns: readonly string[];
  readonly routes: readonly Route[];
  /** Indexes whose root this table is; a TRUNCATE of it removes all their documents. */
  readonly rootOf: readonly string[];
}

/** How a row change of one table leads to the documents of one index. Equal routes are merged. */
export interface Route {
  readonly index: string;
  /** The changed row's columns that start the route; taken from the old and the new row. A null among them leads nowhere. */
  readonly columns: readonly string[];
  /**
   * null: `columns` are the root's key itself, in key order. Else a lookup up the foreign keys; its fixed parameters are
   * one array (text values, parallel) per column of `columns`.
   */
  readonly lookup: Lookup | null;
}

export interface Lookup extends PagedQuery {
  /**
   * Says which of the keys any row refers to, at the price of an index look-up each; a page of many keys that nothing
   * refers to may read the whole table. Takes the fixed parameters alone. Rows: the keys' positions in them, from 1, as text.
   */
  readonly referredSql: string;
}
