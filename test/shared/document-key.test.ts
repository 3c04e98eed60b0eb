import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { idToKey, keyToId } from '../../src/shared/document-key.ts';

test('a composite key is read back from its id, whatever its parts contain', () => {
  const parts = fc.array(fc.oneof(fc.string(), fc.constantFrom(':', '%', '%3A', '%25', 'a:b')), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(parts, (key) => {
      assert.deepEqual(idToKey(keyToId(key), key.length), key);
    }),
  );
});

test('a key of one column is its text as it is', () => {
  assert.equal(keyToId(['50%:x']), '50%:x');
});
