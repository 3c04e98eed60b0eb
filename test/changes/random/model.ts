import pg from 'pg';
import type { ColumnType } from './types.ts';

/**
 * The database as the test has made and changed it. Tables and columns are known by themselves and not by their names, so
 * that a rename changes one word here, as it does there.
 */
export interface Model {
  readonly schemas: readonly string[];
  readonly tables: Table[];
  readonly types: UserTypes;
  readonly functions: Functions;
  /** Gives a word that nothing has been named by. */
  readonly newWord: () => string;
  hasCast: boolean;
  hasOverload: boolean;
}

export interface Table {
  readonly schema: string;
  name: string;
  columns: Column[];
  /** The primary key; empty for a table without one. */
  key: Column[];
  readonly uniques: Unique[];
  readonly foreignKeys: ForeignKey[];
  /** The name of the primary key. */
  readonly keyName: string;
  /** The policy that lets everybody read all, where row level security is on. */
  policy: string | null;
  /** The names of the partitions, with the bounds of each; none of a plain table. */
  readonly partitions: readonly { readonly name: string; readonly bounds: string }[];
  /** A table of the same columns, whose name may be exchanged with this one's. */
  twin: Table | null;
}

export interface Column {
  name: string;
  type: ColumnType;
  isNotNull: boolean;
  /** What it is generated from, as SQL; null for a column of its own. */
  generated: string | null;
}

export interface Unique {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Not to be dropped, since something rests on it. */
  readonly isFixed: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly target: Table;
  targetColumns: readonly Column[];
  /** What follows `references … (…)`. */
  readonly actions: string;
}

export interface UserTypes {
  readonly enum: { name: string; labels: string[] };
  readonly composite: { readonly name: string; readonly attributes: string[] };
  /** Of text, over another domain. */
  readonly domain: string;
  /** Of an array of the enum. */
  readonly domainOfArray: string;
  /** Of the enum. */
  readonly range: string;
  readonly collation: string;
}

/** Names as SQL. */
export interface Functions {
  /** Of text; `outer` calls `inner`, and `atomic` does in standard SQL. */
  readonly inner: string;
  readonly outer: string;
  readonly atomic: string;
  /** Of numbers. */
  readonly number: string;
  /** A prefix operator of text, which calls `inner`. */
  readonly operator: string;
  /** From the composite type to JSON. */
  readonly cast: string;
}

export function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}

export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

export function reference({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

export function listed(columns: readonly Column[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ');
}

/** The foreign keys that point to a table, each with the table that has it. */
export function incoming(
  { tables }: Pick<Model, 'tables'>,
  target: Table,
): { readonly table: Table; readonly foreignKey: ForeignKey }[] {
  return tables.flatMap((table) =>
    table.foreignKeys
      .filter((foreignKey) => foreignKey.target === target)
      .map((foreignKey) => ({ table, foreignKey })),
  );
}

/** Whether no two rows agree in these columns. */
export function isUnique({ key, uniques }: Table, columns: readonly Column[]): boolean {
  return [key, ...uniques.map((unique) => unique.columns)].some(
    (one) => one.length > 0 && one.every((column) => columns.includes(column)),
  );
}

/** Whether a column is part of a key, of either side of a foreign key, or of what another is generated from. */
export function isBound(model: Model, table: Table, column: Column): boolean {
  return (
    [
      table.key,
      ...table.uniques.map(({ columns }) => columns),
      ...table.foreignKeys.map(({ columns }) => columns),
      ...incoming(model, table).map(({ foreignKey }) => foreignKey.targetColumns),
    ].some((columns) => columns.includes(column)) || isGeneratedFrom(table, column)
  );
}

export function isGeneratedFrom(table: Table, { name }: Column): boolean {
  return table.columns.some(({ generated }) => generated?.includes(quoted(name)));
}

export function hasGenerated({ columns }: Table): boolean {
  return columns.some(({ generated }) => generated !== null);
}
