import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openHeldElasticsearch } from '../service/support/held-elasticsearch.ts';
import { openSetting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';

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

  it('and a write that the former one had sent before it was frozen comes too late', async (t) => {
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t);
    const { admin } = setting;
    await using former = setting.spawn({ ELASTICSEARCH_URL: elasticsearch.url });
    await former.untilStreaming();
    await setting.covered();
    elasticsearch.hold('genres');
    await admin.query(`insert into content.genre (name) values ('Western')`);
    await waitFor(() => elasticsearch.held === 1);
    former.signal('SIGSTOP');

    await admin.query('select pg_terminate_backend($1)', [(await setting.slot())?.activePid]);
    await using next = setting.run();
    await setting.assertConverged();
    await admin.query(`delete from content.genre`);
    await setting.assertConverged();

    elasticsearch.release();
    former.signal('SIGCONT');
    assert.deepEqual(await former.ended, { code: 6, signal: null }, former.log);
    await admin.query(`insert into content.genre (name) values ('Noir')`);
    await setting.assertConverged();
    await next.stop();
  });
});
