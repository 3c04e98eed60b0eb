import assert from 'node:assert/strict';
import test from 'node:test';
import { isCovered, nothingCovered } from '../../src/checkpoint/coverage.ts';

const index = { cluster: 'c', uuid: 'u' };

test('a resume point covers the indexes that it names, on the cluster that it names', () => {
  assert.equal(isCovered({ cluster: 'c', indexes: ['t', 'u'] }, index), true);
  assert.equal(isCovered({ cluster: 'c', indexes: ['t'] }, index), false);
  assert.equal(isCovered({ cluster: 'd', indexes: ['u'] }, index), false);
  assert.equal(isCovered(nothingCovered, index), false);
});

test('a resume point of before it named indexes covers what is found', () => {
  assert.equal(isCovered(null, index), true);
});
