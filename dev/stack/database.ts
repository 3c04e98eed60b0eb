import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { checkout } from './paths.ts';
import type { PostgresAddress } from './postgres.ts';

/** The roles that this machine's tools log in as, besides the superuser. */
export const roles = { service: 'projector', adminSite: 'films_admin' } as const;

/** A connected client that ends with the scope. */
export async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Makes the service's role and gives it and the admin site's, where that exists, the stack's password. */
export async function handOutRoles(postgres: PostgresAddress): Promise<void> {
  await using client = await connect(postgres.url);
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles');
  const existing = new Set(rows.map((row) => row.rolname));
  if (!existing.has(roles.service)) await client.query(`create role ${roles.service} login replication`);
  for (const role of Object.values(roles)) {
    if (role !== roles.service && !existing.has(role)) continue;
    await client.query(`alter role ${role} password ${escapeLiteral(postgres.password)}`);
  }
}

/** Creates the database unless it exists, and runs `sql/*.sql` in it, which may be run again and again. */
export async function prepareFilmsDatabase(postgres: PostgresAddress, database: string): Promise<void> {
  await createDatabaseOnce(postgres, database);
  await using client = await connect(postgres.urlOf(database));
  const folder = join(checkout, 'sql');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()) {
    try {
      await client.query(await readFile(join(folder, file), 'utf8'));
    } catch (cause) {
      throw new Error(`sql/${file} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
}

async function createDatabaseOnce(postgres: PostgresAddress, database: string): Promise<void> {
  await using client = await connect(postgres.url);
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  if (rowCount === 0) await client.query(`create database ${escapeIdentifier(database)}`);
}
