import type { PagedQuery } from '../definition/plan.ts';
import { keyToId } from '../shared/document-key.ts';

/** Runs one statement; rows come as arrays of text. */
export type QueryRows = (
  sql: string,
  parameters: readonly unknown[],
) => Promise<readonly (readonly string[])[]>;

export interface PageOptions {
  /** The query's fixed parameters. */
  readonly parameters?: readonly unknown[];
  readonly pageSize: number;
  /** That of all pages but the first, where it is another. */
  readonly nextPageSize?: number;
  /** The key columns to start behind. */
  readonly after?: readonly string[] | undefined;
}

/** The pages of a keyset-paged query, each a list of keys (text, one value per key column), in key order. */
export async function* pages(
  query: QueryRows,
  paged: PagedQuery,
  { parameters = [], pageSize, nextPageSize = pageSize, after }: PageOptions,
): AsyncGenerator<readonly (readonly string[])[]> {
  let cursor = after;
  for (let size = pageSize; ; size = nextPageSize) {
    const rows = cursor
      ? await query(paged.next, [...parameters, ...cursor, size])
      : await query(paged.first, [...parameters, size]);
    if (rows.length > 0) yield rows;
    if (rows.length < size) return;
    cursor = rows.at(-1);
  }
}

/** The same, as document ids. */
export async function* idPages(...of: Parameters<typeof pages>): AsyncGenerator<readonly string[]> {
  for await (const keys of pages(...of)) yield keys.map(keyToId);
}
