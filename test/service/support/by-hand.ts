import assert from 'node:assert/strict';
import type { Setting } from './setting.ts';

/** Writes a document into an index past the service: at the next version, or at one of its own. */
export async function writeByHand(
  setting: Setting,
  index: string,
  id: string,
  document: object,
  version?: bigint,
): Promise<void> {
  const query = version === undefined ? '' : `?version=${version}&version_type=external`;
  await request(setting, index, id, query, { method: 'PUT', body: JSON.stringify(document) });
}

/** Deletes a document from an index past the service. */
export async function deleteByHand(setting: Setting, index: string, id: string): Promise<void> {
  await request(setting, index, id, '', { method: 'DELETE' });
}

async function request(
  { database }: Setting,
  index: string,
  id: string,
  query: string,
  init: RequestInit,
): Promise<void> {
  const { elasticsearchUrl, indexPrefix } = database;
  const url = `${elasticsearchUrl}/${indexPrefix}${index}/_doc/${encodeURIComponent(id)}${query}`;
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
  assert.ok(response.ok, await response.text());
}
