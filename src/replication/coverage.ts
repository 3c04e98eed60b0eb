import type { TableName } from '../definition/plan.ts';
import { tableReference } from '../definition/sql.ts';

/**
 * By each table, as SQL, a text that changes whenever its changes may have gone past the stream: the table was
 * dropped and made again, or taken out of the publication and put back, or the publication was made again or altered.
 * What happened meanwhile was never sent, and nothing but another mark tells.
 */
export type Coverage = Readonly<Record<string, string>>;

/** https://www.postgresql.org/docs/current/catalog-pg-publication-rel.html */
const coverageSql = `
  select
    t.schema,
    t.name,
    concat_ws('/', c.oid, p.oid, p.xmin, r.oid, r.xmin) as mark
  from unnest($2::text[], $3::text[]) as t (schema, name)
  left join pg_namespace n on n.nspname = t.schema
  left join pg_class c on c.relnamespace = n.oid and c.relname = t.name
  left join pg_publication p on p.pubname = $1
  left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid`;

export async function readCoverage(
  query: (sql: string, parameters: readonly unknown[]) => Promise<readonly (readonly string[])[]>,
  publication: string,
  tables: readonly TableName[],
): Promise<Coverage> {
  const rows = await query(coverageSql, [
    publication,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  return Object.fromEntries(
    rows.map(([schema = '', name = '', mark = '']) => [tableReference({ schema, name }), mark]),
  );
}

/** The tables whose marks differ; one that only one of the two has does not. */
export function differingTables(before: Coverage, now: Coverage): string[] {
  return Object.keys(now).filter((table) => before[table] !== undefined && before[table] !== now[table]);
}
