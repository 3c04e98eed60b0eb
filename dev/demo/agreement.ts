import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Elasticsearch } from '../../src/servers/elasticsearch.ts';
import { count } from './screen.ts';

/** An index and the table whose rows are its documents. */
export const roots = { movies: 'film_work', persons: 'person', genres: 'genre' } as const;

export interface Agreement {
  readonly index: string;
  readonly table: string;
  readonly documents: number;
  readonly rows: number;
}

export interface AgreementOptions {
  readonly client: ClientBase;
  readonly elasticsearch: Elasticsearch;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const pollMs = 100;

/** Counts documents and rows of all three indexes, until they agree or the time is up. */
export async function compareCounts({
  client,
  elasticsearch,
  timeoutMs,
  signal,
}: AgreementOptions): Promise<Agreement[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const agreements: Agreement[] = [];
    for (const [index, table] of Object.entries(roots)) {
      const { count: documents } = await elasticsearch.count({ index }, { signal });
      const { rows } = await client.query<{ count: string }>(`select count(*) from content.${table}`);
      agreements.push({ index, table, documents, rows: Number(rows[0]?.count) });
    }
    if (agreements.every(agrees) || performance.now() > deadline) return agreements;
    await delay(pollMs, undefined, { signal });
  }
}

const agrees = ({ documents, rows }: Agreement): boolean => documents === rows;

/** In words, where the counts do not agree, and where Elasticsearch has refused documents, by index; none if all is well. */
export function findFailures(
  agreements: readonly Agreement[],
  refused: Readonly<Record<string, number>>,
): string[] {
  const differing = agreements.filter((agreement) => !agrees(agreement));
  return [
    ...differing.map(
      ({ index, table, documents, rows }) =>
        `${index} has ${count(documents)} documents, but content.${table} ${count(rows)} rows`,
    ),
    ...Object.entries(refused)
      .filter(([, documents]) => documents > 0)
      .map(
        ([index, documents]) => `Elasticsearch has refused ${count(documents)} of the documents of ${index}`,
      ),
  ];
}
