import { ProjectorError } from '../ops/errors.ts';
import { httpStatus, isTimeout, NotNowError, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import {
  sendBulk,
  takeBySize,
  type BulkItem,
  type BulkRequest,
  type ItemOutcome,
  type Refusal,
} from './bulk.ts';
import { createRequestSize } from './request-size.ts';

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
  const size = createRequestSize(options.bulkBytes);

  const send = async (writeAlias: string, request: BulkRequest): Promise<readonly ItemOutcome[]> => {
    await assertHolder();
    const outcomes = await sendBulk(client, writeAlias, request).catch((error: unknown) => {
      if (httpStatus(error) === TOO_MANY_REQUESTS) size.refused(request.bytes);
      if (isTimeout(error)) size.unanswered(request.bytes);
      throw error;
    });
    if (outcomes.some((outcome) => outcome.kind === 'retry' && outcome.status === TOO_MANY_REQUESTS))
      size.refused(request.bytes);
    else size.taken(request.bytes);
    return outcomes;
  };

  return async (writeAlias, items, readAtMs, onSettled) => {
    const isExpired = (): boolean => now() - readAtMs > MAX_WRITE_AGE_MS;
    const left = new Set(items);
    /** What may go in one request, the next last. What is refused together is sent in halves, before the others. */
    const groups: (readonly BulkItem[])[] = [items];

    /** Rejects when there is nothing that it has settled or parted. */
    const step = async (): Promise<void> => {
      const group = groups.pop()?.filter((item) => left.has(item)) ?? [];
      if (group.length === 0) return;
      groups.push(group);
      const request = takeBySize(group, size.maxBytes);
      const outcomes = await send(writeAlias, request);
      const apart: BulkItem[] = [];
      const before = left.size;
      let notNow = 'no answer';
      for (const [position, item] of request.items.entries()) {
        const outcome = outcomes[position];
        switch (outcome?.kind) {
          case 'index-missing':
            throw indexMissing(writeAlias);
          case 'not-together':
            if (request.items.length > 1) {
              apart.push(item);
              continue;
            }
            onSettled(item, { kind: 'refused', refusal: outcome.refusal });
            break;
          case 'accepted':
          case 'superseded':
          case 'refused':
            onSettled(item, outcome);
            break;
          default:
            notNow = outcome?.reason ?? notNow;
            continue;
        }
        left.delete(item);
      }
      const [first, second] = halves(apart);
      groups.push(second, first);
      if (left.size === before && apart.length === 0) throw new NotNowError(notNow);
    };

    // Each step has a patience of its own: where something moves, nothing has to wait for long.
    while (left.size > 0 && !isExpired()) await retry(() => (isExpired() ? Promise.resolve() : step()));
    return [...left];
  };
}

function halves<T>(items: readonly T[]): readonly [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

function indexMissing(writeAlias: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_MISSING',
    `the write alias ${writeAlias} does not exist: its index was deleted or its alias moved`,
    'Start again: a missing index is built anew. If you restored it, run with ES_SHOULD_DROP_INDEX=TRUE once.',
  );
}
