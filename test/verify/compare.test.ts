import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { keptSource } from '../../src/loader/kept-source.ts';
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

test('what _source leaves out is not compared, and all else is', () => {
  const cases: readonly (readonly [
    source: object,
    stored: object,
    expected: object,
    differing: readonly string[],
  ])[] = [
    [{ excludes: ['secret'] }, { a: 1 }, { a: 1, secret: 2 }, []],
    [{ excludes: ['secret'] }, { a: 1 }, { a: 2, secret: 2 }, ['a']],
    [{ excludes: ['o.b'] }, { o: {} }, { o: { b: 1 } }, []],
    [{ excludes: ['o.b'] }, { o: { c: 1 } }, { o: { b: 1, c: 2 } }, ['o']],
    [{ excludes: ['*.z'] }, { l: [{ k: 1 }] }, { l: [{ z: 1 }, { z: 2, k: 1 }] }, []],
    [{ excludes: ['*.z'] }, { l: [{ k: 1 }] }, { l: [{ z: 1 }, { z: 2, k: 2 }] }, ['l']],
    [{ excludes: ['*.z'] }, {}, { l: [] }, ['l']],
    [{ includes: ['o.b', 'l.k'] }, { o: { b: 1 } }, { o: { b: 1, c: 1 }, l: [{ z: 1 }], m: 2 }, []],
    [{ includes: ['o.b'] }, { o: { b: 1 } }, { o: { b: 2, c: 1 }, m: 2 }, ['o']],
    [{ includes: ['o'] }, {}, { o: { b: 2 } }, ['o']],
    [{ mode: 'synthetic' }, { a: ['b'] }, { a: ['c'] }, []],
  ];
  for (const [source, stored, expected, differing] of cases) {
    const kept = keptSource({}, { _source: source });
    const found = differingFields(JSON.stringify(stored), JSON.stringify(expected), kept);
    assert.deepEqual(found, differing, JSON.stringify([source, stored, expected]));
  }
});

test('vectors are the same to the precision that they are kept in', () => {
  const properties = {
    v: { type: 'dense_vector' },
    b: { type: 'dense_vector', element_type: 'byte' },
    s: { type: 'sparse_vector' },
    o: { type: 'nested', properties: { v: { type: 'dense_vector' } } },
  };
  const kept = keptSource({ 'index.mapping.exclude_source_vectors': true }, { properties });
  const cases: readonly (readonly [stored: object, expected: object, differing: readonly string[]])[] = [
    [{ v: [0.1, 10.123457, 6.0000005] }, { v: [0.1, 10.123456789, 6] }, []],
    [{ v: [0.1, 10.12346, 6] }, { v: [0.1, 10.1234, 6] }, ['v']],
    [{ v: [1, 2] }, { v: [1, 2, 3] }, ['v']],
    [{ v: [-1, 2] }, { v: [1, 2] }, ['v']],
    [{}, { v: null }, []],
    [{}, { v: [1, 2] }, ['v']],
    [{ b: [1, -2, 3] }, { b: '01fe03' }, []],
    [{ b: [1, -2, 3] }, { b: [1, -2, 4] }, ['b']],
    [{ s: { a: 0.123291016, b: 12.34375 } }, { s: { a: 0.123456, b: 12.3456 } }, []],
    [{ s: { a: 0.123291016 } }, { s: { a: 0.125 } }, ['s']],
    [{ s: { a: 1 } }, { s: { a: 1, b: 1 } }, ['s']],
    [
      { o: [{ t: 'a', v: [0.1] }, { t: 'b' }] },
      {
        o: [
          { v: [0.10000000149], t: 'a' },
          { v: null, t: 'b' },
        ],
      },
      [],
    ],
    [{ o: [{ t: 'a', v: [0.1] }] }, { o: [{ v: [0.1], t: 'b' }] }, ['o']],
    [{ a: 1, _inference_fields: {} }, { a: 1.0000001 }, ['a']],
  ];
  for (const [stored, expected, differing] of cases) {
    const found = differingFields(JSON.stringify(stored), JSON.stringify(expected), kept);
    assert.deepEqual(found, differing, JSON.stringify([stored, expected]));
  }
});
