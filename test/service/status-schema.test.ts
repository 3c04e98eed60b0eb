import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { statusJsonSchema } from '../../src/service/status-schema.ts';

it('docs/status.schema.json is what the zod schema publishes (else run `npm run status:schema`)', async () => {
  const file = new URL('../../docs/status.schema.json', import.meta.url);
  const published: unknown = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(published, JSON.parse(statusJsonSchema()));
});
