import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting, type Setting } from './support/setting.ts';

describe('starting again', () => {
  it('goes on from the slot when Redis has lost everything', async (t) => {
    await using setting = await openSetting(t);
    await streamOnce(setting);
    await setting.admin.query("update content.genre set name = name || '!'");
    await forgetAll(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('refuses to go on when the slot is gone, and says what to do', async (t) => {
    await using setting = await openSetting(t);
    await streamOnce(setting);
    await setting.admin.query('select pg_drop_replication_slot($1)', [setting.database.name]);
    await using service = setting.run();
    assert.deepEqual(await service.ended, { code: 5, signal: null });
    assert.match(service.log, /PROJ_RESYNC_REQUIRED: .*slot is gone[^]*fix: .*ES_SHOULD_DROP_INDEX=TRUE/);
  });

  it('builds everything anew with ES_SHOULD_DROP_INDEX, also without a slot', async (t) => {
    await using setting = await openSetting(t);
    await streamOnce(setting);
    await setting.admin.query('select pg_drop_replication_slot($1)', [setting.database.name]);
    await setting.admin.query("insert into content.genre (name) values ('unseen')");
    await using service = setting.run({ ES_SHOULD_DROP_INDEX: 'TRUE' });
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('resumes a rebuild that was interrupted, and does not begin it again', async (t) => {
    await using setting = await openSetting(t);
    await setting.admin.query(
      "insert into content.genre (name) select 'Genre ' || i from generate_series(1, 300) i",
    );
    await streamOnce(setting);
    const rebuild = {
      ES_SHOULD_DROP_INDEX: 'TRUE',
      SNAPSHOT_CHUNK_SIZE: '10',
      SNAPSHOT_MAX_RATE: '50',
      SNAPSHOT_PARALLELISM: '1',
    };
    {
      await using interrupted = setting.run(rebuild);
      await interrupted.until(({ written }) => written >= 30);
      await interrupted.kill();
    }
    const before = await physicalIndexes(setting);
    await using service = setting.run({ ...rebuild, SNAPSHOT_MAX_RATE: '0' });
    const { written } = await service.until(({ state }) => state === 'streaming');
    assert.deepEqual(await physicalIndexes(setting), before, 'the same physical indexes');
    assert.ok(written < 300, `${written} documents were written after the restart`);
    await setting.assertConverged();
    await service.stop();
  });

  it('builds an index that was deleted by hand, and leaves the others', async (t) => {
    await using setting = await openSetting(t);
    await streamOnce(setting);
    const before = await physicalIndexes(setting);
    const [gone = ''] = before.filter((name) => name.includes('-genres-'));
    await fetch(`${setting.database.elasticsearchUrl}/${gone}`, { method: 'DELETE' });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    const kept = before.filter((name) => name !== gone);
    assert.deepEqual(
      (await physicalIndexes(setting)).filter((name) => kept.includes(name)),
      kept,
    );
    await service.stop();
  });

  it('exits 6 while another holds the slot, which works on', async (t) => {
    await using setting = await openSetting(t);
    await using holder = setting.run();
    await holder.untilStreaming();
    const second = await setting.command(['run']);
    assert.equal(second.code, 6);
    assert.match(second.stderr, /PROJ_SLOT_BUSY/);
    await setting.admin.query("insert into content.genre (name) values ('Western')");
    await setting.assertConverged();
    await holder.stop();
  });

  it('exits 3 without the rights to prepare Postgres, and prints the SQL, which is enough', async (t) => {
    await using setting = await openSetting(t);
    const { name } = setting.database;
    await setting.admin.query(`drop publication ${name}`);
    await setting.admin.query('alter table content.genre_film_work replica identity default');
    const refused = await setting.command(['run']);
    assert.equal(refused.code, 3);
    const statements = refused.stderr.split('\n').filter((line) => /^ +(create|alter) /.test(line));
    assert.equal(statements.length, 2, refused.stderr);
    for (const sql of statements) await setting.admin.query(sql);
    await streamOnce(setting);
  });
});

/** Runs the service until it streams, then stops it in order. */
async function streamOnce(setting: Setting): Promise<void> {
  await setting.admin.query("insert into content.genre (name) values ('Drama') on conflict do nothing");
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();
  await service.stop();
}

async function forgetAll({ redis, database }: Setting): Promise<void> {
  const keys = await redis.keys(`projector:${database.name}:*`);
  assert.ok(keys.length > 0);
  await redis.del(...keys);
}

async function physicalIndexes({ database }: Setting): Promise<string[]> {
  const url = `${database.elasticsearchUrl}/_cat/indices/${database.indexPrefix}*?format=json&h=index`;
  const rows = (await (await fetch(url)).json()) as { index: string }[];
  return rows.map(({ index }) => index).sort();
}
