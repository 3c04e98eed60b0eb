import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startElasticsearch } from '../../dev/stack/stack.ts';
import { itemDocuments, items, itemsDefinition } from '../service/support/items.ts';
import { openSetting } from '../service/support/setting.ts';
import { askElasticsearch } from '../service/support/templates.ts';

it('an index for whose shards the cluster has no room is waited for, and the others are followed', async (t) => {
  await using elasticsearch = await startElasticsearch();
  await using setting = await openSetting(t, { own: items, elasticsearch });
  const allow = (shards: number): Promise<unknown> =>
    askElasticsearch(setting, 'PUT', '/_cluster/settings', {
      persistent: { 'cluster.max_shards_per_node': shards },
    });
  await allow(1);
  await using service = setting.run();
  // With nothing else to do it waits, and says why.
  await service.until(({ waits }) =>
    waits['elasticsearch']?.includes('no room for the shards of the index items'),
  );
  await allow(1_000);
  await service.untilStreaming();
  await setting.assertConverged();
  await service.stop();

  await allow(1);
  await setting.define({
    definitions: { ...items.definitions, 'others.yaml': itemsDefinition('others') },
  });
  await using next = setting.run();
  await next.untilStreaming();
  await next.until(({ refusedIndexes }) => refusedIndexes['others']?.includes('no room for the shards'));
  await setting.admin.query(`update shop.item set name = 'Changed' where id = 1`);
  await setting.assertConverged();
  assert.match(
    (await setting.command(['reindex', '--index', 'items'])).stderr,
    /PROJ_SHARD_LIMIT: .*maximum normal shards open/,
  );
  await allow(1_000);
  await next.until(({ state, reasons }) => state === 'streaming' && reasons.length === 0);
  await setting.define({ expected: { items: itemDocuments, others: itemDocuments } });
  await setting.assertConverged();
});
