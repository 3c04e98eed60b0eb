import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBatch } from '../../src/resolver/batch.ts';

const keys = (...ids: readonly string[]): string => JSON.stringify(ids.map((id, at) => [at + 1, id]));

describe('a batch as Postgres gives it', () => {
  it('gives each key its own text, and says which are too long and which have still to be read', () => {
    const cases = [
      { row: [null, null, null], documents: [], tooLong: [], unread: [] },
      {
        row: [keys('a', 'b'), '1{"n":1}\x012{"n":\n2}', null],
        documents: ['a {"n":1}', 'b {"n": 2}'],
        tooLong: [],
        unread: [],
      },
      { row: [keys('a', 'b', 'c'), '1{}', null], documents: ['a {}'], tooLong: [], unread: ['b', 'c'] },
      {
        row: [keys('a', 'b', 'c'), '1{}\x013{}', '[2]'],
        documents: ['a {}', 'c {}'],
        tooLong: ['b'],
        unread: [],
      },
      { row: [keys('a', 'b'), '2{}', '[1]'], documents: ['b {}'], tooLong: ['a'], unread: [] },
      { row: [keys('a'), null, '[1]'], documents: [], tooLong: ['a'], unread: [] },
    ];
    for (const { row, documents, tooLong, unread } of cases) {
      const batch = parseBatch('items', row);
      const texts = batch.documents.map(({ id, json }) => `${id} ${json}`);
      assert.deepEqual(
        { documents: texts, tooLong: batch.tooLong, unread: batch.unread },
        { documents, tooLong, unread },
      );
    }
  });

  it('is refused where a text cannot be proved to be its key’s', () => {
    const cases = [
      ['the text of the first is left out', [keys('a', 'b'), '2{}', null]],
      ['the text of one between is left out', [keys('a', 'b', 'c'), '1{}\x013{}', null]],
      ['there is no text at all', [keys('a', 'b'), null, null]],
      ['there is a text more', [keys('a'), '1{}\x012{}', null]],
      ['one is too long, and has a text', [keys('a', 'b'), '1{}\x012{}', '[2]']],
      ['two have changed places', [keys('a', 'b'), '2{}\x011{}', null]],
      ['the number begins like another', [keys('a'), '11{}', null]],
      ['it is no object', [keys('a'), '1null', null]],
      [
        'keys are in another order',
        [
          JSON.stringify([
            [2, 'b'],
            [1, 'a'],
          ]),
          '1{}\x012{}',
          null,
        ],
      ],
    ] as const;
    for (const [what, row] of cases) {
      assert.throws(() => parseBatch('items', row), { code: 'PROJ_DOCUMENTS_UNPROVED' }, what);
    }
  });
});
