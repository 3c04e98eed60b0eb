import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createProgressStore, type SnapshotProgress } from '../../src/snapshot/progress.ts';
import { waitFor } from '../support/wait.ts';
import { openSetting, type Setting } from './support/setting.ts';
import type { Service } from './support/service.ts';

describe('at its start, the service', () => {
  it('resumes from the slot when Redis has lost everything, and reads every document once more', async (t) => {
    await using setting = await openFollowed(t);
    await insertFilm(setting, 'The Killers');
    await setting.redis.unlink(...(await keysOf(setting)));
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    assert.match(service.log, /the resume point does not cover this index/);
    await service.stop();
    await using again = setting.run();
    await again.untilStreaming();
    assert.ok(!again.log.includes('snapshot begins'));
    await again.stop();
  });

  it('names the key where Redis keeps something that is no resume point, which may be deleted', async (t) => {
    await using setting = await openFollowed(t);
    const { redis, database } = setting;
    const key = `projector:${database.name}:checkpoint`;
    await insertFilm(setting, 'The Killers');
    for (const make of [
      () => redis.set(key, 'garbage'),
      () => redis.set(key, '{"lsn":"nowhere"}'),
      () => redis.set(key, '{"lsn":"nowhere","lastCommit":null,"origin":{}}'),
      () => redis.rpush(key, 'one'),
    ]) {
      await redis.del(key);
      await make();
      await using refused = setting.run();
      await assertEnds(refused, 1, `PROJ_CHECKPOINT_INVALID: .*${key}`);
    }
    await redis.del(key);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  for (const variable of ['DATABASE_URL', 'REDIS_URL', 'ELASTICSEARCH_URL']) {
    it(`can be stopped while it waits for the server of ${variable}`, async (t) => {
      await using setting = await openFollowed(t);
      const { database } = setting;
      const url = new URL(database.env[variable] ?? '');
      url.port = String(await closedPort());
      await using service = setting.run({ [variable]: url.href, SHUTDOWN_TIMEOUT_MS: '600000' });
      await waitFor(() => service.log.includes('failed; retrying'));
      await service.stop();
    });
  }

  it('asks for a resync when the slot is gone', async (t) => {
    await using setting = await openFollowed(t);
    await setting.admin.query('select pg_drop_replication_slot($1)', [setting.database.name]);
    await using service = setting.run();
    await assertEnds(service, 5, 'PROJ_RESYNC_REQUIRED');
  });

  it('rebuilds everything without the slot when it is told to', async (t) => {
    await using setting = await openFollowed(t);
    await setting.admin.query('select pg_drop_replication_slot($1)', [setting.database.name]);
    await insertFilm(setting, 'There Will Be No Leave Today');
    await using service = setting.run({ ES_SHOULD_DROP_INDEX: 'TRUE' });
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('asks for a resync when the slot has been moved past the resume point', async (t) => {
    await using setting = await openFollowed(t);
    await insertFilm(setting, 'Concentrate');
    await setting.admin.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [
      setting.database.name,
    ]);
    await using service = setting.run();
    await assertEnds(service, 5, 'PROJ_RESYNC_REQUIRED');
  });

  it('asks for a resync when the resume point belongs to another history', async (t) => {
    await using setting = await openFollowed(t);
    await insertFilm(setting, 'Concentrate');
    const key = `projector:${setting.database.name}:checkpoint`;
    const checkpoint = JSON.parse((await setting.redis.get(key)) ?? '') as object;
    const { rows } = await setting.admin.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
    const lsn = rows[0]?.lsn;
    // A resume point ahead of the slot names its last commit, which must come by again.
    const forged = { ...checkpoint, lsn, lastCommit: { lsn, xid: 1 } };
    await setting.redis.set(key, JSON.stringify(forged));
    await insertFilm(setting, 'Extraordinary Talent');
    await using service = setting.run();
    await assertEnds(service, 5, 'PROJ_RESYNC_REQUIRED');
  });

  it('resumes a rebuild that was interrupted, and does not begin it again', async (t) => {
    await using setting = await openFollowed(t);
    await insertManyFilms(setting);
    const rebuild = { ES_SHOULD_DROP_INDEX: 'TRUE', SNAPSHOT_CHUNK_SIZE: '20' };
    await using interrupted = setting.spawn({ ...rebuild, SNAPSHOT_MAX_RATE: '100' });
    await waitFor(async () => (await doneOf(setting, 'movies')) >= 40, { timeoutMs: 60_000 });
    await interrupted.kill();
    const { physical } = await progressOf(setting, 'movies');

    await using service = setting.run(rebuild);
    await service.untilStreaming();
    assert.ok(!service.log.includes('dropping the indexes'));
    assert.equal((await progressOf(setting, 'movies')).physical, physical);
    await setting.assertConverged();
    await service.stop();
  });

  it('resumes a snapshot that SIGTERM has interrupted where it was', async (t) => {
    await using setting = await openSetting(t);
    await insertManyFilms(setting);
    const small = { SNAPSHOT_CHUNK_SIZE: '20', SNAPSHOT_PARALLELISM: '1' };
    await using interrupted = setting.run({ ...small, SNAPSHOT_MAX_RATE: '100' });
    await waitFor(async () => (await doneOf(setting, 'movies')) >= 40, { timeoutMs: 60_000 });
    await interrupted.stop();
    const { done, total } = await progressOf(setting, 'movies');
    assert.ok(done < total, `${done} of ${total} were done already`);

    await using service = setting.run(small);
    const { written } = await service.until(({ state }) => state === 'streaming');
    assert.equal(written, total - done);
    await setting.assertConverged();
    await service.stop();
  });

  it('builds an index anew that was deleted by hand', async (t) => {
    await using setting = await openFollowed(t);
    await insertFilm(setting, 'Ivan');
    const { elasticsearchUrl } = setting.database;
    const { physical } = await progressOf(setting, 'movies');
    await fetch(`${elasticsearchUrl}/${physical}`, { method: 'DELETE' });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });
});

/** A database that a service has followed, and been stopped. */
async function openFollowed(t: Parameters<typeof openSetting>[0]): Promise<Setting> {
  await using opening = new AsyncDisposableStack();
  const setting = opening.use(await openSetting(t));
  await insertFilm(setting, 'Solaris');
  await using service = setting.run();
  await service.untilStreaming();
  await setting.covered();
  await service.stop();
  // Postgres may notice a little later that the service has gone.
  await waitFor(async () => (await setting.slot())?.activePid === null);
  opening.move();
  return setting;
}

async function assertEnds(service: Service, code: number, error: string): Promise<void> {
  assert.deepEqual(await service.ended, { code, signal: null }, service.log);
  assert.match(service.log, new RegExp(error));
}

async function insertFilm({ admin }: Setting, title: string): Promise<void> {
  await admin.query('insert into content.film_work (title) values ($1)', [title]);
}

async function insertManyFilms({ admin }: Setting): Promise<void> {
  await admin.query(
    `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 300) i`,
  );
}

async function keysOf({ redis, database }: Setting): Promise<string[]> {
  return redis.keys(`projector:${database.name}:*`);
}

async function progressOf(setting: Setting, index: string): Promise<SnapshotProgress> {
  const progress = await createProgressStore(setting.redis, setting.database.name).read(index);
  assert.ok(progress, `there is no snapshot of ${index}`);
  return progress;
}

async function doneOf(setting: Setting, index: string): Promise<number> {
  return (await progressOf(setting, index)).done;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
