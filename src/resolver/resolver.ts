import type { IndexPlan } from '../definition/plan.ts';
import { keyToId } from '../shared/document-key.ts';
import { readByKeys, type PreparedQuery } from './keys.ts';

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
  const rows = await readByKeys(query, index, 'document', index.documentSql, ids);
  const missing = new Set(ids);
  const documents = rows.flatMap((row) => {
    const id = keyToId(row.slice(0, width));
    // Another way to write a key (a UUID in capitals) finds its row, but is not the id of the row's document.
    return missing.delete(id) ? { id, json: toOneLine(row[width] ?? '{}') } : [];
  });
  return { documents, missing: [...missing] };
}

/** For each of the ids that have a document, the version of the root's row that it stands for. */
export async function readRowVersions(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const width = index.key.length;
  const rows = await readByKeys(query, index, 'row-version', index.rowVersionSql, ids);
  return new Map(rows.map((row) => [keyToId(row.slice(0, width)), row[width] ?? '']));
}

/** Inside JSON's strings a newline is always escaped, so a raw one stands between tokens. */
function toOneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json;
}
