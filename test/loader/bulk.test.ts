import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { cutBySize, deleteItem, indexItem } from '../../src/loader/bulk.ts';

test('an item carries its id and its LSN as an external version, exactly', () => {
  const { lines } = indexItem({ id: 'a"b', json: '{"x": 1}' }, 0xffff_ffff_ffff_fff0n >> 1n);
  assert.equal(
    lines,
    '{"index":{"_id":"a\\"b","version":9223372036854775800,"version_type":"external_gte"}}\n{"x": 1}\n',
  );
  assert.equal(
    deleteItem('1', 7n).lines,
    '{"delete":{"_id":"1","version":7,"version_type":"external_gte"}}\n',
  );
});

test('requests are cut by bytes, in order, and nothing is left out', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const items = lengths.map((length, id) => ({ id: String(id), lines: 'x'.repeat(length) }));
      const requests = cutBySize(items, 60);
      assert.deepEqual(requests.flat(), items);
      for (const request of requests) {
        const bytes = request.reduce((sum, { lines }) => sum + lines.length, 0);
        assert.ok(bytes <= 60 || request.length === 1);
      }
    }),
  );
});
