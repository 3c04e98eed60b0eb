import type { IndexPlan } from '../definition/plan.ts';
import { sqlState } from '../servers/postgres.ts';
import { idToKey } from '../shared/document-key.ts';

/** Runs one prepared statement; rows come as arrays of text. */
export type PreparedQuery = (
  name: string,
  sql: string,
  parameters: readonly unknown[],
) => Promise<readonly (readonly string[])[]>;

/** Data exceptions: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DATA_EXCEPTION = /^22/;

/**
 * Runs a statement of the plan that takes keys. An id that cannot be a key, as only an edit by hand brings into an index,
 * has no row; it does not keep those of the others from being read.
 */
export async function readByKeys(
  query: PreparedQuery,
  index: IndexPlan,
  name: string,
  sql: string,
  ids: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const read = (some: readonly string[]): Promise<readonly (readonly string[])[]> =>
    query(`${name}:${index.name}:${index.hash}`, sql, toColumns(index, some));
  try {
    return await read(ids);
  } catch (error) {
    if (!isDataException(error)) throw error;
    const impossible = new Set(await findImpossible(query, index, ids));
    if (impossible.size === 0) throw error;
    return await read(ids.filter((id) => !impossible.has(id)));
  }
}

/** One array a column of the key. */
function toColumns(index: IndexPlan, ids: readonly string[]): string[][] {
  const keys = ids.map((id) => idToKey(id, index.key.length));
  return index.key.map((_, column) => keys.map((key) => key[column] ?? ''));
}

/** The ids whose text is not a value of the key's types. */
async function findImpossible(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
): Promise<readonly string[]> {
  const casts = index.key.map(({ type }, position) => `$${position + 1}::${type}[] is null`);
  try {
    await query(`key:${index.name}:${index.hash}`, `select ${casts.join(', ')}`, toColumns(index, ids));
    return [];
  } catch (error) {
    if (!isDataException(error)) throw error;
    if (ids.length === 1) return ids;
    const middle = Math.ceil(ids.length / 2);
    const first = await findImpossible(query, index, ids.slice(0, middle));
    return [...first, ...(await findImpossible(query, index, ids.slice(middle)))];
  }
}

function isDataException(error: unknown): boolean {
  return DATA_EXCEPTION.test(sqlState(error) ?? '');
}
