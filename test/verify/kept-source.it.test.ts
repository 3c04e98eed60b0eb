import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeByHand } from '../service/support/by-hand.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { askElasticsearch, clusterTemplate } from '../service/support/templates.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { differing, verify } from './support/verify.ts';

const index = (name: string, more: string): string => `
index: ${name}
root: shop.article
fields:
  title: title
  secret: secret
  tags: tags
  vector: vector
  weights: weights
  parts: { many: part, fields: { name: name, price: price } }
${more}`;

const vectors = `vector: { type: dense_vector, dims: 3 }, weights: { type: sparse_vector }`;

/** Of which no vector is made. */
const plain = 'vector: { type: double }, weights: { properties: { x: { type: double } } }';

const schema: OwnSchema = {
  sql: `
    create schema shop;
    create table shop.article (
      id int primary key, title text, secret text, tags text[], vector float8[], weights jsonb, bytes jsonb
    );
    create table shop.part (id int primary key, article_id int not null references shop.article, name text, price int);
    insert into shop.article
      select i, 'Article ' || i, 'Secret ' || i, array['b', 'a', 'b'], array[0.1 * i, 1.23456789012, 6],
             jsonb_build_object('x', 0.123456 * i, 'y', 1)
      from generate_series(1, 20) i;
    insert into shop.article (id, title) values (21, 'No vector');
    insert into shop.part select i, 1 + i % 20, 'Part ' || i, i from generate_series(1, 40) i`,
  definitions: {
    'whole.yaml': index('whole', `mappings: { properties: { ${vectors} } }`),
    'filtered.yaml': index(
      'filtered',
      `mappings: { _source: { excludes: [secret, parts.price] }, properties: { ${plain} } }`,
    ),
    'synthetic.yaml': index(
      'synthetic',
      `settings: { index.mapping.source.mode: synthetic }\nmappings: { properties: { ${plain} } }`,
    ),
    'piped.yaml': index('piped', `mappings: { properties: { ${plain} } }`),
  },
  expected: {},
};

/** Definitions whose index does not keep its `_source`. */
const disabled = {
  'disabled.yaml': index('disabled', `mappings: { _source: { enabled: false }, properties: { ${plain} } }`),
};

describe('projector verify, where an index does not give back what it was given,', () => {
  it('compares what it gives back, and names what it does not', async (t) => {
    await using setting = await openSetting(t, { own: schema });
    await using template = clusterTemplate(setting, 'piped');
    const pipeline = `${setting.database.name}-pipeline`;
    await askElasticsearch(setting, 'PUT', `/_ingest/pipeline/${pipeline}`, { processors: [] });
    await using cleanup = new AsyncDisposableStack();
    // An index that names it keeps it from being removed.
    cleanup.defer(async () => {
      const to = `/${setting.database.indexPrefix}piped-*/_settings`;
      await askElasticsearch(setting, 'PUT', to, { 'index.default_pipeline': null });
      await askElasticsearch(setting, 'DELETE', `/_ingest/pipeline/${pipeline}`);
    });
    await template.put({ template: { settings: { 'index.default_pipeline': pipeline } } });
    const { stdout, code } = await setting.command(['check']);
    assert.equal(code, 0);
    for (const warning of [
      /warning: \S+-filtered: verify does not compare secret \(_source leaves it out\)/,
      /warning: \S+-filtered: verify does not compare parts\.price \(/,
      /warning: \S+-synthetic: verify does not compare any field \(a synthetic _source/,
      /warning: \S+-piped: verify does not compare any field \(the ingest pipeline/,
    ])
      assert.match(stdout, warning);
    assert.doesNotMatch(stdout, /warning: \S+-whole/);

    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const nothing = await verify(setting);
    assert.equal(nothing.code, 0, nothing.stdout + nothing.stderr);
    assert.deepEqual(notComparedOf(nothing.stdout), {
      whole: [],
      filtered: ['secret', 'parts.price'],
      synthetic: ['*'],
      piped: ['*'],
    });
    assert.match(
      (await setting.command(['verify'])).stdout,
      /-filtered: not compared\n {2}secret \(_source leaves it out\)/,
    );

    const [article] = await documentsOf(setting);
    assert.ok(article);
    await writeByHand(setting, 'filtered', '1', { ...article, title: 'Edited', secret: 'other' });
    await writeByHand(setting, 'filtered', '2', { ...article, secret: 'other' });
    await writeByHand(setting, 'whole', '3', { title: 'Article 3', vector: [0.3, 1.2345, 6] });
    await fetch(`${setting.database.elasticsearchUrl}/${setting.database.indexPrefix}synthetic/_doc/4`, {
      method: 'DELETE',
    });
    const found = await verify(setting);
    assert.equal(found.code, 4);
    assert.deepEqual(found.of('filtered').stale.fields, {
      1: ['title'],
      2: ['parts', 'title', 'vector', 'weights'],
    });
    assert.deepEqual(found.of('whole').stale.fields['3']?.includes('vector'), true);
    assert.deepEqual(differing(found.of('synthetic')), { missing: ['4'] });
    assert.equal((await verify(setting, '--repair')).code, 0);
    assert.equal((await verify(setting)).code, 0);
  });

  it('refuses one that keeps no _source', async (t) => {
    await using setting = await openSetting(t, { own: { ...schema, definitions: disabled } });
    const { stdout, code } = await setting.command(['check']);
    assert.match(stdout, /warning: \S+-disabled: verify cannot compare it: it does not keep _source/);
    assert.equal(code, 0);
    await using service = setting.run();
    await service.untilStreaming();
    const refused = await setting.command(['verify']);
    assert.match(refused.stderr, /PROJ_SOURCE_DISABLED: the index \S+-disabled does not keep _source/);
    assert.equal(refused.code, 2);
  });
});

/** The first of the documents that are made of the articles. */
async function documentsOf({ admin }: Setting): Promise<object[]> {
  const { rows } = await admin.query<{ document: object }>(
    `select jsonb_build_object('title', title, 'secret', secret, 'tags', tags, 'vector', vector, 'weights', weights,
            'parts', (select jsonb_agg(jsonb_build_object('name', name, 'price', price) order by id)
                      from shop.part where article_id = a.id)) as document
     from shop.article a order by id`,
  );
  return rows.map(({ document }) => document);
}

function notComparedOf(json: string): Record<string, string[]> {
  const { indexes } = JSON.parse(json) as { indexes: { alias: string; notCompared: { field: string }[] }[] };
  return Object.fromEntries(
    indexes.map(({ alias, notCompared }) => [
      alias.slice(alias.indexOf('-') + 1),
      notCompared.map(({ field }) => field),
    ]),
  );
}
