import type { IndexPlan } from '../definition/plan.ts';
import { isRefusedQuery, sqlState } from '../servers/postgres.ts';
import { idToKey } from '../shared/document-key.ts';

type Rows = readonly (readonly string[])[];

/** Runs one prepared statement; rows come as arrays of text. */
export type PreparedQuery = (name: string, sql: string, parameters: readonly unknown[]) => Promise<Rows>;

/** What a statement of the plan gives for the first of some ids. */
export interface Reading {
  /** The ids that it was given. */
  readonly ids: readonly string[];
  readonly rows: Rows;
  /** The SQLSTATE with which Postgres fails for the one id; null where it does not. */
  readonly failure: string | null;
}

const PARTS = 8;

/**
 * Runs a statement of the plan that takes keys, for the first of the ids: for all, or, where Postgres fails for what is in
 * a row, for an eighth of them, and so on, until it does not, or fails for the first alone. (Halves would take twice as many
 * attempts that fail, each of which may have made a document of a gigabyte.) An id that cannot be a key, as only an edit by
 * hand brings into an index, has no row.
 *
 * Rejects where the statement itself is refused: then Postgres refuses it without keys, too.
 */
export async function readFirst(
  query: PreparedQuery,
  index: IndexPlan,
  name: string,
  sql: string,
  ids: readonly string[],
): Promise<Reading> {
  const read = (some: readonly string[]): Promise<Rows> =>
    query(`${name}:${index.name}:${index.hash}`, sql, toColumns(index, some));
  let isFirst = true;
  for (let some = ids; ; some = some.slice(0, Math.ceil(some.length / PARTS))) {
    try {
      return { ids: some, rows: await read(some), failure: null };
    } catch (error) {
      if (!isRefusedQuery(error)) throw error;
      // What fails without keys has nothing to do with rows; what fails once may have met a change of the schema.
      if (isFirst) await read([]);
      else if (some.length === 1)
        return { ids: some, rows: [], failure: await failureOf(query, index, some, error) };
      isFirst = false;
    }
  }
}

/** One array a column of the key. */
function toColumns(index: IndexPlan, ids: readonly string[]): string[][] {
  const keys = ids.map((id) => idToKey(id, index.key.length));
  return index.key.map((_, column) => keys.map((key) => key[column] ?? ''));
}

/** The error's SQLSTATE; null where the id is not how Postgres writes a key of this table, and so has no row. */
async function failureOf(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
  error: unknown,
): Promise<string | null> {
  const texts = index.key.map(({ type }, position) => `format('%s', ($${position + 1}::${type}[])[1])`);
  const columns = toColumns(index, ids);
  try {
    const [row] = await query(`key:${index.name}:${index.hash}`, `select ${texts.join(', ')}`, columns);
    return row?.every((text, position) => text === columns[position]?.[0]) ? (sqlState(error) ?? '') : null;
  } catch (refused) {
    if (!isRefusedQuery(refused)) throw refused;
    return null;
  }
}
