import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatLsn, maxLsn, parseLsn } from '../../src/shared/lsn.ts';

const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('an LSN is read back from its text', () => {
  fc.assert(fc.property(lsn, (value) => parseLsn(formatLsn(value)) === value));
});

test('an LSN is written as Postgres writes it', () => {
  assert.equal(formatLsn(0x16_b374d848n), '16/B374D848');
  assert.equal(formatLsn(0n), '0/0');
  assert.equal(parseLsn('0/9'), 9n);
});

test('LSNs compare as numbers where their texts would not', () => {
  assert.equal(maxLsn(parseLsn('0/A'), parseLsn('0/10')), parseLsn('0/10'));
  assert.equal(maxLsn(parseLsn('9/0'), parseLsn('10/0')), parseLsn('10/0'));
});

for (const text of ['', '16', '16/', '/1', 'x/1', '1/123456789']) {
  test(`${JSON.stringify(text)} is no LSN`, () => {
    assert.throws(() => parseLsn(text), RangeError);
  });
}
