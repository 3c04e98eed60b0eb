import assert from 'node:assert/strict';
import { it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { cascadeKeyChanges, seedRows } from '../service/support/edits.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { startWriters } from '../service/support/writers.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { openFaultyElasticsearch, type HttpFault } from './support/faulty-elasticsearch.ts';

const faults: Readonly<Record<string, HttpFault>> = {
  'too many requests': { kind: 'answered', status: 429, body: '' },
  unavailable: { kind: 'answered', status: 503, body: '{"error":{"type":"x","reason":"y"},"status":503}' },
  'a bad gateway': { kind: 'answered', status: 502, body: '<html>502 Bad Gateway</html>' },
  nothing: { kind: 'unanswered' },
  'nothing, although it has done its work': { kind: 'answer-lost' },
  'half an answer': { kind: 'answer-broken' },
  'too many requests for a part of the documents': { kind: 'partial', status: 429 },
  'unavailable for a part of the documents': { kind: 'partial', status: 503 },
};

const EDITS = 60;

it('the service goes on by itself, with nothing lost, when Elasticsearch answers', async (t) => {
  await using setting = await openSetting(t);
  await cascadeKeyChanges(setting.admin);
  await seedRows(setting.admin, randomOf(1, 0));
  await using elasticsearch = await openFaultyElasticsearch(sharedServers().elasticsearchUrl, randomOf(1, 1));
  const throughIt = {
    ELASTICSEARCH_URL: elasticsearch.url,
    BATCH_SIZE: '100',
    SNAPSHOT_CHUNK_SIZE: '100',
    BULK_BYTES: '512KiB',
  };
  await using writers = startWriters(setting.database, 2, 1);
  await using ready = await watchReadiness(t);
  await using service = setting.run({ ...throughIt, ...ready.settings, REQUEST_TIMEOUT_MS: '1000' });
  await service.untilStreaming();
  for (const [name, fault] of Object.entries(faults)) {
    await t.test(name, async () => {
      const before = elasticsearch.faults;
      // A part of the documents is taken each time, so that this does not last.
      if (fault.kind !== 'partial')
        await ready.turns('Elasticsearch answers with errors, or not at all', async (turned) => {
          elasticsearch.set([fault]);
          await writers.goOn(EDITS);
          await turned();
          elasticsearch.set([]);
        });
      elasticsearch.set([fault], 0.2);
      await writers.goOn(EDITS);
      await setting.assertConverged();
      while (elasticsearch.faults < before + 3) {
        await writers.goOn(10);
        await setting.assertConverged();
      }
    });
  }
  await t.test('nothing in time, except to small requests', async () => {
    const before = elasticsearch.faults;
    elasticsearch.set([{ kind: 'too-slow', overBytes: 65_536 }]);
    await writers.goOn(EDITS);
    // What went wrong before may have left requests small: they grow until one is too large.
    for (let round = 0; round < 20 && elasticsearch.faults === before; round++) {
      await setting.admin.query('update content.film_work set rating = 1');
      await setting.assertConverged();
    }
    assert.notEqual(elasticsearch.faults, before);
  });
  elasticsearch.set([]);
  await service.stop();

  await t.test('all of that, while everything is built anew', async () => {
    elasticsearch.set(Object.values(faults), 0.1);
    await using rebuilding = setting.run({
      ...throughIt,
      REQUEST_TIMEOUT_MS: '3000',
      ES_SHOULD_DROP_INDEX: 'TRUE',
    });
    await writers.goOn(EDITS);
    await rebuilding.untilStreaming();
    await setting.assertConverged();
    elasticsearch.set([]);
    await rebuilding.stop();
    assert.deepEqual(await unservedIndexes(setting), []);
  });
});

/** The films', genres' and persons' indexes that no alias leads to. */
async function unservedIndexes({ database }: Setting): Promise<string[]> {
  const { elasticsearchUrl, indexPrefix } = database;
  const found = await fetch(`${elasticsearchUrl}/${indexPrefix}*-2*?features=aliases&expand_wildcards=all`);
  return Object.entries((await found.json()) as Record<string, { aliases: object }>)
    .filter(([, { aliases }]) => Object.keys(aliases).length < 2)
    .map(([physical]) => physical);
}
