import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bulkBody, deleteItem, indexItem, takeBySize } from '../../src/loader/bulk.ts';

test('an item carries its id and its LSN as an external version, exactly', () => {
  const items = [
    indexItem({ id: 'a"b', json: '{"x": "Солярис"}' }, 0xffff_ffff_ffff_fff0n >> 1n),
    deleteItem('1', 7n),
  ];
  assert.equal(
    bulkBody(takeBySize(items, Infinity)).toString(),
    '{"index":{"_id":"a\\"b","version":9223372036854775800,"version_type":"external_gte"}}\n{"x": "Солярис"}\n' +
      '{"delete":{"_id":"1","version":7,"version_type":"external_gte"}}\n',
  );
});

test('a request holds the first items, as many as fit, and one in any case', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const items = lengths.map((length, id) => ({ id: String(id), lines: ['ж'.repeat(length)] }));
      const request = takeBySize(items, 60);
      assert.deepEqual(request.items, items.slice(0, request.items.length));
      const bytesOf = (count: number): number =>
        lengths.slice(0, count).reduce((sum, length) => sum + 2 * length + 1, 0);
      assert.equal(request.bytes, bytesOf(request.items.length));
      assert.ok(request.bytes <= 60 || request.items.length === 1);
      const isAll = request.items.length === items.length;
      assert.ok(isAll || bytesOf(request.items.length + 1) > 60);
    }),
  );
});
