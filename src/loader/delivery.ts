import { ProjectorError } from '../ops/errors.ts';
import { httpStatus, NotNowError, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { bytesOf, cutBySize, sendBulk, type BulkItem, type ItemOutcome, type Refusal } from './bulk.ts';

export interface DeliveryOptions {
  readonly client: Elasticsearch;
  /** A bulk request's body is cut at this many bytes. */
  readonly bulkBytes: number;
  /** Invariant 4: rejects when another process has become the holder of the slot. Asked before every attempt. */
  readonly assertHolder: () => Promise<void>;
  /** Retries what Elasticsearch, or Redis for `assertHolder`, cannot take now. */
  readonly retry: Retry;
  readonly now: () => number;
}

/** What became of an item in the end. */
export type Settled =
  { readonly kind: 'accepted' | 'superseded' } | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Sends items to a write alias, retrying what Elasticsearch cannot take now, until each is settled, which `onSettled`
 * is told, or too old: those are returned. `readAtMs` is when the reading of what they contain began.
 */
export type Deliver = (
  writeAlias: string,
  items: readonly BulkItem[],
  readAtMs: number,
  onSettled: (item: BulkItem, outcome: Settled) => void,
) => Promise<readonly BulkItem[]>;

/** Invariant 4: a prepared write older than this is dropped and read again. Below every index's gc_deletes by far. */
export const MAX_WRITE_AGE_MS = 60_000;

const TOO_MANY_REQUESTS = 429;

export function createDelivery(options: DeliveryOptions): Deliver {
  const { client, assertHolder, retry, now } = options;
  return async (writeAlias, items, readAtMs, onSettled) => {
    const isExpired = (): boolean => now() - readAtMs > MAX_WRITE_AGE_MS;
    const left = new Set(items);
    /** Halved by a rejection: Elasticsearch may have room for less at once. */
    let maxBytes = options.bulkBytes;

    const send = async (request: readonly BulkItem[]): Promise<readonly ItemOutcome[]> => {
      await assertHolder();
      const rejected = (): void => {
        maxBytes = bytesOf(request) / 2;
      };
      const outcomes = await sendBulk(client, writeAlias, request).catch((error: unknown) => {
        if (httpStatus(error) === TOO_MANY_REQUESTS) rejected();
        throw error;
      });
      if (outcomes.some((outcome) => outcome.kind === 'retry' && outcome.status === TOO_MANY_REQUESTS))
        rejected();
      return outcomes;
    };

    await retry(async () => {
      let notNow: string | null = null;
      const requests = cutBySize([...left], maxBytes);
      for (let request = requests.shift(); request; request = requests.shift()) {
        if (isExpired()) return;
        const apart: BulkItem[] = [];
        for (const [position, outcome] of (await send(request)).entries()) {
          const item = request[position];
          if (!item) continue;
          switch (outcome.kind) {
            case 'index-missing':
              throw indexMissing(writeAlias);
            case 'retry':
              notNow = outcome.reason;
              continue;
            case 'not-together':
              if (request.length > 1) {
                apart.push(item);
                continue;
              }
              onSettled(item, { kind: 'refused', refusal: outcome.refusal });
              break;
            case 'accepted':
            case 'superseded':
            case 'refused':
              onSettled(item, outcome);
          }
          left.delete(item);
        }
        requests.unshift(...halves(apart));
      }
      if (notNow !== null) throw new NotNowError(notNow);
    });
    return [...left];
  };
}

function halves(items: BulkItem[]): BulkItem[][] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].filter((half) => half.length > 0);
}

function indexMissing(writeAlias: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_MISSING',
    `the write alias ${writeAlias} does not exist: its index was deleted or its alias moved`,
    'Start again: a missing index is built anew. If you restored it, run with ES_SHOULD_DROP_INDEX=TRUE once.',
  );
}
