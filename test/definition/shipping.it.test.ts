import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from 'pg';
import { identityProblems } from '../../src/definition/identity.ts';
import { seeded, type Random } from '../support/random.ts';
import { createDatabase } from '../support/servers.ts';
import {
  changedIds,
  type Documents,
  expectDocuments,
  prepare,
  readDocuments,
  readRows,
  route,
} from './database.ts';
import { definitions, expectedSql, randomEdit, schemaSql } from './shipping.ts';

const SEED = Number(process.env['SEED'] ?? 1);

async function edit(client: Client, random: Random): Promise<string> {
  for (;;) {
    const sql = randomEdit(random);
    const changed = await client.query(sql).then(
      ({ rowCount }) => rowCount,
      (error: unknown) => {
        assert.match(String((error as { code?: unknown }).code), /^23/, `${sql}: ${String(error)}`);
        return 0;
      },
    );
    if (changed) return sql;
  }
}

describe('a schema that has nothing to do with films', () => {
  it('gives the documents that a query by hand gives, and each has a count', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query('set search_path to pg_catalog');
    await client.query(schemaSql);
    const plan = await prepare(client, definitions);
    const random = seeded(SEED);
    for (let round = 0; round < 10; round++) {
      for (let edits = 0; edits < 30; edits++) await edit(client, random);
      for (const index of plan.indexes) {
        const documents = await readDocuments(client, index);
        const expected = await expectDocuments(client, expectedSql[index.name] ?? '');
        assert.deepEqual(documents, expected, `${index.name}, seed ${SEED}, round ${round}`);
        const { rows } = await client.query<{ count: string }>(index.countSql);
        assert.equal(Number(rows[0]?.count), expected.size);
      }
    }
  });

  it('routes every change to the documents that it changes', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query('set search_path to pg_catalog');
    await client.query(schemaSql);
    const plan = await prepare(client, definitions);
    const random = seeded(SEED + 1);
    const readAll = async (): Promise<Map<string, Documents>> => {
      const all = new Map<string, Documents>();
      for (const index of plan.indexes) all.set(index.name, await readDocuments(client, index));
      return all;
    };
    let rows = await readRows(client, plan);
    let documents = await readAll();
    let changes = 0;
    for (let step = 0; step < 300; step++) {
      const edits: string[] = [];
      for (let count = random(3); count >= 0; count--) edits.push(await edit(client, random));
      const [rowsAfter, documentsAfter] = [await readRows(client, plan), await readAll()];
      const affected = await route(client, plan, rows, rowsAfter);
      for (const [index, before] of documents) {
        const changed = changedIds(before, documentsAfter.get(index) ?? new Map());
        changes += changed.length;
        const missed = changed.filter((id) => !affected.get(index)?.has(id));
        assert.deepEqual(missed, [], `${index}, seed ${SEED}: ${edits.join('; ')}`);
      }
      [rows, documents] = [rowsAfter, documentsAfter];
    }
    assert.ok(changes > 400, `only ${changes} documents changed`);
  });

  it('needs replica identities, which the statements given mend', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(schemaSql);
    const plan = await prepare(client, definitions);
    const problems = identityProblems(plan.catalog, plan.tables);
    assert.deepEqual(
      problems.map(({ name }) => name),
      ['cargo', 'inspection', 'passport', 'sailor', 'ship', 'voyage'],
    );
    for (const { sql } of problems) await client.query(sql);
    const mended = await prepare(client, definitions);
    assert.deepEqual(identityProblems(mended.catalog, mended.tables), []);
  });
});
