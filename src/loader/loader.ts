import { ProjectorError } from '../ops/errors.ts';
import type { Resolved } from '../resolver/resolver.ts';
import { NotNowError, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';
import { cutBySize, deleteItem, indexItem, sendBulk, type BulkItem, type ItemOutcome } from './bulk.ts';

export interface LoaderOptions {
  readonly client: Elasticsearch;
  /** A bulk request's body is cut at this many bytes. */
  readonly bulkBytes: number;
  /** Invariant 4: rejects when another process has become the holder of the slot. Asked before every attempt. */
  readonly assertHolder: () => Promise<void>;
  /** Retries what Elasticsearch, or Redis for `assertHolder`, cannot take now. */
  readonly retry: Retry;
  readonly now: () => number;
}

/** A document that Elasticsearch refuses for its own content. */
export interface RefusedDocument {
  readonly id: string;
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

export interface LoadResult {
  readonly accepted: number;
  readonly superseded: number;
  readonly refused: readonly RefusedDocument[];
  /** Ids whose prepared write grew too old while Elasticsearch did not take it: they have to be read again. */
  readonly expired: readonly string[];
}

export interface Write {
  readonly writeAlias: string;
  /** What the documents were read as. */
  readonly resolved: Resolved;
  /** All commits with end LSN ≤ this were visible to the read. */
  readonly version: Lsn;
  /** When the read began, on the loader's clock. */
  readonly readAtMs: number;
}

export type Loader = (write: Write) => Promise<LoadResult>;

/** Invariant 4: a prepared write older than this is dropped and read again. Below every index's gc_deletes by far. */
export const MAX_WRITE_AGE_MS = 60_000;

/** Writes documents and deletions, retrying what Elasticsearch cannot take now, until all is settled or too old. */
export function createLoader({ client, bulkBytes, assertHolder, retry, now }: LoaderOptions): Loader {
  return async ({ writeAlias, resolved, version, readAtMs }) => {
    const isExpired = (): boolean => now() - readAtMs > MAX_WRITE_AGE_MS;
    const refused: RefusedDocument[] = [];
    let accepted = 0;
    let superseded = 0;
    let left: BulkItem[] = [
      ...resolved.documents.map((document) => indexItem(document, version)),
      ...resolved.missing.map((id) => deleteItem(id, version)),
    ];

    /** Settles an item, or gives the reason why it has to be sent again. */
    const settle = ({ id }: BulkItem, outcome: ItemOutcome): string | null => {
      switch (outcome.kind) {
        case 'retry':
          return outcome.reason;
        case 'index-missing':
          throw indexMissing(writeAlias);
        case 'refused':
          refused.push({ id, status: outcome.status, type: outcome.type, reason: outcome.reason });
          return null;
        case 'superseded':
          superseded++;
          return null;
        case 'accepted':
          accepted++;
          return null;
      }
    };

    await retry(async () => {
      const reasons: string[] = [];
      for (const request of cutBySize(left, bulkBytes)) {
        if (isExpired()) return;
        await assertHolder();
        const outcomes = await sendBulk(client, writeAlias, request);
        const again = new Set<BulkItem>();
        request.forEach((item, position) => {
          const outcome = outcomes[position];
          const notNow = outcome ? settle(item, outcome) : 'no answer';
          if (notNow === null) return;
          again.add(item);
          reasons.push(notNow);
        });
        const sent = new Set(request);
        left = left.filter((item) => !sent.has(item) || again.has(item));
      }
      if (reasons.length > 0) throw new NotNowError(reasons.at(-1));
    });
    return { accepted, superseded, refused, expired: left.map(({ id }) => id) };
  };
}

function indexMissing(writeAlias: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_MISSING',
    `the write alias ${writeAlias} does not exist: its index was deleted or its alias moved`,
    'Start again: a missing index is built anew. If you restored it, run with ES_SHOULD_DROP_INDEX=TRUE once.',
  );
}
