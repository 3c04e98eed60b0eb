import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '../support/wait.ts';
import { openHeldElasticsearch } from './support/held-elasticsearch.ts';
import { itemDocuments, items, itemsDefinition, physicals, serving } from './support/items.ts';
import { watchReadiness } from './support/readiness.ts';
import { openSetting } from './support/setting.ts';
import { clusterTemplate } from './support/templates.ts';

const good = itemsDefinition('items');
const other = itemsDefinition('others');

describe('a definition that Elasticsearch refuses', () => {
  it('is told by check with its place and the reason, and nothing is made', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const cases: readonly (readonly [definition: string, message: RegExp])[] = [
      [
        good.replace('keyword', 'keywrod'),
        /items\.yaml:6:35: .*mapper type \[keywrod\] declared on field \[name\]/,
      ],
      [good.replace('keyword', 'text, analyzer: nix'), /:6:47: .*analyzer \[nix\] has not been configured/],
      [
        `${good}settings: { refresh_intervall: 1s }\n`,
        /:7:13: .*unknown setting \[index\.refresh_intervall\]/,
      ],
      [`${good}settings: { number_of_shards: 0 }\n`, /:7:13: .*\[index\.number_of_shards\] must be >= 1/],
      [
        `${good}settings: { mapping.total_fields.limit: 0 }\n`,
        /Limit of total fields \[0\]|mapping\.total_fields\.limit/,
      ],
      [`${good}settings: { sort.field: nix }\n`, /unknown index sort field:\[nix\]/],
      [`${good}settings: { default_pipeline: nix }\n`, /:7:13: .*pipeline with id \[nix\] does not exist/],
    ];
    for (const [definition, message] of cases) {
      await setting.define({ definitions: { 'items.yaml': definition } });
      const { code, stderr } = await setting.command(['check']);
      assert.match(stderr, /^PROJ_INDEX_REFUSED: /);
      assert.match(stderr, message);
      assert.equal(code, 2);
    }
    await using service = setting.run();
    assert.deepEqual(await service.ended, { code: 2, signal: null });
    assert.match(service.log, /PROJ_INDEX_REFUSED/);
    assert.deepEqual(await physicals(setting), []);
    // Nobody would follow it.
    assert.equal(await setting.slot(), null);
  });

  it('stops neither the other indexes nor the one that serves, and is built once it is mended', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const wrong = good.replace('keyword', 'keywrod');
    await setting.define({
      definitions: { 'items.yaml': good, 'others.yaml': other.replace('keyword', 'keywrod') },
    });
    {
      await using service = setting.run();
      await service.untilStreaming();
      const { refusedIndexes } = await service.until(({ state }) => state === 'streaming');
      assert.match(refusedIndexes['others'] ?? '', /others\.yaml:6:35: .*keywrod/);
      await setting.admin.query(`update shop.item set name = 'Changed' where id = 1`);
      await setting.assertConverged();
      assert.match((await setting.command(['status'])).stdout, /not ready +index-refused: .*keywrod/);
      assert.match((await setting.command(['verify', '--index', 'others'])).stderr, /PROJ_INDEX_REFUSED/);
      assert.equal((await setting.command(['verify', '--index', 'items'])).code, 0);
      assert.match((await setting.command(['reindex', '--index', 'others'])).stderr, /PROJ_INDEX_REFUSED/);
      await service.stop();
    }
    const before = await serving(setting);
    await setting.define({ definitions: { 'items.yaml': wrong, 'others.yaml': other } });
    {
      await using service = setting.run();
      await service.untilStreaming();
      await setting.admin.query(`update shop.item set name = 'Again' where id = 2`);
      await setting.assertConverged();
      assert.deepEqual(await serving(setting), before);
      assert.match(service.log, /is followed by the definition that it was made from: Elasticsearch refuses/);
      await service.stop();
    }
    await setting.define({
      definitions: { 'items.yaml': good.replace('keyword', 'text'), 'others.yaml': other },
      expected: { items: itemDocuments, others: itemDocuments },
    });
    await using service = setting.run();
    await service.untilStreaming();
    await service.until(({ reasons }) => reasons.length === 0);
    assert.notDeepEqual(await serving(setting), before);
    await setting.assertConverged();
  });
});

