import { type Catalog, type CatalogStorage, findTable } from './catalog.ts';
import type { TableName, WatchedTable } from './plan.ts';
import { identifier, tableReference } from './sql.ts';

/** A table whose replica identity does not carry what routing needs of an old row, or that Postgres refuses to stream by. */
export interface IdentityProblem extends TableName {
  readonly missing: readonly string[];
  /** The statement that mends it; for the table's owner to run. */
  readonly sql: string;
  /** It takes an index that does not exist yet. */
  readonly byHand: boolean;
}

/**
 * Which of the tables (or of their partitions) have a replica identity without the columns that routes start from, so
 * that a deleted or moved row would hide which documents it leaves; or with virtual generated columns, so that Postgres
 * refuses every update and delete of a published table.
 * https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
 */
export function identityProblems(catalog: Catalog, tables: readonly WatchedTable[]): IdentityProblem[] {
  return relationsOf(catalog, tables).flatMap(({ relation, needed, missing }) => {
    if (missing.length === 0 && !isRefused(relation)) return [];
    const { schema, name } = relation;
    const index = identityIndex(relation, needed);
    const byHand = index === null && relation.generated === 'virtual';
    const alter = `alter table ${tableReference(relation)} replica identity`;
    const columns = needed.map(identifier).join(', ');
    const sql = byHand
      ? `create unique index … on ${tableReference(relation)} (${columns}, …); ${alter} using index …;`
      : `${alter} ${index === null ? 'full' : `using index ${identifier(index)}`};`;
    return [{ schema, name, missing, sql, byHand }];
  });
}

/**
 * Whether a table with stored generated columns is streamed by whole rows, or is to be. From 18 on Postgres refuses its
 * updates and deletes unless the publication has those columns, too.
 * https://www.postgresql.org/docs/current/logical-replication-gencols.html
 */
export function needsGeneratedColumns(catalog: Catalog, tables: readonly WatchedTable[]): boolean {
  return relationsOf(catalog, tables).some(
    ({ relation, needed, missing }) =>
      relation.generated === 'stored' &&
      (missing.length > 0 ? identityIndex(relation, needed) === null : relation.replicaIdentity === 'full'),
  );
}

interface NeededIdentity {
  readonly relation: CatalogStorage;
  readonly needed: readonly string[];
  readonly missing: readonly string[];
}

function relationsOf(catalog: Catalog, tables: readonly WatchedTable[]): NeededIdentity[] {
  return tables.flatMap((table) =>
    (findTable(catalog, table)?.storage ?? []).map((relation) => ({
      relation,
      needed: table.identityColumns,
      missing: table.identityColumns.filter((name) => !relation.identityColumns.includes(name)),
    })),
  );
}

function isRefused({ replicaIdentity, generated }: CatalogStorage): boolean {
  return replicaIdentity === 'full' && generated === 'virtual';
}

/** The narrowest index that will do. */
function identityIndex({ identityIndexes }: CatalogStorage, columns: readonly string[]): string | null {
  const [index] = identityIndexes
    .filter((candidate) => columns.every((name) => candidate.columns.includes(name)))
    .sort((a, b) => a.columns.length - b.columns.length);
  return index?.name ?? null;
}
