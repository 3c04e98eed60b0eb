import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptSource, notCompared } from '../../src/loader/kept-source.ts';

const fields = {
  title: 'title',
  text: 'text',
  people: { many: 'person', fields: { name: 'name', born: 'born' } },
  data: 'data',
} as const;

test('what an index does not give back as it was given it is named', () => {
  const cases: readonly (readonly [settings: object, mappings: object, names: readonly string[]])[] = [
    [{}, {}, []],
    [{ 'index.default_pipeline': '_none' }, { _source: { enabled: true } }, []],
    [{}, { _source: { excludes: ['text', 'nothing'] } }, ['text']],
    [{}, { _source: { excludes: ['people.born', '*.x'] } }, ['people.born']],
    [{}, { _source: { excludes: ['*.born', 'te*'] } }, ['text', 'people.born']],
    [{}, { _source: { excludes: ['people'] } }, ['people']],
    [{}, { _source: { excludes: 'data.secret' } }, ['data.secret']],
    [{}, { _source: { includes: ['title', 'people.n*'] } }, ['text', 'people.born', 'data']],
    [
      {},
      { _source: { includes: ['people'], excludes: ['people.born'] } },
      ['title', 'text', 'people.born', 'data'],
    ],
    [{ 'index.mapping.source.mode': 'synthetic' }, {}, ['*']],
    [{ 'index.mapping.source.mode': 'STORED' }, { _source: { mode: 'synthetic' } }, ['*']],
    [{ 'index.final_pipeline': 'stamp' }, {}, ['*']],
  ];
  for (const [settings, mappings, names] of cases) {
    const kept = keptSource({ ...settings }, { ...mappings });
    assert.deepEqual(
      notCompared(kept, fields).map(({ field }) => field),
      names,
      JSON.stringify([settings, mappings]),
    );
    assert.equal(kept.isDisabled, false);
  }
});

test('an index that keeps no _source is told', () => {
  assert.ok(keptSource({}, { _source: { enabled: false } }).isDisabled);
  assert.ok(keptSource({ 'index.mapping.source.mode': 'DISABLED' }, {}).isDisabled);
});

test('vectors are asked for where an index leaves them out', () => {
  const mappings = {
    properties: { o: { properties: { v: { type: 'dense_vector' } } }, n: { type: 'keyword' } },
  };
  const excludes = { 'index.mapping.exclude_source_vectors': 'true' };
  assert.ok(keptSource(excludes, mappings).leavesOutVectors);
  assert.ok(!keptSource({}, mappings).leavesOutVectors);
  assert.ok(!keptSource(excludes, {}).leavesOutVectors);
  assert.deepEqual([...keptSource({}, mappings).vectors.keys()], ['o.v']);
});
