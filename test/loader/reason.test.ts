import assert from 'node:assert/strict';
import test from 'node:test';
import { describeFailure } from '../../src/loader/reason.ts';
import type { ElasticsearchFailure } from '../../src/servers/elasticsearch.ts';

/** What Elasticsearch 9.2 answers, and what is kept of it. */
const cases: readonly (readonly [ElasticsearchFailure, string])[] = [
  [
    {
      reason:
        "[1:6] failed to parse field [d] of type [date] in document with id 'x'. Preview of field's value: 'secret'",
      caused_by: { reason: 'failed to parse date field [secret] with format [epoch_millis]' },
    },
    'failed to parse field [d] of type [date]: failed to parse date field …',
  ],
  [
    {
      reason:
        "[1:12] failed to parse field [k] of type [keyword] in document with id 'x'. Preview of field's value: '{secret=1}'",
      caused_by: { reason: 'Expected text at 1:6 but found START_OBJECT' },
    },
    'failed to parse field [k] of type [keyword]: Expected text at 1:6 but found START_OBJECT',
  ],
  [
    {
      reason:
        "[1:6] failed to parse field [n] of type [long] in document with id 'a\nb'. Preview of field's value: ''",
      caused_by: { reason: 'For input string: "sec[ret"' },
    },
    'failed to parse field [n] of type [long]: For input string: …',
  ],
  [
    {
      reason:
        '[1:8] failed to parse: Limit of total fields [12] has been exceeded while adding new fields [1]',
      caused_by: { reason: 'Limit of total fields [12] has been exceeded while adding new fields [1]' },
    },
    'failed to parse: Limit of total fields [12] has been exceeded while adding new fields [1]',
  ],
  [
    {
      reason:
        '[1:6] failed to parse: [1:11] Duplicate field \'n\'\n at [Source: (byte[])"{"n":"secret"}"; line: 1, column: 11]',
      caused_by: { reason: 'Duplicate field' },
    },
    'failed to parse: Duplicate field …',
  ],
  [
    {
      reason:
        '[1:31] The number of nested documents has exceeded the allowed limit of [3]. This limit can be set by changing the [index.mapping.nested_objects.limit] index level setting.',
    },
    'The number of nested documents has exceeded the allowed limit of [3]. This limit can be set by changing the [index.mapping.nested_objects.limit] index level setting.',
  ],
  [
    { reason: '[1:6] object mapping for [o] tried to parse field [o] as object, but found a concrete value' },
    'object mapping for [o] tried to parse field [o] as object, but found a concrete value',
  ],
  [
    {
      reason:
        'Document contains at least one immense term in field="k" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped. Please correct the analyzer to not produce such terms. The prefix of the first immense term is: \'[115, 101]...\', original message: bytes can be at most 32766 in length; got 40000',
    },
    'Document contains at least one immense term in field="k" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped. Please correct the analyzer to not produce such terms.',
  ],
  [{}, ''],
];

test('a refusal is described by fields, types and limits, and never by a value of the document', () => {
  for (const [failure, described] of cases) assert.equal(describeFailure(failure), described);
});

test('a description is no longer than a person reads', () => {
  assert.equal(describeFailure({ reason: 'x'.repeat(10_000) }).length, 501);
});
