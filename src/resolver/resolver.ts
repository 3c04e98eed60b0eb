import type { IndexPlan } from '../definition/plan.ts';
import { stateInWords } from '../servers/sql-states.ts';
import { keyToId } from '../shared/document-key.ts';
import { batchSql, LONGEST_BYTES, parseBatch, type ResolvedDocument } from './batch.ts';
import { readFirst, type PreparedQuery } from './keys.ts';

export type { ResolvedDocument } from './batch.ts';

/** A row of which no document can be made, and why: nothing of what is in the row. */
export interface UnmadeDocument {
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}

export interface Resolved {
  readonly documents: readonly ResolvedDocument[];
  /** The ids that have no row any more, or whose row is outside the definition's `where`. */
  readonly missing: readonly string[];
  readonly unmade: readonly UnmadeDocument[];
  /** The ids that could not be read with the others: their documents were too many bytes, or Postgres failed for one. */
  readonly unread: readonly string[];
}

/**
 * Reads documents whole, in one statement and so in one snapshot: all of them, or as many as are about `maxBytes`
 * together, but one at least (invariant 8). Where Postgres fails for a row, fewer are read, down to the one that it fails
 * for.
 */
export async function resolve(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
  maxBytes: number,
): Promise<Resolved> {
  const name = `documents up to ${maxBytes}`;
  const read = await readFirst(query, index, name, batchSql(index, maxBytes), ids);
  const rest = ids.slice(read.ids.length);
  if (read.failure !== null) {
    const unmade = read.ids.map((id) => failed(id, read.failure ?? ''));
    return { documents: [], missing: [], unmade, unread: rest };
  }
  const batch = parseBatch(index.name, read.rows[0] ?? []);
  const missing = new Set(read.ids);
  // Another way to write a key (a UUID in capitals) finds its row, but is not the id of the row's document.
  const wanted = (id: string): boolean => missing.delete(id);
  const documents = batch.documents.filter(({ id }) => wanted(id));
  const unmade = batch.tooLong.filter(wanted).map(tooLong);
  const unread = [...batch.unread.filter(wanted), ...rest];
  return { documents, missing: [...missing], unmade, unread };
}

function failed(id: string, state: string): UnmadeDocument {
  const reason = `Postgres cannot make the document: ${stateInWords(state)}`;
  return { id, type: `sqlstate_${state}`, reason };
}

function tooLong(id: string): UnmadeDocument {
  const reason = `the document is longer than the ${LONGEST_BYTES / 2 ** 20} MiB of JSON text that can be read`;
  return { id, type: 'document_too_long', reason };
}

/** Stands for the version of a row of which Postgres cannot tell whether it has a document. */
const UNDECIDED = 'undecided';

/**
 * For each of the ids that have a document, or of which Postgres cannot tell since the definition's `where` fails for the
 * row: the version of the root's row that it stands for.
 */
export async function readRowVersions(
  query: PreparedQuery,
  index: IndexPlan,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const width = index.key.length;
  const versions = new Map<string, string>();
  for (let left = ids; left.length > 0;) {
    const read = await readFirst(query, index, 'row-version', index.rowVersionSql, left);
    for (const row of read.rows) versions.set(keyToId(row.slice(0, width)), row[width] ?? '');
    if (read.failure !== null) for (const id of read.ids) versions.set(id, UNDECIDED);
    left = left.slice(read.ids.length);
  }
  return versions;
}
