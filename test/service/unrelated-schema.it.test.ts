import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Client as Elasticsearch } from '@elastic/elasticsearch';
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { loadSettings } from '../../src/config/settings.ts';
import { createLogger } from '../../src/ops/log.ts';
import { runService } from '../../src/service/run.ts';
import { readStatus } from '../../src/service/status.ts';
import { parseLsn } from '../../src/shared/lsn.ts';
import { expectDocuments, type Documents } from '../definition/database.ts';
import { definitions, expectedSql, randomEdit, schemaSql } from '../definition/shipping.ts';
import { seeded } from '../support/random.ts';
import { createDatabase } from '../support/servers.ts';
import { waitFor } from '../support/wait.ts';

const EDITS = 400;

test('an unrelated schema of composite and integer keys is followed as it is edited, with no set-up by hand', async () => {
  await using database = await createDatabase({ schema: 'none' });
  await using client = await database.connect();
  await client.query('set search_path to pg_catalog');
  await client.query(schemaSql);
  const directory = await mkdtemp(path.join(tmpdir(), 'projector-definitions-'));
  for (const [name, text] of Object.entries(definitions)) await writeFile(path.join(directory, name), text);

  const elasticsearch = new Elasticsearch({ node: database.elasticsearchUrl });
  const redis = new Redis(database.redisUrl);
  const stop = new AbortController();
  // The role has the rights, so `run` alone is enough.
  const settings = loadSettings({
    ...database.env,
    DATABASE_URL: database.adminUrl,
    DEFINITIONS_DIR: directory,
  });
  const service = runService({ settings, log: createLogger('fatal'), stop: stop.signal });
  try {
    const random = seeded(7);
    for (let edit = 0; edit < EDITS; edit++)
      await client.query(randomEdit(random)).catch(refusedByConstraint);
    await waitFor(async () => (await readStatus(redis, database.name))?.state === 'streaming', {
      what: 'streaming',
    });
    for (let edit = 0; edit < EDITS; edit++)
      await client.query(randomEdit(random)).catch(refusedByConstraint);

    const end = await currentLsn(client);
    await waitFor(
      async () => parseLsn((await readStatus(redis, database.name))?.resumePoint ?? '0/0') >= end,
      {
        what: 'the resume point to pass the last edit',
      },
    );
    for (const [index, sql] of Object.entries(expectedSql)) {
      const expected = await expectDocuments(client, sql);
      assert.ok(expected.size > 0, `${index} has documents to compare`);
      assert.deepEqual(
        sorted(await allDocuments(elasticsearch, database.indexPrefix + index)),
        sorted(expected),
        index,
      );
    }
  } finally {
    stop.abort();
    await service;
    await elasticsearch.close();
    redis.disconnect();
    await rm(directory, { recursive: true });
  }
});

async function currentLsn(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  return parseLsn(rows[0]?.lsn ?? '');
}

async function allDocuments(elasticsearch: Elasticsearch, index: string): Promise<Documents> {
  await elasticsearch.indices.refresh({ index });
  const { hits } = await elasticsearch.search({ index, size: 1_000 });
  return new Map(hits.hits.map(({ _id = '', _source }) => [_id, _source]));
}

function sorted(documents: Documents): [string, unknown][] {
  return [...documents].sort(([a], [b]) => (a < b ? -1 : 1));
}

function refusedByConstraint(error: unknown): void {
  assert.match(String((error as { code?: unknown }).code), /^23/, String(error));
}
