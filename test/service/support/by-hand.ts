import assert from 'node:assert/strict';
import type { Setting } from './setting.ts';

/** Writes a document into an index past the service. */
export async function writeByHand(
  setting: Setting,
  index: string,
  id: string,
  document: object,
): Promise<void> {
  await request(setting, 'PUT', index, id, document);
}

/** Deletes a document from an index past the service. */
export async function deleteByHand(setting: Setting, index: string, id: string): Promise<void> {
  await request(setting, 'DELETE', index, id);
}

async function request(
  { database }: Setting,
  method: string,
  index: string,
  id: string,
  body?: object,
): Promise<void> {
  const { elasticsearchUrl, indexPrefix } = database;
  const response = await fetch(`${elasticsearchUrl}/${indexPrefix}${index}/_doc/${encodeURIComponent(id)}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(response.ok, await response.text());
}
