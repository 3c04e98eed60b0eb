import type { BasisPart } from './basis.ts';
import type { CatalogObjects } from './objects.ts';
import type { TableName } from './plan.ts';

/** What the compiler needs to know of the database: a plain value, read by `readCatalog`, or written in a test. */
export interface Catalog {
  /** The role that reads: the session's. */
  readonly role: string;
  /** Every relation of the definitions' schemas. */
  readonly tables: readonly CatalogTable[];
  /** What is below the tables: the columns' types, and the objects that expressions use. */
  readonly objects: CatalogObjects;
}

export interface CatalogTable extends TableName {
  readonly oid: number;
  readonly kind: RelationKind;
  readonly persistence: Persistence;
  readonly rowSecurity: RowSecurity;
  readonly columns: readonly CatalogColumn[];
  /** The primary key's columns, in key order; empty when it has none. */
  readonly primaryKey: readonly string[];
  /** Unique indexes over plain columns and all rows, the primary key's included. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly CatalogForeignKey[];
  /** The relations that hold its rows: itself, or the leaves of a partitioned table. */
  readonly storage: readonly CatalogStorage[];
  /** What its name and the sight of its rows rest on. */
  readonly basis: readonly BasisPart[];
}

/** https://www.postgresql.org/docs/current/catalog-pg-class.html */
export type RelationKind = 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table';
export type Persistence = 'permanent' | 'unlogged' | 'temporary';

/** What row level security does to the reading role: nothing, let it read every row, or perhaps hide some from it. */
export type RowSecurity = 'none' | 'shows all' | 'may hide';

export interface CatalogColumn {
  readonly name: string;
  /** The type's name for casts: qualified outside pg_catalog, without length or precision. */
  readonly type: string;
  /** A generated column is not in the replication stream. */
  readonly isGenerated: boolean;
  /**
   * Columns of the same class write equal values as the same text. Null where even one column may write equal values
   * differently (1.0 and 1.00, a case-insensitive collation), so that its text cannot stand for the value.
   */
  readonly textClass: string | null;
  /** Whether `=` and `<` on it are Postgres' own, and so the same whatever the search_path. */
  readonly hasBuiltInOperators: boolean;
  readonly typeOid: number;
  /** The type's modifier (a length, a precision), or -1. */
  readonly typeModifier: number;
  /** What its values rest on: where that is another, all of them may be others although no row was changed. */
  readonly madeOf: string;
}

export interface CatalogForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedOid: number;
  /** Parallel to `columns`. */
  readonly referencedColumns: readonly string[];
}

export interface CatalogStorage extends TableName {
  readonly oid: number;
  /** The file that holds its rows: another one after a TRUNCATE or a rewrite. */
  readonly file: string;
  /** It has never had a row since it has this file. */
  readonly isEmpty: boolean;
  readonly kind: RelationKind;
  readonly persistence: Persistence;
  readonly replicaIdentity: 'default' | 'index' | 'full' | 'nothing';
  /** The columns that an update's or delete's old row carries. */
  readonly identityColumns: readonly string[];
  /** Whether it has generated columns; virtual ones are never streamed, and stored ones if the publication says so. */
  readonly generated: 'none' | 'stored' | 'virtual';
  /** The indexes that could become the replica identity. */
  readonly identityIndexes: readonly { readonly name: string; readonly columns: readonly string[] }[];
}

export function findTable(catalog: Catalog, { schema, name }: TableName): CatalogTable | undefined {
  return catalog.tables.find((table) => table.schema === schema && table.name === name);
}

export function findColumn(table: CatalogTable, name: string): CatalogColumn | undefined {
  return table.columns.find((column) => column.name === name);
}

/** A column that is known to be there. */
export function columnOf(table: CatalogTable, name: string): CatalogColumn {
  const column = findColumn(table, name);
  if (!column) throw new Error(`${table.schema}.${table.name} has no column ${name}`);
  return column;
}

/** `schema.name`, for messages. */
export function displayName({ schema, name }: TableName): string {
  return `${schema}.${name}`;
}
