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
  maxBytes: number,
): Promise<Resolved> {
  const [row] = await readByKeys(query, index, `documents up to ${maxBytes}`, batchSql(index, maxBytes), ids);
  const [keys, texts] = row ?? [];
  const missing = new Set(ids);
  const unread: string[] = [];
  const documents: ResolvedDocument[] = [];
  const jsons = texts ? toOneLine(texts).split(SEPARATOR) : [];
  for (const [position, key] of (JSON.parse(keys ?? '[]') as string[][]).entries()) {
    const id = keyToId(key);
    const json = jsons[position];
    // Another way to write a key (a UUID in capitals) finds its row, but is not the id of the row's document.
    if (!missing.delete(id)) continue;
    if (json === undefined) unread.push(id);
    else documents.push({ id, json });
  }
  return { documents, missing: [...missing], unread };
}

/** Stands nowhere in JSON: inside its strings control characters are escaped, and between tokens there is white space only. */
const SEPARATOR = '\x01';

/**
 * All documents of the document query as one row: their keys, and their texts, separated. That costs both sides less than
 * a row each, and in place of as many strings it leaves one to be collected. The texts are those of the first documents
 * alone, as many as fill the bytes. `offset 0` keeps Postgres from making each document twice, once more for its
 * length.
 */
function batchSql(index: IndexPlan, maxBytes: number): string {
  const keys = index.key.map((_, position) => `key${position + 1}`).join(', ');
  return `select json_agg(json_build_array(${keys}))::text, string_agg(document, chr(${SEPARATOR.charCodeAt(0)})) filter (where before < ${maxBytes})
from (
select *, sum(octet_length(document)) over (rows unbounded preceding) - octet_length(document) as before
from (
${index.documentSql}
  offset 0
) as documents
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
