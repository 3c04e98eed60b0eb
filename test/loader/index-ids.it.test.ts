import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { indexIds } from '../../src/loader/index-ids.ts';
import { createElasticsearch, isTransientElasticsearchError } from '../../src/servers/elasticsearch.ts';
import { sharedServers } from '../support/shared-servers.ts';

it('a scan takes no more at once than the index gives', async () => {
  const client = createElasticsearch({ elasticsearchUrls: [sharedServers().elasticsearchUrl] }, 30_000);
  const index = `t_${randomBytes(6).toString('hex')}`;
  try {
    await client.indices.create({ index, settings: { 'index.max_result_window': 2 } });
    const operations = ['a', 'b', 'c'].flatMap((_id) => [{ index: { _id } }, {}]);
    await client.bulk({ index, operations, refresh: true });
    const found: string[] = [];
    for await (const ids of indexIds(client, index, 1_000)) found.push(...ids);
    assert.deepEqual(found.toSorted(), ['a', 'b', 'c']);
  } finally {
    await client.indices.delete({ index });
    await client.close();
  }
});

it('a scan of an index whose point in time is lost is to be begun anew', async () => {
  const client = createElasticsearch({ elasticsearchUrls: [sharedServers().elasticsearchUrl] }, 30_000);
  const index = `t_${randomBytes(6).toString('hex')}`;
  try {
    const operations = ['a', 'b', 'c'].flatMap((_id) => [{ index: { _id } }, {}]);
    await client.bulk({ index, operations, refresh: true });
    const found: string[] = [];
    for await (const ids of indexIds(client, index, 2)) found.push(...ids);
    assert.deepEqual(found.toSorted(), ['a', 'b', 'c']);

    let pointInTime = '';
    client.diagnostic.once('response', (_error, answer) => {
      pointInTime = (answer?.body as { id: string }).id;
    });
    const scan = indexIds(client, index, 2);
    await scan.next();
    await client.closePointInTime({ id: pointInTime });
    await assert.rejects(scan.next(), (error: Error) => isTransientElasticsearchError(error));
  } finally {
    await client.indices.delete({ index });
    await client.close();
  }
});
