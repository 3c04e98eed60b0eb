import type { ClientBase } from 'pg';
import { type Catalog, columnOf, findTable } from '../definition/catalog.ts';
import type { Plan } from '../definition/plan.ts';

/** What wal2json cannot carry of this database and plan, and pgoutput can; empty when there is nothing. */
export async function wal2jsonLimits(
  client: ClientBase,
  { tables, catalog }: Plan & { readonly catalog: Catalog },
): Promise<string[]> {
  const { rows } = await client.query<{ encoding: string }>(
    `select current_setting('server_encoding') as encoding`,
  );
  const encoding = rows[0]?.encoding ?? '';
  const limits: string[] = [];
  if (encoding !== 'UTF8') limits.push(`wal2json sends the database's encoding, ${encoding}, as it is`);
  for (const watched of tables) {
    const name = `${watched.schema}.${watched.name}`;
    if (watched.partitioned) limits.push(`wal2json names the partitions of ${name} and not the table`);
    const table = findTable(catalog, watched);
    for (const column of watched.identityColumns) {
      const type = table && columnOf(table, column).type;
      if (type === 'numeric' || type === 'real' || type === 'double precision') {
        limits.push(
          `wal2json sends NaN and Infinity of ${name}.${column}, which documents are found by, as null`,
        );
      }
    }
  }
  return limits;
}
