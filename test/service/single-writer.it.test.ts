import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from './support/setting.ts';

describe('of two services, only the holder of the slot writes', () => {
  it('and the second one ends, saying so, while the first works on', async (t) => {
    await using setting = await openSetting(t);
    await using first = setting.run();
    await first.untilStreaming();
    await using second = setting.run();
    assert.deepEqual(await second.ended, { code: 6, signal: null });
    assert.match(second.log, /PROJ_SLOT_BUSY/);

    await setting.admin.query(`insert into content.genre (name) values ('Western')`);
    await setting.assertConverged();
    await first.stop();
  });

  it('and one that another has taken over from writes nothing any more', async (t) => {
    await using setting = await openSetting(t);
    const { admin, redis, database } = setting;
    await using former = setting.run();
    await former.untilStreaming();
    await setting.covered();
    // As one does that has found the slot free while this one was cut off.
    await redis.set(`projector:${database.name}:epoch`, 'another');
    const before = await setting.checkpoint();
    await admin.query(`insert into content.genre (name) values ('Western')`);
    assert.deepEqual(await former.ended, { code: 6, signal: null });
    assert.match(former.log, /PROJ_OWNERSHIP_LOST/);
    assert.deepEqual(await setting.documents('genres'), []);
    assert.deepEqual(await setting.checkpoint(), before);

    await using next = setting.run();
    await setting.assertConverged();
    await next.stop();
  });
});
