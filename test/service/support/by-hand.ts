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

/** Has an index, or all of them by `*`, take no more writes, as at the disk's flood stage, or take them again. */
export async function blockWrites(
  { database }: Pick<Setting, 'database'>,
  index: string,
  isBlocked: boolean,
): Promise<void> {
  const { elasticsearchUrl, indexPrefix } = database;
  const response = await fetch(`${elasticsearchUrl}/${indexPrefix}${index}/_settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'index.blocks.read_only_allow_delete': isBlocked || null }),
  });
  assert.equal(response.status, 200, await response.text());
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
