import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { nextElement, readMembers } from '../../src/shared/raw-json.ts';

test('an object is taken apart into the texts of its members', () => {
  const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
  const objects = fc.array(fc.dictionary(fc.string(), value));
  fc.assert(
    fc.property(objects, fc.boolean(), (expected, isSpaced) => {
      const texts = expected.map((members) => {
        const pairs = Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
        return `{${pairs.join()}}`;
      });
      const array = isSpaced ? ` [ ${texts.join(' , ')} ] ` : `[${texts.join()}]`;
      const found: Record<string, string>[] = [];
      for (let at = nextElement(array, array.indexOf('[') + 1); at !== -1;) {
        const { members, end } = readMembers(array, at);
        found.push(Object.fromEntries(members));
        at = nextElement(array, end);
      }
      assert.deepEqual(
        found,
        expected.map((members) => ({ ...members })),
      );
    }),
  );
});

test('white space between the tokens does not matter', () => {
  const text = '{ "a" : { "b": [1, "}" ] } ,\n"c":"\\"", "d" :null }';
  const { members, end } = readMembers(text, 0);
  assert.deepEqual(
    [...members],
    [
      ['a', '{ "b": [1, "}" ] }'],
      ['c', '"\\""'],
      ['d', 'null'],
    ],
  );
  assert.equal(end, text.length);
});
