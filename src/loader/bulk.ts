import type { ResolvedDocument } from '../resolver/resolver.ts';
import { isTransientStatus, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Lsn } from '../shared/lsn.ts';

/** One line pair (or, for a deletion, one line) of a bulk request. */
export interface BulkItem {
  readonly id: string;
  /** The lines, each ended by a newline. */
  readonly lines: string;
}

/** What became of one item. */
export type ItemOutcome =
  /** Stored, or there is a version at least as fresh already. */
  | { readonly kind: 'accepted' | 'superseded' }
  /** Not now: the same item may be accepted later. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** The write alias does not exist. */
  | { readonly kind: 'index-missing' }
  /** Never: the document's own content is refused. */
  | { readonly kind: 'refused'; readonly status: number; readonly type: string; readonly reason: string };

/**
 * Invariant 1: written with the external version `version`, *a document at version v reflects every commit with end
 * LSN ≤ v*; `external_gte`, so that a re-read at the same LSN is taken.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control
 */
export function indexItem({ id, json }: ResolvedDocument, version: Lsn): BulkItem {
  return { id, lines: `{"index":${meta(id, version)}}\n${json}\n` };
}

export function deleteItem(id: string, version: Lsn): BulkItem {
  return { id, lines: `{"delete":${meta(id, version)}}\n` };
}

function meta(id: string, version: Lsn): string {
  return `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external_gte"}`;
}

/** Cuts items into requests of at most `maxBytes` of body each; a larger item goes alone. */
export function cutBySize(items: readonly BulkItem[], maxBytes: number): BulkItem[][] {
  const requests: BulkItem[][] = [];
  let current: BulkItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item.lines);
    if (current.length > 0 && bytes + size > maxBytes) {
      requests.push(current);
      current = [];
      bytes = 0;
    }
    current.push(item);
    bytes += size;
  }
  if (current.length > 0) requests.push(current);
  return requests;
}

interface BulkAnswer {
  readonly errors?: boolean;
  readonly items?: readonly Readonly<Record<string, ItemAnswer>>[];
}

interface ItemAnswer {
  readonly status: number;
  readonly error?: { readonly type?: string; readonly reason?: string };
}

/**
 * Sends one bulk request to a write alias and tells what became of each item, in order. `require_alias`, so that an
 * index deleted by hand is an error and never a dynamic mapping. Rejects when the request failed as a whole.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
export async function sendBulk(
  client: Elasticsearch,
  writeAlias: string,
  items: readonly BulkItem[],
): Promise<ItemOutcome[]> {
  const answer = await client.transport.request<BulkAnswer>({
    method: 'POST',
    path: `/${encodeURIComponent(writeAlias)}/_bulk`,
    querystring: {
      require_alias: true,
      filter_path: 'errors,items.*.status,items.*.error.type,items.*.error.reason',
    },
    bulkBody: items.map((item) => item.lines).join(''),
  });
  const results = answer.items ?? [];
  if (results.length !== items.length) {
    throw new Error(`Elasticsearch answered ${results.length} of ${items.length} items of a bulk request`);
  }
  return results.map(outcomeOf);
}

function outcomeOf(result: Readonly<Record<string, ItemAnswer>>): ItemOutcome {
  const [answer] = Object.values(result);
  if (!answer) return { kind: 'retry', reason: 'no answer' };
  const { status, error } = answer;
  const type = error?.type ?? '';
  // A deletion of what is not there is 404 without an error, and leaves its tombstone.
  if (status < 300 || (status === 404 && !error)) return { kind: 'accepted' };
  if (status === 409) return { kind: 'superseded' };
  if (isTransientStatus(status, type)) return { kind: 'retry', reason: `${status} ${type}` };
  if (type === 'index_not_found_exception' || status === 404) return { kind: 'index-missing' };
  return { kind: 'refused', status, type, reason: error?.reason ?? '' };
}
