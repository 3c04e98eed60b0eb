import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { definitionJsonSchema } from '../../src/definition/json-schema.ts';

describe('definitions/definition.schema.json', () => {
  it('is what the zod schema publishes (else run `npm run definitions:schema`)', async () => {
    const file = new URL('../../definitions/definition.schema.json', import.meta.url);
    const published: unknown = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(published, JSON.parse(definitionJsonSchema()));
  });
});
