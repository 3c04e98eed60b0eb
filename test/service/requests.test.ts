import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readRequest } from '../../src/service/requests.ts';

it('a request is read, or the id of one of another version, by which it is answered', () => {
  const request = { id: 'a', kind: 'reread', index: 'movies', ids: ['1'] } as const;
  assert.deepEqual(readRequest(JSON.stringify(request)), { request });
  const cases = [
    [JSON.stringify({ id: 'b', kind: 'defragment' }), 'b'],
    [JSON.stringify({ id: 'c', kind: 'reread', index: 'movies' }), 'c'],
    ['{"kind":"snapshot"}', null],
    ['garbage', null],
    ['null', null],
  ] as const;
  for (const [text, id] of cases) assert.deepEqual(readRequest(text), { id });
});
