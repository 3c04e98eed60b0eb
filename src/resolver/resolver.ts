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
  /** The ids whose documents were too many bytes to be read with the others. */
  readonly unread: readonly string[];
}

/**
 * Reads documents whole, in one statement and so in one snapshot: all of them, or as many as are about `maxBytes`
 * together, but one at least (invariant 8).
 */
export async function resolve(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
  maxBytes?: number,
): Promise<Resolved> {
  const width = index.key.length;
  const rows =
    maxBytes === undefined
      ? await readByKeys(query, index, 'document', index.documentSql, ids)
      : await readByKeys(query, index, `document up to ${maxBytes}`, upToSql(index, maxBytes), ids);
  const missing = new Set(ids);
  const unread: string[] = [];
  const documents: ResolvedDocument[] = [];
  for (const row of rows) {
    const id = keyToId(row.slice(0, width));
    const json = row[width];
    // Another way to write a key (a UUID in capitals) finds its row, but is not the id of the row's document.
    if (!missing.delete(id)) continue;
    if (typeof json === 'string') documents.push({ id, json: toOneLine(json) });
    else unread.push(id);
  }
  return { documents, missing: [...missing], unread };
}

/**
 * The document query, with null for the documents behind those that fill the bytes. `offset 0` keeps Postgres from making
 * each document twice, once more for its length.
 */
function upToSql(index: IndexPlan, maxBytes: number): string {
  const keys = index.key.map((_, position) => `key${position + 1}`).join(', ');
  const bytesBefore = 'sum(octet_length(document)) over (rows unbounded preceding) - octet_length(document)';
  return `select ${keys}, case when ${bytesBefore} < ${maxBytes} then document end
from (
${index.documentSql}
  offset 0
) as documents`;
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