describe('a login that may neither try indexes nor read templates', () => {
  it('has the service find out what Elasticsearch refuses when it makes the index', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using elasticsearch = await openHeldElasticsearch(setting.database.elasticsearchUrl);
    elasticsearch.deny('/_index_template', '/_template', '/_component_template', '/_ingest');
    const through = { ELASTICSEARCH_URL: elasticsearch.url };
    const refused = {
      'mapping.yaml': itemsDefinition('mapping', { type: 'keywrod' }),
      'piped.yaml': itemsDefinition('piped').concat('settings: { default_pipeline: gone }\n'),
      'sorted.yaml': itemsDefinition('sorted').concat('settings: { sort.field: nix }\n'),
      'streamed.yaml': itemsDefinition('streamed'),
    };
    await using template = clusterTemplate(setting, 'streamed');
    await template.put({ data_stream: {} });
    await setting.define({ definitions: { ...items.definitions, ...refused } });
    assert.equal((await setting.command(['check'], through)).code, 0);
    await using service = setting.run(through);
    await service.untilStreaming();
    const { refusedIndexes } = await service.until(({ state }) => state === 'streaming');
    assert.match(refusedIndexes['mapping'] ?? '', /mapping\.yaml:6:35: .*keywrod/);
    assert.match(
      refusedIndexes['piped'] ?? '',
      /piped\.yaml:7:13: .*pipeline with id \[gone\] does not exist/,
    );
    assert.match(refusedIndexes['sorted'] ?? '', /sorted\.yaml:7:13: .*unknown index sort field/);
    assert.match(refusedIndexes['streamed'] ?? '', new RegExp(`index template ${template.name} stands`));
    await setting.assertConverged();
    await template.remove();
    await service.until((status) => status.refusedIndexes['streamed'] === undefined);
    await service.untilStreaming();
    await setting.define({ expected: { items: itemDocuments, streamed: itemDocuments } });
    await setting.assertConverged();
  });
});

describe('an index template that is in the way', () => {
  it('is named, stops no other index, and is noticed when it is gone', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await setting.define({ definitions: { 'items.yaml': good, 'others.yaml': other } });
    await using template = clusterTemplate(setting, 'others');
    const cases: readonly (readonly [content: object, reason: RegExp])[] = [
      [{ data_stream: {} }, /can only be a data stream/],
      [{ template: { mappings: { _routing: { required: true } } } }, /requires a routing/],
      [
        { template: { settings: { 'index.mode': 'time_series', 'index.routing_path': ['a'] } } },
        /time_series/,
      ],
      [{ template: { settings: { 'index.sort.field': 'nix' } } }, /unknown index sort field:\[nix\]/],
      [{ template: { settings: { 'index.mapping.total_fields.limit': 0 } } }, /Limit of total fields \[0\]/],
      [{ template: { aliases: { [`${setting.database.indexPrefix}others`]: {} } } }, /half filled/],
      [{ template: { settings: { 'index.default_pipeline': 'gone' } } }, /pipeline with id \[gone\]/],
    ];
    for (const [content, reason] of cases) {
      await template.put(content);
      const { code, stderr } = await setting.command(['check']);
      assert.match(stderr, new RegExp(`PROJ_INDEX_REFUSED: .*index template ${template.name} `));
      assert.match(stderr, reason);
      assert.equal(code, 2);
    }
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await ready.turns('Elasticsearch refuses a definition', async (turned) => {
      await service.untilStreaming();
      await turned();
      await setting.assertConverged();
      const { refusedIndexes } = await service.until(({ reasons }) => reasons.length === 1);
      assert.match(refusedIndexes['others'] ?? '', new RegExp(template.name));
      await template.remove();
    });
    await setting.define({ expected: { items: itemDocuments, others: itemDocuments } });
    await setting.assertConverged();
  });

  it('does not hurt the dead letters', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using template = clusterTemplate(setting, `${setting.database.name}-dead`);
    await template.put({
      template: {
        settings: {
          'index.default_pipeline': 'gone',
          'index.final_pipeline': 'gone',
          'index.sort.field': 'nix',
          'index.mapping.source.mode': 'synthetic',
          'index.mapping.total_fields.limit': 2,
          'index.blocks.write': true,
          'index.blocks.metadata': true,
          'index.max_result_window': 2,
          'index.number_of_shards': 3,
        },
        mappings: {
          dynamic: false,
          _routing: { required: true },
          _source: { enabled: false },
          properties: { id: { properties: { x: { type: 'keyword' } } } },
        },
      },
    });
    await setting.define({ definitions: { 'items.yaml': itemsDefinition('items', { type: 'integer' }) } });
    await setting.admin.query('delete from shop.item where id > 4');
    await setting.admin.query(`update shop.item set name = '7' where id = 4`);
    await using service = setting.run();
    await service.untilStreaming();
    await service.until(({ deadLetters }) => deadLetters['items'] === 3);
    assert.match((await setting.command(['dead-letters', 'list'])).stdout, /failed to parse field \[name\]/);
    await setting.admin.query(`update shop.item set name = '8' where id = 1`);
    await service.until(({ deadLetters }) => deadLetters['items'] === 2);
    assert.equal((await setting.command(['verify'])).code, 0);
    assert.equal((await setting.command(['dead-letters', 'drop', '--yes', '--index', 'items'])).code, 0);
    await waitFor(async () =>
      (await setting.command(['dead-letters', 'list'])).stdout.includes('no dead letters'),
    );
  });
});
