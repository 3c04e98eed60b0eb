import type { IndexPlan } from '../definition/plan.ts';
import { ProjectorError } from '../ops/errors.ts';
import { keyToId } from '../shared/document-key.ts';

/** A document as it goes to Elasticsearch: one line of JSON. */
export interface ResolvedDocument {
  readonly id: string;
  readonly json: string;
}

/** What a batch was read as. Every key that has a row is in one of the lists. */
export interface Batch {
  readonly documents: readonly ResolvedDocument[];
  /** The ids of documents that are longer than `LONGEST_BYTES`. */
  readonly tooLong: readonly string[];
  /** The ids whose documents were too many bytes to be read with the others. */
  readonly unread: readonly string[];
}

/**
 * Longer JSON text stays in Postgres. With the documents before it (up to 90 MiB, `BULK_BYTES`) it must fit a string of
 * Node's, which ends at 512 MiB; one that does not ends the connection.
 */
export const LONGEST_BYTES = 400 * 2 ** 20;

/** Stands nowhere in JSON: inside its strings control characters are escaped, and between tokens there is white space only. */
const SEPARATOR = '\x01';

/**
 * All documents of the document query as one row: their keys; their texts, separated; and which are too long. That costs
 * both sides less than a row each, and in place of as many strings it leaves one to be collected. The texts are those of
 * the first documents alone, as many as fill the bytes. `offset 0` keeps Postgres from making each document twice, once
 * more for its length.
 *
 * Keys and texts are aggregated apart, so each key and each text carries the number of its row.
 */
export function batchSql(index: IndexPlan, maxBytes: number): string {
  const keys = index.key.map((_, position) => `key${position + 1}`).join(', ');
  return `select json_agg(json_build_array(number, ${keys}))::text,
  string_agg(number || document, chr(${SEPARATOR.charCodeAt(0)})) filter (where length > 0 and upto - length < ${maxBytes}),
  json_agg(number) filter (where length = 0)::text
from (
select *, row_number() over batch as number, sum(length) over batch as upto
from (
select *, case when octet_length(document) > ${LONGEST_BYTES} then 0 else octet_length(document) end as length
from (
${index.documentSql}
  offset 0
) as documents
) as documents
window batch as (rows unbounded preceding)
) as documents`;
}

/**
 * Takes the row of `batchSql` apart.
 *
 * Invariant 11: a text is a key's only where both carry the same number, and the texts are as many as there must be.
 *
 * @throws ProjectorError `PROJ_DOCUMENTS_UNPROVED` where they are not.
 */
export function parseBatch(index: string, row: readonly (string | null)[]): Batch {
  const [keys, texts, tooLong] = row;
  const pieces = texts ? toOneLine(texts).split(SEPARATOR) : [];
  const skipped = new Set(JSON.parse(tooLong ?? '[]') as number[]);
  const batch = { documents: [] as ResolvedDocument[], tooLong: [] as string[], unread: [] as string[] };
  let taken = 0;
  for (const [position, [number, ...key]] of (
    JSON.parse(keys ?? '[]') as [number, ...string[]][]
  ).entries()) {
    if (number !== position + 1) throw unproved(index, `row ${position + 1} has the number ${number}`);
    const id = keyToId(key);
    if (skipped.has(number)) {
      batch.tooLong.push(id);
      continue;
    }
    const piece = pieces[taken];
    if (piece === undefined) {
      batch.unread.push(id);
      continue;
    }
    const mark = String(number);
    if (!piece.startsWith(`${mark}{`)) throw unproved(index, `the text of row ${mark} is another's, or none`);
    batch.documents.push({ id, json: piece.slice(mark.length) });
    taken++;
  }
  if (taken < pieces.length) throw unproved(index, `there are ${pieces.length} texts of ${taken} rows`);
  // The first one is read whatever its length is.
  if (batch.unread.length > 0 && taken === 0) throw unproved(index, 'the first row has no text');
  return batch;
}

function unproved(index: string, what: string): ProjectorError {
  return new ProjectorError(
    'PROJ_DOCUMENTS_UNPROVED',
    `what Postgres gives as documents of ${index} does not belong to their keys: ${what}`,
    'Nothing of it was written. Start again; if it comes to the same, report it with the definition.',
  );
}

/** Inside JSON's strings a newline is always escaped, so a raw one stands between tokens. */
function toOneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json;
}
