import assert from 'node:assert/strict';
import { it } from 'node:test';
import { countsAgree } from '../../src/service/counts.ts';

const counts = { rows: 10, documents: 10, refused: 0 };

it('counts agree when there is a document for each row', () => {
  assert.ok(countsAgree(counts, 0));
  assert.ok(!countsAgree({ ...counts, documents: 9 }, 0));
  assert.ok(!countsAgree({ ...counts, documents: 11 }, 0));
});

it('a refused document may be missing, or there as it was before', () => {
  assert.ok(countsAgree({ rows: 10, documents: 9, refused: 1 }, 0));
  assert.ok(countsAgree({ rows: 10, documents: 10, refused: 1 }, 0));
  assert.ok(!countsAgree({ rows: 10, documents: 8, refused: 1 }, 0));
});

it('a row that is changed meanwhile may make a document more or less', () => {
  assert.ok(countsAgree({ ...counts, documents: 8 }, 2));
  assert.ok(countsAgree({ ...counts, documents: 12 }, 2));
  assert.ok(!countsAgree({ ...counts, documents: 7 }, 2));
  assert.ok(!countsAgree({ ...counts, documents: 13 }, 2));
});
