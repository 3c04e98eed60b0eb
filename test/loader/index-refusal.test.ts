import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepestReason, placeOf } from '../../src/loader/index-refusal.ts';

const settings = {
  number_of_shards: 1,
  index: { refresh_interval: 'soon', nix: 1 },
  analysis: { analyzer: { own: { type: 'custom', tokenizer: 'missing' } } },
};
const mappings = {
  dynamic: 'strict',
  properties: {
    title: { type: 'keywrod', fields: { raw: { type: 'keyword', nix: true } } },
    people: { properties: { title: { type: 'text', analyzer: 'ru' } } },
  },
};

test('what Elasticsearch refuses is found in the definition by the names in its reason', () => {
  const cases: readonly (readonly [reason: string, place: string])[] = [
    ['The mapper type [keywrod] declared on field [title] does not exist.', 'mappings.properties.title.type'],
    [
      'analyzer [ru] has not been configured in mappings',
      'mappings.properties.people.properties.title.analyzer',
    ],
    ['unknown parameter [nix] on mapper [raw] of type [keyword]', 'mappings.properties.title.fields.raw.nix'],
    [
      'Custom Analyzer [own] failed to find tokenizer under name [missing]',
      'settings.analysis.analyzer.own.tokenizer',
    ],
    ['unknown setting [index.nix] please check', 'settings.index.nix'],
    ['Failed to parse value [soon] for setting [index.refresh_interval]', 'settings.index.refresh_interval'],
    ['Failed to parse value [1] for setting [index.number_of_shards]', 'settings.number_of_shards'],
    ['Limit of total fields [1] has been exceeded', 'mappings'],
    ['something else', 'settings'],
  ];
  for (const [reason, place] of cases)
    assert.equal(placeOf({ settings, mappings }, reason).join('.'), place, reason);
});

test('of a reason that only wraps another, the innermost is given', () => {
  const innermost = { type: 'x', reason: 'Failed to parse mapping: a [b] is wrong' };
  assert.equal(
    deepestReason({ reason: 'outer', caused_by: { reason: 'inner', caused_by: innermost } }),
    'a [b] is wrong',
  );
  const wrapped =
    'index_template [simulate_template_x] invalid, cause [Validation Failed: 1: unknown setting [index.nix];]';
  assert.equal(deepestReason({ reason: wrapped }), 'unknown setting [index.nix]');
  assert.equal(deepestReason({}), 'it gives no reason');
});
