import assert from 'node:assert/strict';
import test from 'node:test';
import { createIdFilter } from '../../src/loader/id-filter.ts';

test('an id filter has every id that was added, and few others', () => {
  const filter = createIdFilter();
  assert.ok(filter.isEmpty);
  const ids = Array.from({ length: 10_000 }, (_, at) => `id ${at}`);
  for (const id of ids) filter.add(id);
  assert.ok(!filter.isEmpty);
  assert.ok(ids.every((id) => filter.mayHave(id)));
  const others = Array.from({ length: 10_000 }, (_, at) => `other ${at}`).filter((id) => filter.mayHave(id));
  assert.ok(others.length < 200, `${others.length} others`);
});
