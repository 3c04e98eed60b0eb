import type { ClientBase } from 'pg';
import type { Settings } from '../config/settings.ts';
import { identifier, tableReference } from '../definition/sql.ts';

/** A table as a publication names it. */
export interface PublishedTable {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
}

/** What keeps the publication from carrying every change, and the SQL that mends it. */
export interface PublicationProblem {
  readonly problem: string;
  readonly sql: string;
}

interface PublicationState {
  readonly operations: boolean;
  readonly viaRoot: boolean;
  /** Every table there is, without having been named. */
  readonly allTables: boolean;
  /** Each table that is published or named, as SQL, and whether a row filter or a column list narrows it. */
  readonly tables: ReadonlyMap<string, boolean>;
}

/** That the publication leaves out generated columns; null where Postgres is before 18, which knows of none. */
export async function generatedColumnsProblem(
  client: ClientBase,
  publication: string,
): Promise<PublicationProblem | null> {
  const { rows } = await client.query<{ published: string | null }>(
    `select to_jsonb(p) ->> 'pubgencols' as published from pg_publication p where pubname = $1`,
    [publication],
  );
  if (rows[0]?.published !== 'n') return null;
  return {
    problem: `the publication ${publication} leaves out generated columns, so that Postgres refuses updates of whole rows`,
    sql: `alter publication ${identifier(publication)} set (${WITH_GENERATED});`,
  };
}

const WITH_GENERATED = 'publish_generated_columns = stored';

/**
 * Everything that is wrong with the publication for these tables; empty when it carries all their changes. One that is
 * to be made has generated columns where they are needed and Postgres knows of it.
 */
export async function publicationProblems(
  client: ClientBase,
  publication: string,
  tables: readonly PublishedTable[],
  needsGenerated: boolean,
): Promise<PublicationProblem[]> {
  const name = identifier(publication);
  const state = await readPublication(client, publication);
  const viaRoot = tables.some((table) => table.partitioned);
  if (!state) {
    const withGenerated = needsGenerated && (await canPublishGenerated(client));
    const given = [
      ...(viaRoot ? ['publish_via_partition_root = true'] : []),
      ...(withGenerated ? [WITH_GENERATED] : []),
    ];
    const options = given.length > 0 ? ` with (${given.join(', ')})` : '';
    const list = tables.map(tableReference).join(', ');
    return [
      {
        problem: `the publication ${publication} does not exist`,
        sql: `create publication ${name} for table ${list}${options};`,
      },
    ];
  }
  const problems: PublicationProblem[] = [];
  for (const table of tables) {
    const quoted = tableReference(table);
    const narrowed = state.tables.get(quoted);
    if (narrowed === undefined && !state.allTables) {
      problems.push({
        problem: `the publication ${publication} lacks the table ${table.schema}.${table.name}`,
        sql: `alter publication ${name} add table ${quoted};`,
      });
    } else if (narrowed) {
      problems.push({
        problem: `the publication ${publication} filters rows or columns of ${table.schema}.${table.name}`,
        sql: `alter publication ${name} drop table ${quoted}; alter publication ${name} add table ${quoted};`,
      });
    }
  }
  if (!state.operations) {
    problems.push({
      problem: `the publication ${publication} leaves out inserts, updates, deletes or truncates`,
      sql: `alter publication ${name} set (publish = 'insert, update, delete, truncate');`,
    });
  }
  if (viaRoot && !state.viaRoot) {
    problems.push({
      problem: `the publication ${publication} names the partitions of a partitioned table, not the table`,
      sql: `alter publication ${name} set (publish_via_partition_root = true);`,
    });
  }
  return problems;
}

async function canPublishGenerated(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query(
    `select from pg_attribute where attrelid = 'pg_publication'::regclass and attname = 'pubgencols'`,
  );
  return rows.length > 0;
}

/**
 * By what a publication publishes each of its tables, by their oids: other words where a table, or its schema, has left it
 * and come again, or the publication itself is another, or publishes other operations than before. A table that it does
 * not name may have been unlogged for a while, which is refused for those that it names; then it has another file.
 */
export async function readPublished(
  client: ClientBase,
  { name }: Pick<Settings, 'name'>,
): Promise<ReadonlyMap<number, string>> {
  // Postgres 14 publishes no whole schemas.
  const { rows: versions } = await client.query<{ schemas: boolean }>(
    `select to_regclass('pg_catalog.pg_publication_namespace') is not null as schemas`,
  );
  const bySchema = versions[0]?.schemas
    ? '(select s.oid from pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = n.oid)'
    : 'null';
  const { rows } = await client.query<{ oid: number; by: string }>(
    `select c.oid, concat_ws(' ', p.oid, p.xmin, coalesce(r.oid, pg_relation_filenode(c.oid)), ${bySchema}) as by
     from pg_publication p
     join pg_publication_tables t on t.pubname = p.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
     where p.pubname = $1`,
    [name],
  );
  return new Map(rows.map(({ oid, by }) => [oid, by]));
}

async function readPublication(client: ClientBase, publication: string): Promise<PublicationState | null> {
  const { rows } = await client.query<{ operations: boolean; via_root: boolean; all_tables: boolean }>(
    `select pubinsert and pubupdate and pubdelete and pubtruncate as operations, pubviaroot as via_root,
            puballtables as all_tables
     from pg_publication where pubname = $1`,
    [publication],
  );
  const row = rows[0];
  if (!row) return null;
  // Row filters and column lists came with Postgres 15.
  const published = await client.query<{ schema: string; name: string; narrowed: boolean }>(
    `select t.schemaname as schema,
            t.tablename as name,
            coalesce(to_jsonb(t) ->> 'rowfilter', to_jsonb(r) ->> 'prattrs') is not null as narrowed
     from pg_publication_tables t
     join pg_publication p on p.pubname = t.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
     where t.pubname = $1
     union all
     -- It publishes their partitions in their place as long as publish_via_partition_root is off.
     select n.nspname, c.relname, false
     from pg_publication p
     join pg_publication_rel r on r.prpubid = p.oid
     join pg_class c on c.oid = r.prrelid
     join pg_namespace n on n.oid = c.relnamespace
     where p.pubname = $1 and not p.pubviaroot and c.relkind = 'p'`,
    [publication],
  );
  return {
    operations: row.operations,
    viaRoot: row.via_root,
    allTables: row.all_tables,
    tables: new Map(published.rows.map((table) => [tableReference(table), table.narrowed])),
  };
}
