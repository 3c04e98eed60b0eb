import { setTimeout as delay } from 'node:timers/promises';
import { countRows, type RootQueries } from '../resolver/root-pages.ts';
import type { Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';

/** What an index has, and what it should have. */
export interface Counts {
  /** Rows that should have a document, and those of which Postgres cannot tell. */
  readonly rows: number;
  readonly documents: number;
  /** Documents that are dead-lettered: of each the index has an older one, or none. */
  readonly refused: number;
}

/**
 * Whether an index has as many documents as it should. While so many rows were changed, each may have made one document
 * more or less than the other count saw.
 */
export function countsAgree({ rows, documents, refused }: Counts, changes: number): boolean {
  return documents - changes <= rows && rows <= documents + refused + changes;
}

export interface CountOptions extends RootQueries {
  readonly physical: string;
  readonly elasticsearch: Elasticsearch;
  readonly retry: Retry;
  /** How many documents of it are refused now. */
  readonly refused: () => number;
  /** Changes that have come through the stream so far. */
  readonly changes: () => number;
  /** A new position at the end of the WAL. */
  readonly newest: () => Promise<Lsn>;
  /** Settles once all that ends at or before it is durable. */
  readonly covered: (lsn: Lsn) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A TRUNCATE is one change of any number of rows: so it is looked at more than once. */
const ROUNDS = 3;
const BETWEEN_MS = 1_000;

/** Counts rows and documents while the stream goes on. */
export async function compareCounts(options: CountOptions): Promise<Counts & { readonly agree: boolean }> {
  const { physical, elasticsearch, retry, refused, changes, newest, covered, signal } = options;
  for (let round = 1; ; round++) {
    await covered(await newest());
    const before = changes();
    const rows = await countRows(options);
    const documents = await retry(async () => {
      await elasticsearch.indices.refresh({ index: physical });
      return (await elasticsearch.count({ index: physical })).count;
    });
    const counts = { rows, documents, refused: refused() };
    await covered(await newest());
    const agree = countsAgree(counts, changes() - before);
    if (agree || round === ROUNDS) return { ...counts, agree };
    await delay(BETWEEN_MS, undefined, { signal });
  }
}
