import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { canonicalNumber, differingFields } from '../../src/verify/compare.ts';

test('documents are the same however their text is written', () => {
  const stored = ' {"a" : 1.0, "b":{"x":[1e2,-0],"y":"\\u0041\\/"}}';
  assert.deepEqual(differingFields(stored, '{"b":{"y":"A/","x":[100,0]},"a":1}'), []);
});

test('the fields that differ are named', () => {
  const stored = '{"same":[1,{"a":null}],"text":"a","list":[1,2],"extra":null,"nested":{"a":1}}';
  const expected = '{"same":[1,{"a":null}],"text":"b","list":[2,1],"missing":null,"nested":{"a":1,"b":null}}';
  assert.deepEqual(differingFields(stored, expected).toSorted(), [
    'extra',
    'list',
    'missing',
    'nested',
    'text',
  ]);
  assert.deepEqual(differingFields('{"a":1,"b":"1","c":{"n":1}}', '{"a":"1","b":1,"c":1}'), ['a', 'b', 'c']);
  assert.deepEqual(differingFields('{"__proto__":1}', '{}'), ['__proto__']);
});

test('numbers that a double cannot tell apart are told apart', () => {
  assert.deepEqual(differingFields('{"n":9007199254740993}', '{"n":9007199254740992}'), ['n']);
  assert.deepEqual(differingFields('{"n":0.1000000000000000055}', '{"n":0.1}'), ['n']);
  assert.deepEqual(differingFields('{"n":1e400}', '{"n":1e401}'), ['n']);
  assert.deepEqual(differingFields('{"n":12345678901234567890.50}', '{"n":1234567890123456789050e-2}'), []);
});

test('a number is the same in every way to write it', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.nat(30), fc.nat(30), (digits, shift, zeros) => {
      const written = `${digits}${'0'.repeat(zeros)}.0${'0'.repeat(zeros)}e${shift - zeros}`;
      assert.equal(canonicalNumber(written), canonicalNumber(`${digits}E+${shift}`));
      assert.notEqual(canonicalNumber(written), canonicalNumber(`${digits + 1n}E${shift}`));
    }),
  );
});
