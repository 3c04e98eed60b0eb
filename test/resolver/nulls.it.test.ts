import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Client } from 'pg';
import type { IndexPlan } from '../../src/definition/plan.ts';
import { resolve } from '../../src/resolver/resolver.ts';
import { rootPages } from '../../src/resolver/root-pages.ts';
import { createPool, type Pool } from '../../src/servers/postgres.ts';
import { keyToId } from '../../src/shared/document-key.ts';
import { expectDocuments, prepare, type Documents } from '../definition/database.ts';
import { seeded, type Random } from '../support/random.ts';
import { createDatabase } from '../support/servers.ts';
import { randomSchema, type RandomSchema } from './random-schema.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const ROUNDS = Number(process.env['ROUNDS'] ?? 8);

it('every document is of its row alone, with nulls where the catalog said that there are none', async () => {
  await using database = await createDatabase({ schema: 'none' });
  await using client = await database.connect();
  const pool = createPool(database.adminUrl, 'test', 1, 30_000);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const random = seeded(SEED + round);
      const schema = randomSchema(random, `s${round}`);
      await client.query(`begin; ${schema.sql}; commit; set search_path to pg_catalog`);
      await client.query('begin');
      await hideNulls(client, random, schema);
      await client.query('commit');
      const { indexes } = await prepare(client, { 'random.yaml': schema.definition });
      const [index] = indexes;
      assert.ok(index);
      await client.query('begin');
      await putNulls(client, random, schema);
      await client.query(`commit; set search_path to s${round}`);
      const expected = await expectDocuments(client, schema.expected);
      assert.ok(expected.size > 3);
      assert.deepEqual(await readAll(pool, index, random), expected, `seed ${SEED + round}`);
    }
  } finally {
    await pool.end();
  }
});

/** Puts nulls behind a NOT NULL that is NOT VALID, as Postgres 18 has it: to the catalog it is like any other. */
async function hideNulls(client: Client, random: Random, { columns }: RandomSchema): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  if ((rows[0]?.version ?? 0) < 180_000) return;
  const some = columns.filter(() => random(3) === 0);
  await replaceByNulls(client, random, some);
  for (const [table, column] of some)
    await client.query(`alter table ${table} add constraint ${column}_hides not null ${column} not valid`);
}

/** Drops every NOT NULL, the root's primary key among them, and puts nulls everywhere. */
async function putNulls(client: Client, random: Random, { columns, root }: RandomSchema): Promise<void> {
  await replaceByNulls(client, random, columns);
  await client.query(`alter table ${root.table} drop constraint ${root.primaryKey} cascade`);
  for (const column of root.key)
    await client.query(`alter table ${root.table} alter ${column} drop not null`);
  await client.query(`insert into ${root.table} (${root.key[0] ?? ''}) values (null)`);
}

/** Drops the NOT NULL of columns, and puts nulls in place of a third of their values. */
async function replaceByNulls(
  client: Client,
  random: Random,
  columns: RandomSchema['columns'],
): Promise<void> {
  for (const [table, column] of columns)
    await client.query(`alter table ${table} alter ${column} drop not null`);
  for (const [table, column] of columns) {
    const salt = random(1_000);
    await client.query(
      `update ${table} as t set ${column} = null where hashtext(t::text || '${salt}') % 3 = 0`,
    );
  }
}

/** Every document, read in batches that the bytes cut anywhere. */
async function readAll(pool: Pool, index: IndexPlan, random: Random): Promise<Documents> {
  const query = (text: string, values: readonly unknown[]): Promise<string[][]> =>
    pool.query({ text, values });
  const preparedQuery = (name: string, text: string, values: readonly unknown[]): Promise<string[][]> =>
    pool.query({ name, text, values });
  const documents = new Map<string, unknown>();
  for await (const keys of rootPages({ query, preparedQuery, index }, { pageSize: 1 + random(10) })) {
    for (let left: readonly string[] = keys.map(keyToId); left.length > 0;) {
      const resolved = await resolve(preparedQuery, index, left, 1 + random(5_000));
      assert.deepEqual({ missing: resolved.missing, unmade: resolved.unmade }, { missing: [], unmade: [] });
      for (const { id, json } of resolved.documents) documents.set(id, JSON.parse(json));
      left = resolved.unread;
    }
  }
  return documents;
}
