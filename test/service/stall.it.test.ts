import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from './support/setting.ts';

describe('a service in which nothing moves', () => {
  it('ends with its last word, and goes on from where it was', async (t) => {
    await using setting = await openSetting(t);
    const { admin, database } = setting;
    await using service = setting.run({ STALL_TIMEOUT_MS: '2000' });
    await service.untilStreaming();
    await setting.covered();
    await using other = await database.connect();
    await other.query('begin; lock table content.film_work in access exclusive mode');
    await admin.query(`insert into content.person (full_name) values ('Kris Kelvin')`);
    assert.deepEqual(await service.ended, { code: 1, signal: null });
    assert.match(service.log, /PROJ_STALLED/);

    await other.query('rollback');
    await using next = setting.run();
    await setting.assertConverged();
    assert.equal((await setting.documents('persons')).length, 1);
    await next.stop();
  });

  it('is not one that is slow, nor one that has nothing to do', async (t) => {
    await using setting = await openSetting(t);
    await setting.admin.query(
      `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 200) i`,
    );
    await using service = setting.run({
      STALL_TIMEOUT_MS: '1500',
      SNAPSHOT_CHUNK_SIZE: '20',
      SNAPSHOT_MAX_RATE: '60',
    });
    await service.untilStreaming();
    const streamingSince = Date.now();
    await service.until(({ at }) => Date.parse(at) > streamingSince + 3_000);
    await setting.assertConverged();
    await service.stop();
  });
});
