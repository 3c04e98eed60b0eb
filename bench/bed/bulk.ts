import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Bed } from './bed.ts';
import type { PreparedDocuments } from './documents.ts';

/** How prepared documents are sent. */
export interface BulkSettings {
  /** Requests at once. */
  readonly concurrency: number;
  /** Documents in a request. */
  readonly size: number;
}

/** What the sending process is told. */
export interface BulkOrder extends BulkSettings {
  readonly file: string;
  /** The URL of a bulk request. */
  readonly url: string;
}

/** What it answers. */
export interface BulkResult {
  readonly documents: number;
  readonly seconds: number;
}

/** How fast prepared documents went, in documents a second. */
export interface BulkRate {
  /** Until the last one was accepted. */
  readonly accepted: number;
  /** Until the refresh that follows made all of them searchable, as at the end of a snapshot. */
  readonly searchable: number;
}

/**
 * Sends prepared documents to a new index of the same mappings, without replicas and refresh, from a process of its
 * own whose preparation is not counted. The index is deleted afterwards.
 */
export async function bulkRate(
  bed: Bed,
  documents: PreparedDocuments,
  settings: BulkSettings,
): Promise<BulkRate> {
  const { count, file } = documents;
  return withIndex(bed, documents, '-1', async (target) => {
    const { seconds } = await send({ ...settings, file, url: `${target}/_bulk?filter_path=errors` });
    const startedMs = performance.now();
    await request(`${target}/_refresh`, 'POST');
    const refreshSeconds = (performance.now() - startedMs) / 1000;
    return { accepted: count / seconds, searchable: count / (seconds + refreshSeconds) };
  });
}

/**
 * Sends prepared documents, with their external versions, to an index that has each of them already and refreshes each
 * second: documents a second until the last one was accepted.
 */
export async function overwriteRate(
  bed: Bed,
  documents: PreparedDocuments,
  settings: BulkSettings,
): Promise<number> {
  const { count, file } = documents;
  return withIndex(bed, documents, '1s', async (target) => {
    const order = { ...settings, file, url: `${target}/_bulk?filter_path=errors` };
    await send(order);
    const { seconds } = await send(order);
    await request(`${target}/_refresh`, 'POST');
    return count / seconds;
  });
}

/** Makes an index of the documents' mappings, sees that it has all of them in the end, and deletes it. */
async function withIndex<T>(
  bed: Bed,
  { index, count }: PreparedDocuments,
  refreshInterval: string,
  work: (target: string) => Promise<T>,
): Promise<T> {
  const target = `${bed.servers.elasticsearchUrl}/${bed.indexPrefix}ceiling`;
  await request(target, 'PUT', {
    settings: {
      ...index.settings,
      refresh_interval: refreshInterval,
      number_of_replicas: 0,
      gc_deletes: '1h',
    },
    mappings: index.mappings,
  });
  try {
    const result = await work(target);
    const { count: found } = (await request(`${target}/_count`, 'GET')) as { count: number };
    if (found !== count) throw new Error(`${found} of ${count} documents arrived`);
    return result;
  } finally {
    await request(target, 'DELETE');
  }
}

const SIZE = 1_000;
const SIZES = [500, 2_000];
const CONCURRENCIES = [1, 2, 3, 4, 6];

/** A short search for the best settings: how many at once, then how large. It also warms Elasticsearch up. */
export async function findBestBulk(
  bed: Bed,
  documents: PreparedDocuments,
  say: (line: string) => void,
): Promise<BulkSettings> {
  let best = { settings: { concurrency: 4, size: SIZE }, rate: 0 };
  const attempt = async (settings: BulkSettings): Promise<void> => {
    const { accepted, searchable } = await bulkRate(bed, documents, settings);
    const words = `${Math.round(accepted)} documents/s accepted, ${Math.round(searchable)} searchable`;
    say(`  ${settings.concurrency} at once of ${settings.size}: ${words}`);
    if (searchable > best.rate) best = { settings, rate: searchable };
  };
  await bulkRate(bed, documents, best.settings);
  for (const concurrency of CONCURRENCIES) await attempt({ concurrency, size: SIZE });
  const { concurrency } = best.settings;
  for (const size of SIZES) await attempt({ concurrency, size });
  return best.settings;
}

async function send(order: BulkOrder): Promise<BulkResult> {
  const child = fork(join(import.meta.dirname, 'bulk-process.ts'));
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`the process that sends the ceiling's documents ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  child.send(order);
  const [result] = (await Promise.race([once(child, 'message'), ended])) as [BulkResult];
  return result;
}

async function request(url: string, method: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Elasticsearch answers ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
