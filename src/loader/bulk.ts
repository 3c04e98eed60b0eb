import type { ResolvedDocument } from '../resolver/resolver.ts';
import {
  failureOf,
  httpStatus,
  isTransientStatus,
  type Elasticsearch,
  type ElasticsearchFailure,
} from '../servers/elasticsearch.ts';
import type { Lsn } from '../shared/lsn.ts';
import { describeFailure } from './reason.ts';

const NEWLINE = 0x0a;

/** A pair of lines (or, for a deletion, one line) of a bulk request. */
export interface BulkItem {
  readonly id: string;
  /** Without the newlines that end them. */
  readonly lines: readonly string[];
}

/** Why an item is never taken, without anything of the document's own content. The status is Elasticsearch's. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

/** What became of one item. */
export type ItemOutcome =
  /** Stored, or there is a version at least as fresh already. */
  | { readonly kind: 'accepted' | 'superseded' }
  /** Not now: the same item may be accepted later. */
  | { readonly kind: 'retry'; readonly status: number; readonly reason: string }
  /** The write alias does not exist, or does not say which index it writes to. */
  | { readonly kind: 'index-missing' }
  /** The request was refused as a whole, for its size or for one of its items: each may be accepted without the others. */
  | { readonly kind: 'not-together'; readonly refusal: Refusal }
  /** Never: the document's own content is refused. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Invariant 1: written with the external version `version`, *a document at version v reflects every commit with end
 * LSN ≤ v*; `external_gte`, so that a re-read at the same LSN is taken.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control
 */
export function indexItem({ id, json }: ResolvedDocument, version: Lsn, routing?: string): BulkItem {
  return { id, lines: [`{"index":${meta(id, version, routing)}}`, json] };
}

export function deleteItem(id: string, version: Lsn, routing?: string): BulkItem {
  return { id, lines: [`{"delete":${meta(id, version, routing)}}`] };
}

function meta(id: string, version: Lsn, routing?: string): string {
  const routed = routing === undefined ? '' : `,"routing":${JSON.stringify(routing)}`;
  return `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external_gte"${routed}}`;
}

/** A part of some items. */
export interface BulkRequest {
  readonly items: readonly BulkItem[];
  /** The length of its body. */
  readonly bytes: number;
}

/** The first of the items, as many as `maxBytes` of body hold; the first one in any case. */
export function takeBySize(items: readonly BulkItem[], maxBytes: number): BulkRequest {
  let bytes = 0;
  let count = 0;
  for (const { lines } of items) {
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    if (count > 0 && bytes + size > maxBytes) break;
    bytes += size;
    count++;
  }
  return { items: items.slice(0, count), bytes };
}

/** The body of a request. Written once into memory outside the heap, documents leave nothing there to be collected. */
export function bulkBody({ items, bytes }: BulkRequest): Buffer {
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { lines } of items) {
    for (const line of lines) {
      at += body.write(line, at);
      body[at++] = NEWLINE;
    }
  }
  return body;
}

interface BulkAnswer {
  readonly items?: readonly Readonly<Record<string, ItemAnswer>>[];
}

interface ItemAnswer {
  readonly status: number;
  readonly error?: ElasticsearchFailure;
}

/**
 * Sends one bulk request to a write alias and tells what became of each item, in order. `require_alias`, so that an
 * index deleted by hand is an error and never a dynamic mapping. Rejects when the request failed as a whole and not for
 * what is in it.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
export async function sendBulk(
  client: Elasticsearch,
  writeAlias: string,
  request: BulkRequest,
): Promise<ItemOutcome[]> {
  const { items } = request;
  const answer = await client.transport
    .request<BulkAnswer>({
      method: 'POST',
      path: `/${encodeURIComponent(writeAlias)}/_bulk`,
      querystring: { require_alias: true, filter_path: 'items.*.status,items.*.error' },
      bulkBody: bulkBody(request),
    })
    .catch((error: unknown) => {
      const refusal = wholeRefusal(error);
      if (refusal) return refusal;
      throw error;
    });
  if ('reason' in answer) return items.map(() => ({ kind: 'not-together', refusal: answer }));
  const results = answer.items ?? [];
  if (results.length !== items.length) {
    throw new Error(`Elasticsearch answered ${results.length} of ${items.length} items of a bulk request`);
  }
  return results.map(outcomeOf);
}

/** Why a request was refused for what is in it; null when it failed for another reason. */
function wholeRefusal(error: unknown): Refusal | null {
  const status = httpStatus(error);
  const failure = failureOf(error);
  if (status === 413) {
    const reason = 'the document is larger than a request to Elasticsearch may be (http.max_content_length)';
    return { status, type: 'content_too_long', reason };
  }
  if (status === 400 || (status === 429 && isTooLarge(failure))) return refusalOf(status, failure);
  return null;
}

function outcomeOf(result: Readonly<Record<string, ItemAnswer>>): ItemOutcome {
  const [answer] = Object.values(result);
  if (!answer) return { kind: 'retry', status: 0, reason: 'no answer' };
  const { status, error = {} } = answer;
  const { type = '', reason = '' } = error;
  // A deletion of what is not there is 404 without an error, and leaves its tombstone.
  if (status < 300 || (status === 404 && !answer.error)) return { kind: 'accepted' };
  if (status === 409) return { kind: 'superseded' };
  if (isTooLarge(error)) return { kind: 'not-together', refusal: refusalOf(status, error) };
  if (isTransientStatus(status, type) || isPipelineMissing(error))
    return { kind: 'retry', status, reason: isPipelineMissing(error) ? reason : `${status} ${type}` };
  if (status === 404 || reason.startsWith('no write index is defined for alias'))
    return { kind: 'index-missing' };
  return { kind: 'refused', refusal: refusalOf(status, error) };
}

/**
 * Whether more than Elasticsearch ever indexes at once was sent at once. It says so by "too many requests", as it does
 * of what it could take if it had less else to do.
 * https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/indexing-pressure-settings
 */
function isTooLarge({ type, reason = '' }: ElasticsearchFailure): boolean {
  if (type !== 'es_rejected_execution_exception') return false;
  const [, bytes, most] = /_operation_bytes=(\d+), max_\w+=(\d+)/.exec(reason) ?? [];
  return bytes !== undefined && Number(bytes) > Number(most);
}

/** The index's ingest pipeline has been deleted, whatever the document is: it is waited for until it is back. */
function isPipelineMissing({ reason = '' }: ElasticsearchFailure): boolean {
  return /^pipeline with id \[.*\] does not exist$/.test(reason);
}

function refusalOf(status: number, failure: ElasticsearchFailure): Refusal {
  return { status, type: failure.type ?? '', reason: describeFailure(failure) };
}
