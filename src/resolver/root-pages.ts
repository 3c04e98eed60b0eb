import type { IndexPlan } from '../definition/plan.ts';
import { ProjectorError } from '../ops/errors.ts';
import { pages, type QueryRows } from '../router/pages.ts';
import { isRefusedQuery } from '../servers/postgres.ts';
import { refusalInWords } from '../servers/sql-states.ts';
import { keyToId } from '../shared/document-key.ts';
import type { PreparedQuery } from './keys.ts';
import { readRowVersions } from './resolver.ts';

/** How the keys of an index's rows are read. */
export interface RootQueries {
  readonly query: QueryRows;
  readonly preparedQuery: PreparedQuery;
  readonly index: IndexPlan;
}

export interface RootPageOptions {
  readonly pageSize: number;
  /** The key to start behind. */
  readonly after?: readonly string[] | undefined;
}

type Keys = readonly (readonly string[])[];

/** How many pages in a row are read without the definition's `where`, at most, before it is tried again. */
const MOST_UNFILTERED = 64;

/**
 * Pages the keys of the rows that have a document, in key order, and of those of which Postgres cannot tell, since the
 * definition's `where` fails for them.
 *
 * Where it fails for a row of a page, all rows of that page are read and asked for one by one. More pages are read so
 * each time that it fails again: the next such row may lie far behind, and every attempt would come as far.
 *
 * @throws ProjectorError `PROJ_QUERY_REFUSED` where a key cannot be read.
 */
export async function* rootPages(
  { query, preparedQuery, index }: RootQueries,
  { pageSize, after }: RootPageOptions,
): AsyncGenerator<Keys> {
  let cursor = after;
  let unfiltered = 0;
  let stretch = 1;
  for (;;) {
    const isFiltered = unfiltered === 0;
    const paged = isFiltered ? index.keyPages : index.rowPages;
    let keys: Keys;
    try {
      const page = await pages(query, paged, { pageSize, after: cursor }).next();
      keys = page.done ? [] : page.value;
    } catch (error) {
      if (!isRefusedQuery(error)) throw error;
      if (!isFiltered) throw unreadable(index, error);
      unfiltered = stretch;
      stretch = Math.min(MOST_UNFILTERED, stretch * 2);
      continue;
    }
    if (isFiltered) {
      stretch = 1;
      if (keys.length > 0) yield keys;
    } else {
      unfiltered--;
      const versions = await readRowVersions(preparedQuery, index, keys.map(keyToId));
      const some = keys.filter((key) => versions.has(keyToId(key)));
      if (some.length > 0) yield some;
    }
    if (keys.length < pageSize) return;
    cursor = keys.at(-1);
  }
}

/** How many rows `rootPages` gives. */
export async function countRows(queries: RootQueries): Promise<number> {
  try {
    const [row] = await queries.query(queries.index.countSql, []);
    return Number(row?.[0] ?? 0);
  } catch (error) {
    if (!isRefusedQuery(error)) throw error;
    let count = 0;
    for await (const keys of rootPages(queries, { pageSize: 5_000 })) count += keys.length;
    return count;
  }
}

/** What is wrong with the statement itself passes as it is: planned again, it may be another. */
function unreadable({ name, root }: IndexPlan, error: unknown): unknown {
  const refusal = refusalInWords(error);
  if (refusal === null) return error;
  return new ProjectorError(
    'PROJ_QUERY_REFUSED',
    `Postgres cannot give the keys of ${root.schema}.${root.name}, of which ${name} is made: ${refusal}`,
    'Correct the keys: a key that is no text has no document id. Then start again; nothing is lost meanwhile.',
    { cause: error },
  );
}
