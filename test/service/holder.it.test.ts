import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from './support/setting.ts';

const genre = '00000000-0000-4000-8000-000000000001';

describe('a former holder of the slot', () => {
  it('writes nothing more, stores nothing more, and ends with code 6 (invariant 4)', async (t) => {
    await using setting = await openSetting(t);
    const { admin, redis, database } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    await redis.set(`projector:${database.name}:epoch`, 'another');
    const before = await setting.checkpoint();

    await admin.query(`insert into content.genre (id, name) values ('${genre}', 'Western')`);
    assert.deepEqual(await service.ended, { code: 6, signal: null });
    assert.match(service.log, /PROJ_OWNERSHIP_LOST/);
    assert.equal(await setting.document('genres', genre), null);
    assert.deepEqual(await setting.checkpoint(), before);

    await using next = setting.run();
    await next.untilStreaming();
    await setting.assertConverged();
    await next.stop();
  });
});

describe('a document', () => {
  it('carries the LSN that it reflects as its version, and keeps it against an older write (invariant 1)', async (t) => {
    await using setting = await openSetting(t);
    const { admin, database } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    await admin.query(`insert into content.genre (id, name) values ('${genre}', 'Western')`);
    await setting.covered();
    const { version = 0n } = (await setting.document('genres', genre)) ?? {};
    const { rows } = await admin.query<{ past: boolean }>(
      `select pg_lsn '0/0' + ${version} <= pg_current_wal_lsn() and ${version} > 0 as past`,
    );
    assert.ok(rows[0]?.past, `${version} is an LSN of the past`);

    await admin.query(`delete from content.genre where id = '${genre}'`);
    await setting.covered();
    assert.equal(await setting.document('genres', genre), null);
    // What a writer that was late would do: the tombstone refuses it.
    const late = await fetch(
      `${database.elasticsearchUrl}/${database.indexPrefix}genres/_doc/${genre}?version=${version}&version_type=external_gte`,
      { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"name":"Western"}' },
    );
    assert.equal(late.status, 409);
    assert.equal(await setting.document('genres', genre), null);
    await service.stop();
  });

  it('that is in Elasticsearch at a higher version counts as written (invariant 1)', async (t) => {
    await using setting = await openSetting(t);
    const { admin, database } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    const far = 2n ** 62n;
    const ahead = await fetch(
      `${database.elasticsearchUrl}/${database.indexPrefix}genres/_doc/${genre}?version=${far}&version_type=external_gte`,
      { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"name":"of the future"}' },
    );
    assert.equal(ahead.status, 201);
    await admin.query(`insert into content.genre (id, name) values ('${genre}', 'Western')`);
    await setting.covered();
    await service.until(({ superseded, refused }) => superseded === 1 && refused === 0);
    await service.stop();
  });
});
