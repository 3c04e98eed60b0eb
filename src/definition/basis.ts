import { type Catalog, findColumn, findTable } from './catalog.ts';
import type { IndexPlan } from './plan.ts';
import { tableReference } from './sql.ts';

/**
 * What the documents of an index rest on beside the rows that they are made of: the tables and their columns themselves,
 * and that their changes are published. Where any of it is exchanged for another, documents may have become others
 * although the stream tells of no row: a column's type was changed, or a table left the publication for a while, or a
 * partition was detached.
 */
export interface Basis {
  /** What must still be there, in words. */
  readonly parts: readonly string[];
  /** Those of the parts that hold rows: no other may have come that does. */
  readonly filled: readonly string[];
}

/** What an index rests on now. `published` says by what a table's changes are published; by the table's oid. */
export function basisOf(index: IndexPlan, catalog: Catalog, published: ReadonlyMap<number, string>): Basis {
  const parts: string[] = [];
  const filled: string[] = [];
  for (const read of index.reads) {
    const table = findTable(catalog, read);
    const name = tableReference(read);
    if (!table) continue;
    parts.push(`${name} ${table.oid} published by ${published.get(table.oid) ?? 'nothing'}`);
    for (const column of read.columns) {
      for (const part of findColumn(table, column)?.basis ?? []) parts.push(`${name} ${column} ${part}`);
    }
    if (table.kind !== 'partitioned table') continue;
    for (const { oid, file, isEmpty } of table.storage) {
      // A TRUNCATE of a partition is not published where the table is.
      const partition = `${name} partition ${oid} ${file}`;
      parts.push(partition);
      if (!isEmpty) filled.push(partition);
    }
  }
  return { parts, filled };
}

/**
 * What has become of the parts that documents were made on: the same, more (what has come is empty, or only adds to what
 * values there can be), or others, so that every document has to be read again.
 */
export function compareBasis(parts: readonly string[], now: Basis): 'same' | 'extended' | 'changed' {
  const before = new Set(parts);
  const after = new Set(now.parts);
  const isKept = parts.every((part) => after.has(part)) && now.filled.every((part) => before.has(part));
  if (!isKept) return 'changed';
  return after.size > before.size ? 'extended' : 'same';
}
