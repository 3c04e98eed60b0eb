import type { IndexPlan } from '../definition/plan.ts';
import { idToKey, keyToId } from '../shared/document-key.ts';

/** Runs one prepared statement; rows come as arrays of text. */
export type PreparedQuery = (
  name: string,
  sql: string,
  parameters: readonly unknown[],
) => Promise<readonly (readonly string[])[]>;

/** A document as it goes to Elasticsearch: one line of JSON. */
export interface ResolvedDocument {
  readonly id: string;
  readonly json: string;
}

export interface Resolved {
  readonly documents: readonly ResolvedDocument[];
  /** The ids that have no row any more, or whose row is outside the definition's `where`. */
  readonly missing: readonly string[];
}

/** Reads documents whole, in one statement and so in one snapshot. */
export async function resolve(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
): Promise<Resolved> {
  const width = index.key.length;
  const keys = ids.map((id) => idToKey(id, width));
  const columns = index.key.map((_, column) => keys.map((key) => key[column] ?? ''));
  const rows = await query(`document:${index.name}:${index.hash}`, index.documentSql, columns);
  const missing = new Set(ids);
  const documents = rows.map((row) => {
    const id = keyToId(row.slice(0, width));
    missing.delete(id);
    return { id, json: toOneLine(row[width] ?? '{}') };
  });
  return { documents, missing: [...missing] };
}

/** Inside JSON's strings a newline is always escaped, so a raw one stands between tokens. */
function toOneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json;
}
