import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../../dev/stack/paths.ts';
import { notReadyReasons } from '../../src/ops/readiness.ts';
import { readReadinessTable } from './support/readiness.ts';

test('each fault of which docs/watching.md says how it turns /readyz is caused by the test that it names', () => {
  const rows = readReadinessTable();
  const reasons: readonly string[] = [...notReadyReasons, 'no answer'];
  assert.ok(rows.length > 20);
  for (const { fault, reason, test: name } of rows) {
    assert.ok(reason === null || reasons.includes(reason), reason ?? '');
    const text = readFileSync(join(checkout, `test/${name}.it.test.ts`), 'utf8');
    assert.ok(text.includes('watchReadiness') && text.includes(`'${fault}'`), `${name}: ${fault}`);
  }
});
