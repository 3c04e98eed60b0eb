import { type Catalog, type CatalogStorage, findTable } from './catalog.ts';
import type { TableName, WatchedTable } from './plan.ts';
import { identifier, tableReference } from './sql.ts';

/** A table whose replica identity does not carry what routing needs of an old row. */
export interface IdentityProblem extends TableName {
  readonly missing: readonly string[];
  /** The statement that mends it; for the table's owner to run. */
  readonly sql: string;
}

/**
 * Which of the tables (or of their partitions) have a replica identity without the columns that routes start from, so
 * that a deleted or moved row would hide which documents it leaves.
 * https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
 */
export function identityProblems(catalog: Catalog, tables: readonly WatchedTable[]): IdentityProblem[] {
  return tables.flatMap((table) => {
    const storage = findTable(catalog, table)?.storage ?? [];
    return storage.flatMap((relation) => {
      const missing = table.identityColumns.filter((name) => !relation.identityColumns.includes(name));
      if (missing.length === 0) return [];
      const { schema, name } = relation;
      return [{ schema, name, missing, sql: mend(relation, table.identityColumns) }];
    });
  });
}

/** The narrowest index that will do; the whole row where there is none. */
function mend(relation: CatalogStorage, columns: readonly string[]): string {
  const [index] = relation.identityIndexes
    .filter((candidate) => columns.every((name) => candidate.columns.includes(name)))
    .sort((a, b) => a.columns.length - b.columns.length);
  const identity = index ? `using index ${identifier(index.name)}` : 'full';
  return `alter table ${tableReference(relation)} replica identity ${identity};`;
}
