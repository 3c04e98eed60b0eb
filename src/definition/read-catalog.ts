import type { ClientBase } from 'pg';
import type { BasisPart } from './basis.ts';
import type {
  Catalog,
  CatalogColumn,
  CatalogForeignKey,
  CatalogStorage,
  CatalogTable,
  Persistence,
  RelationKind,
  RowSecurity,
} from './catalog.ts';
import { columnsSql, foreignKeysSql, relationsSql, storageSql, uniqueIndexesSql } from './catalog-sql.ts';
import { type ObjectReference, readObjects } from './objects.ts';

interface RelationRow {
  oid: number;
  schema: string;
  name: string;
  kind: string;
  persistence: string;
  row_security: RowSecurity;
  policies: string | null;
  schema_version: string;
  schema_rights: string;
  name_version: string;
  name_rights: string;
}

interface StorageRow {
  top: number;
  oid: number;
  schema: string;
  name: string;
  kind: string;
  persistence: string;
  identity: string;
  file: string;
  is_empty: boolean;
}

interface ColumnRow {
  table: number;
  name: string;
  type_oid: number;
  type_modifier: number;
  type: string;
  base_type: string;
  is_enum: boolean;
  is_deterministic: boolean;
  has_built_in_operators: boolean;
  is_generated: boolean;
  is_virtual: boolean;
  made_of: string;
}

interface IndexRow {
  table: number;
  name: string;
  columns: string[];
  is_primary: boolean;
  is_identity: boolean;
  is_immediate: boolean;
  is_not_null: boolean;
}

interface ForeignKeyRow {
  table: number;
  name: string;
  columns: string[];
  referenced: number;
  referenced_columns: string[];
}

const kinds: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

const persistences: Readonly<Record<string, Persistence>> = {
  p: 'permanent',
  u: 'unlogged',
  t: 'temporary',
};

/** Has everything that `read` queries be of one moment. The client is not to be in a transaction. */
export async function atOneMoment<T>(client: ClientBase, read: () => Promise<T>): Promise<T> {
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    return await read();
  } finally {
    await client.query('rollback');
  }
}

/**
 * Reads everything that the compiler needs of the given schemas, as the session's role sees it, and what these objects are
 * made of. It takes several statements, which `atOneMoment` makes agree.
 */
export async function readCatalog(
  client: ClientBase,
  schemas: readonly string[],
  objects: readonly ObjectReference[] = [],
): Promise<Catalog> {
  const role = await client.query<{ role: string }>('select current_user::text as role');
  const { rows: relations } = await client.query<RelationRow>(relationsSql, [schemas]);
  const { rows: storage } = await client.query<StorageRow>(storageSql, [relations.map(({ oid }) => oid)]);
  const oids = [...new Set([...relations, ...storage].map(({ oid }) => oid))];
  const { rows: columns } = await client.query<ColumnRow>(columnsSql, [oids]);
  const { rows: indexes } = await client.query<IndexRow>(uniqueIndexesSql, [oids]);
  const { rows: foreignKeys } = await client.query<ForeignKeyRow>(foreignKeysSql, [oids]);

  const columnsOf = Map.groupBy(columns, ({ table }) => table);
  const indexesOf = Map.groupBy(indexes, ({ table }) => table);
  const foreignKeysOf = Map.groupBy(foreignKeys, ({ table }) => table);
  const storageOf = Map.groupBy(storage, ({ top }) => top);
  return {
    role: role.rows[0]?.role ?? '',
    objects: await readObjects(
      client,
      columns.map((column) => column.type_oid),
      objects,
    ),
    tables: relations.map((relation): CatalogTable => {
      const own = indexesOf.get(relation.oid) ?? [];
      return {
        oid: relation.oid,
        schema: relation.schema,
        name: relation.name,
        kind: kinds[relation.kind] ?? 'view',
        persistence: persistences[relation.persistence] ?? 'temporary',
        rowSecurity: relation.row_security,
        columns: (columnsOf.get(relation.oid) ?? []).map(toColumn),
        primaryKey: own.find((index) => index.is_primary)?.columns ?? [],
        uniqueKeys: own.map((index) => index.columns),
        foreignKeys: (foreignKeysOf.get(relation.oid) ?? []).map(toForeignKey),
        storage: (storageOf.get(relation.oid) ?? []).map((row) =>
          toStorage(row, columnsOf.get(row.oid) ?? [], indexesOf.get(row.oid) ?? []),
        ),
        basis: toBasis(relation),
      };
    }),
  };
}

/** Where row level security applies, and lets the role read every row, it rests on the policies. */
function toBasis(row: RelationRow): BasisPart[] {
  const policies = row.row_security === 'shows all' ? [{ what: 'policies', is: row.policies ?? '' }] : [];
  return [
    { what: 'schema', is: row.schema_version, apart: row.schema_rights },
    { what: 'name', is: row.name_version, apart: row.name_rights },
    ...policies,
  ];
}

function toColumn(row: ColumnRow): CatalogColumn {
  return {
    name: row.name,
    type: row.type,
    isGenerated: row.is_generated,
    textClass: row.is_deterministic ? textClass(row) : null,
    hasBuiltInOperators: row.has_built_in_operators,
    typeOid: row.type_oid,
    typeModifier: row.type_modifier,
    madeOf: row.made_of,
  };
}

function textClass({ base_type: type, is_enum: isEnum }: ColumnRow): string | null {
  if (isEnum || /^character\(\d+\)$/.test(type)) return type;
  if (/^(text|name|character varying(\(\d+\))?)$/.test(type)) return 'text';
  if (/^(smallint|integer|bigint|oid)$/.test(type)) return 'integer';
  if (/^timestamp(\(\d\))? without time zone$/.test(type)) return 'timestamp';
  if (/^timestamp(\(\d\))? with time zone$/.test(type)) return 'timestamptz';
  return /^(uuid|boolean|date|bytea)$/.test(type) ? type : null;
}

function toForeignKey(row: ForeignKeyRow): CatalogForeignKey {
  return {
    name: row.name,
    columns: row.columns,
    referencedOid: row.referenced,
    referencedColumns: row.referenced_columns,
  };
}

/** https://www.postgresql.org/docs/current/logical-replication-publication.html (Replica Identity) */
function toStorage(
  row: StorageRow,
  columns: readonly ColumnRow[],
  indexes: readonly IndexRow[],
): CatalogStorage {
  const generated = columns.filter((column) => column.is_generated);
  const primary = indexes.find((index) => index.is_primary && index.is_immediate);
  const chosen = indexes.find((index) => index.is_identity && index.is_immediate);
  const identities = {
    d: { replicaIdentity: 'default', identityColumns: primary?.columns ?? [] },
    i: { replicaIdentity: 'index', identityColumns: chosen?.columns ?? [] },
    f: { replicaIdentity: 'full', identityColumns: columns.map(({ name }) => name) },
    n: { replicaIdentity: 'nothing', identityColumns: [] },
  } as const;
  return {
    oid: row.oid,
    file: row.file,
    isEmpty: row.is_empty,
    schema: row.schema,
    name: row.name,
    kind: kinds[row.kind] ?? 'view',
    persistence: persistences[row.persistence] ?? 'temporary',
    ...identities[row.identity as keyof typeof identities],
    generated:
      generated.length === 0 ? 'none' : generated.some((column) => column.is_virtual) ? 'virtual' : 'stored',
    identityIndexes: indexes
      .filter((index) => index.is_immediate && index.is_not_null)
      .filter((index) => generated.every(({ name }) => !index.columns.includes(name)))
      .map((index) => ({ name: index.name, columns: index.columns })),
  };
}
