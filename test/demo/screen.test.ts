import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { align, duration, shorten } from '../../dev/demo/screen.ts';

describe('a duration', () => {
  it('is in whole milliseconds below a second, in seconds to three figures from there', () => {
    assert.deepEqual([0.4, 412.3, 999.4, 999.6, 1_234, 9_994, 9_996, 79_300].map(duration), [
      '0 ms',
      '412 ms',
      '999 ms',
      '1.00 s',
      '1.23 s',
      '9.99 s',
      '10.0 s',
      '79.3 s',
    ]);
  });
});

describe('a table', () => {
  it('has its cells under each other and nothing behind the last', () => {
    assert.deepEqual(
      align([
        ['Redis', '6379', 'up'],
        ['Elasticsearch', '9200', ''],
      ]),
      ['Redis          6379  up', 'Elasticsearch  9200'],
    );
  });

  it('keeps a row without cells empty', () => {
    assert.deepEqual(align([['a', 'b'], [], ['c']]), ['a  b', '', 'c']);
  });
});

describe('a shortened text', () => {
  it('says that there was more', () => {
    assert.equal(shorten('Alien', 5), 'Alien');
    assert.equal(shorten('Aliens', 5), 'Alie…');
  });
});
