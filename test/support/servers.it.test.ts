import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { startPostgres } from '../../dev/stack/stack.ts';
import { createDatabase } from './servers.ts';
import { sharedServers } from './shared-servers.ts';

describe('createDatabase', () => {
  it("makes a database with the films' schema, which the service's role can read and replicate", async () => {
    await using database = await createDatabase();
    await using admin = await database.connect();
    await admin.query(`insert into content.film_work (title) values ('Solaris')`);

    await using service = await database.connect(database.url);
    assert.deepEqual((await service.query('select title from content.film_work')).rows, [
      { title: 'Solaris' },
    ]);
    await service.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [database.name]);
    await assert.rejects(service.query('delete from content.film_work'), { code: '42501' });
  });

  it('makes an empty database', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using admin = await database.connect();
    const { rows } = await admin.query(`select from pg_namespace where nspname = 'content'`);
    assert.equal(rows.length, 0);
  });

  it('removes the database, its slots, its keys and its indexes', async () => {
    const { redisUrl, elasticsearchUrl } = sharedServers();
    const redis = new Redis(redisUrl);
    let name: string;
    {
      await using database = await createDatabase();
      ({ name } = database);
      await using admin = await database.connect();
      await admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
      await admin.query(`begin; prepare transaction '${name}'`);
      await redis.set(`projector:${name}:checkpoint`, '1');
      const created = await fetch(`${elasticsearchUrl}/${database.indexPrefix}films`, { method: 'PUT' });
      assert.equal(created.status, 200, await created.text());
    }

    await using elsewhere = await createDatabase({ schema: 'none' });
    await using admin = await elsewhere.connect();
    const left = await admin.query(
      `select datname from pg_database where datname = $1
       union all select slot_name from pg_replication_slots where slot_name = $1`,
      [name],
    );
    assert.deepEqual(left.rows, []);
    assert.deepEqual(await redis.keys(`*${name}*`), []);
    redis.disconnect();
    const indexes = await fetch(`${elasticsearchUrl}/_cat/indices/${name}*?format=json`);
    assert.deepEqual(await indexes.json(), []);
  });

  it('fails a test that leaves a connection open', async () => {
    const database = await createDatabase({ schema: 'none' });
    const forgotten = await database.connect(database.url);
    await forgotten.query('select 42');
    await assert.rejects(
      async () => database[Symbol.asyncDispose](),
      /projector \(client backend\) 'select 42'/,
    );
    await forgotten.end();
  });

  it('can use a Postgres of its own', async () => {
    await using postgres = await startPostgres({ max_slot_wal_keep_size: '64MB' });
    await using database = await createDatabase({ postgres });
    await using service = await database.connect(database.url);
    const { rows } = await service.query('show max_slot_wal_keep_size');
    assert.deepEqual(rows, [{ max_slot_wal_keep_size: '64MB' }]);
  });
});
