import type { PagedQuery } from '../definition/plan.ts';

/** Runs one statement; rows come as arrays of text. */
export type QueryRows = (
  sql: string,
  parameters: readonly unknown[],
) => Promise<readonly (readonly string[])[]>;

export interface PageOptions {
  /** The query's fixed parameters. */
  readonly parameters?: readonly unknown[];
  readonly pageSize: number;
  /** The key columns to start behind. */
  readonly after?: readonly string[] | undefined;
}

/** The pages of a keyset-paged query, each a list of keys (text, one value per key column), in key order. */
export async function* pages(
  query: QueryRows,
  paged: PagedQuery,
  { parameters = [], pageSize, after }: PageOptions,
): AsyncGenerator<readonly (readonly string[])[]> {
  let cursor = after;
  for (;;) {
    const rows = cursor
      ? await query(paged.next, [...parameters, ...cursor, pageSize])
      : await query(paged.first, [...parameters, pageSize]);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    cursor = rows.at(-1);
  }
}
