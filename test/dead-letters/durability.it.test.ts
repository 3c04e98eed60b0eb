import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatLsn } from '../../src/shared/lsn.ts';
import { openHeldElasticsearch } from '../service/support/held-elasticsearch.ts';
import { currentLsn, openSetting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';
import { bad, insert, items, readLetters } from './items.ts';

it('a dead letter is stored before the resume point moves past its document: kill -9 loses none', async (t) => {
  await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
  await using setting = await openSetting(t, { own: items });
  // A batch of one is a full one, which need not wait for another that is under way.
  await using service = setting.spawn({ ELASTICSEARCH_URL: elasticsearch.url, BATCH_SIZE: '1' });
  await service.untilStreaming();
  await setting.covered();

  elasticsearch.hold('dead-letters');
  await insert(setting, [bad('refused')]);
  const end = await currentLsn(setting.admin);
  await waitFor(() => elasticsearch.held === 1);
  // What comes after it is written meanwhile, and the checkpoint has had the time to be stored.
  await insert(setting, [{ id: 'good' }]);
  await waitFor(async () => await setting.document('items', 'good'));
  const { at } = await service.until(({ covered }) => covered);
  await service.until((status) => Date.parse(status.at) > Date.parse(at) + 1_000);
  const stored = (await setting.checkpoint())?.lsn ?? 0n;
  assert.ok(stored < end, `${formatLsn(stored)} is not before ${formatLsn(end)}`);
  await service.kill();
  elasticsearch.release();
  assert.equal((await readLetters(setting)).size, 0);

  await using next = setting.run();
  await setting.assertConverged();
  assert.deepEqual([...(await readLetters(setting)).keys()], ['refused']);
  await next.stop();
});
