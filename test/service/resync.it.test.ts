import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '../support/wait.ts';
import { physicalIndexes } from './support/documents.ts';
import { openSetting, type Setting } from './support/setting.ts';
import { PATIENCE_MS } from './support/service.ts';

/** So that it lasts for long enough to be looked at, and interrupted. */
const SLOW = { SNAPSHOT_CHUNK_SIZE: '20', SNAPSHOT_MAX_RATE: '150' };

describe('a resync', () => {
  it('makes a new slot and new indexes, while the old ones serve', async (t) => {
    await using setting = await openWithoutSlot(t);
    const before = await serving(setting);
    const resync = setting.command(['resync'], SLOW);
    await waitFor(async () => (await physicals(setting)).length === 2, { timeoutMs: PATIENCE_MS });
    assert.deepEqual(await serving(setting), before);
    assert.equal((await setting.documents('movies')).length, 300);
    const { code, stderr } = await resync;
    assert.equal(code, 0, stderr);

    assert.notDeepEqual(await serving(setting), before);
    assert.deepEqual(await physicals(setting), await serving(setting));
    await using service = setting.run();
    await setting.assertConverged();
    assert.ok(!service.log.includes('snapshot begins'));
    await service.stop();
  });

  it('is made by the service itself where it is set to', async (t) => {
    await using setting = await openWithoutSlot(t);
    const before = await serving(setting);
    await using service = setting.run({ RESYNC: 'auto', ...SLOW });
    await waitFor(async () => (await physicals(setting)).length === 2, { timeoutMs: PATIENCE_MS });
    assert.deepEqual(await serving(setting), before);
    await setting.admin.query(`delete from content.film_work where title = 'Film 7'`);
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('is made by the service itself when the stream shows another history', async (t) => {
    await using setting = await openWithoutSlot(t);
    const { admin, redis, database } = setting;
    await using first = setting.run({ RESYNC: 'auto' });
    await first.untilStreaming();
    await setting.covered();
    await first.stop();
    await admin.query(`update content.film_work set rating = 3 where title = 'Film 8'`);
    const key = `projector:${database.name}:checkpoint`;
    const checkpoint = JSON.parse((await redis.get(key)) ?? '') as object;
    const { rows } = await admin.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    const lsn = rows[0]?.lsn;
    await redis.set(key, JSON.stringify({ ...checkpoint, lsn, lastCommit: { lsn, xid: 1 } }));
    await using service = setting.run({ RESYNC: 'auto' });
    await waitFor(() => service.log.includes('building everything anew'), { timeoutMs: PATIENCE_MS });
    // The session before was streaming too.
    await waitFor(() => service.log.includes('snapshot done'), { timeoutMs: PATIENCE_MS });
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('is resumed where kill -9 has interrupted it', async (t) => {
    await using setting = await openWithoutSlot(t);
    await using interrupted = setting.spawn({ RESYNC: 'auto', ...SLOW });
    await interrupted.until(({ written }) => written >= 40);
    await interrupted.kill();
    const building = await physicals(setting);
    await using service = setting.run();
    await service.untilStreaming();
    const [now] = await physicals(setting);
    assert.ok(now !== undefined && building.includes(now));
    await setting.assertConverged();
    await service.stop();
  });

  it('is refused while the service runs', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    const { code, stderr } = await setting.command(['resync']);
    assert.equal(code, 6);
    assert.match(stderr, /PROJ_SLOT_BUSY/);
    await setting.assertConverged();
    await service.stop();
  });
});

/** A database with films that a service has followed, whose slot is gone, and which has changed since. */
async function openWithoutSlot(t: Parameters<typeof openSetting>[0]): Promise<Setting> {
  await using opening = new AsyncDisposableStack();
  const setting = opening.use(await openSetting(t));
  const { admin, database } = setting;
  await admin.query(
    `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 300) i`,
  );
  await using service = setting.run();
  await service.untilStreaming();
  await setting.covered();
  await service.stop();
  // Postgres may notice a little later that the service has gone.
  await waitFor(async () => (await setting.slot())?.activePid === null);
  await admin.query('select pg_drop_replication_slot($1)', [database.name]);
  await admin.query(`delete from content.film_work where title = 'Film 1'`);
  await admin.query(`update content.film_work set rating = 7 where title = 'Film 2'`);
  opening.move();
  return setting;
}

function physicals({ database }: Setting): Promise<string[]> {
  return physicalIndexes(database.elasticsearchUrl, `${database.indexPrefix}movies`);
}

async function serving({ database }: Setting): Promise<string[]> {
  const found = await fetch(`${database.elasticsearchUrl}/_alias/${database.indexPrefix}movies`);
  return Object.keys((await found.json()) as object);
}
