import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from 'pg';
import { escapeIdentifier } from 'pg';
import { roles } from '../../../dev/stack/database.ts';
import { expectDocuments, type Documents } from '../../definition/database.ts';

/** Tables, definitions and documents of a test's own, in place of the films'. */
export interface OwnSchema {
  /** Makes the tables. */
  readonly sql: string;
  /** The definitions' texts, by the names of their files. */
  readonly definitions: Readonly<Record<string, string>>;
  /** For each index, a query of its documents that is not the product's: the key's columns as text, then the document. */
  readonly expected: Readonly<Record<string, string>>;
}

/** Where a test's definitions lie. */
export interface DefinitionsFolder extends AsyncDisposable {
  readonly path: string;
  /** Has these definitions in it and no others. */
  write(definitions: OwnSchema['definitions']): Promise<void>;
}

export async function openDefinitionsFolder(): Promise<DefinitionsFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'projector-definitions-'));
  return {
    path: folder,
    async write(definitions) {
      await rm(folder, { recursive: true });
      await mkdir(folder);
      for (const [name, text] of Object.entries(definitions)) await writeFile(path.join(folder, name), text);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Makes the tables, which the service's role may read and does not own. */
export async function createTables(client: Client, sql: string): Promise<void> {
  const { rows: before } = await client.query<{ name: string }>('select nspname as name from pg_namespace');
  await client.query(sql);
  const known = new Set(before.map(({ name }) => name));
  const { rows: after } = await client.query<{ name: string }>('select nspname as name from pg_namespace');
  for (const name of after.map((row) => row.name).filter((one) => !known.has(one))) {
    const schema = escapeIdentifier(name);
    await client.query(`
      grant usage on schema ${schema} to ${roles.service};
      grant select on all tables in schema ${schema} to ${roles.service};
      alter default privileges in schema ${schema} grant select on tables to ${roles.service}`);
  }
}

/** The documents that the rows make, by index and id. */
export async function readExpected(
  client: Client,
  expected: OwnSchema['expected'],
): Promise<Readonly<Record<string, Documents>>> {
  const documents: Record<string, Documents> = {};
  for (const [index, sql] of Object.entries(expected)) documents[index] = await expectDocuments(client, sql);
  return documents;
}
