import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createChangeTally } from '../../src/ops/change-tally.ts';

it('changes are counted by table and kind, through sessions in which the tables are other objects', () => {
  const tally = createChangeTally();
  const films = { schema: 'content', name: 'film' };
  const people = { schema: 'content', name: 'person' };
  tally.add(films, 'insert');
  tally.add(people, 'delete');
  tally.add(films, 'insert');
  tally.add({ ...films }, 'insert');
  tally.add({ ...films }, 'truncate');
  assert.deepEqual(
    tally.counts().filter(({ count }) => count > 0),
    [
      { table: 'content.film', kind: 'insert', count: 3 },
      { table: 'content.film', kind: 'truncate', count: 1 },
      { table: 'content.person', kind: 'delete', count: 1 },
    ],
  );
});
