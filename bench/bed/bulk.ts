import type { Bed } from './bed.ts';
import { runInChild } from './child.ts';
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
  const { count } = documents;
  await using index = await createIndex(bed, documents, '-1');
  const seconds = await index.send(settings);
  const startedMs = performance.now();
  await index.assertComplete();
  const refreshSeconds = (performance.now() - startedMs) / 1000;
  return { accepted: count / seconds, searchable: count / (seconds + refreshSeconds) };
}

/** An index that has the prepared documents, and refreshes each second. Disposing deletes it. */
export interface OverwriteCeiling extends AsyncDisposable {
  /** Sends all of them again, with their external versions: documents a second until the last one is accepted. */
  rate(): Promise<number>;
}

/** It is kept from one measurement to the next, and so merges its segments as the service's own index does. */
export async function openOverwriteCeiling(
  bed: Bed,
  documents: PreparedDocuments,
  settings: BulkSettings,
): Promise<OverwriteCeiling> {
  await using opening = new AsyncDisposableStack();
  const index = opening.use(await createIndex(bed, documents, '1s'));
  await index.send(settings);
  const opened = opening.move();
  return {
    async rate() {
      const seconds = await index.send(settings);
      await index.assertComplete();
      return documents.count / seconds;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** An index for prepared documents. Disposing deletes it. */
interface CeilingIndex extends AsyncDisposable {
  /** Sends each of them, and gives the seconds until the last one is accepted. */
  send(settings: BulkSettings): Promise<number>;
  /** Refreshes it; rejects when it has not all of them then. */
  assertComplete(): Promise<void>;
}

async function createIndex(
  bed: Bed,
  { index, count, file }: PreparedDocuments,
  refreshInterval: string,
): Promise<CeilingIndex> {
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
  return {
    async send(settings) {
      const order = { ...settings, file, url: `${target}/_bulk?filter_path=errors` };
      return (await sendFromChild(order)).seconds;
    },
    async assertComplete() {
      await request(`${target}/_refresh`, 'POST');
      const { count: found } = (await request(`${target}/_count`, 'GET')) as { count: number };
      if (found !== count) throw new Error(`${found} of ${count} documents arrived`);
    },
    [Symbol.asyncDispose]: async () => {
      await request(target, 'DELETE');
    },
  };
}

const SIZE = 1_000;
const SIZES = [500, 2_000];
const CONCURRENCIES = [1, 2, 3, 4, 6];

/** A short search for the best settings: how many at once, then how large. */
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
  for (const concurrency of CONCURRENCIES) await attempt({ concurrency, size: SIZE });
  const { concurrency } = best.settings;
  for (const size of SIZES) await attempt({ concurrency, size });
  return best.settings;
}

async function sendFromChild(order: BulkOrder): Promise<BulkResult> {
  return (await runInChild('bulk-process.ts', order)) as BulkResult;
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
