import { type Catalog, findColumn, findTable } from './catalog.ts';
import { objectKey } from './objects.ts';
import type { IndexPlan } from './plan.ts';
import { tableReference } from './sql.ts';

/**
 * What the documents of an index rest on apart from the rows that they are made of (invariant 11): what its definition
 * compiles to; the tables, columns, types, collations and functions that its statements find by their names; and that
 * the tables' changes are published. Where any of it is exchanged for another, documents may have become others although
 * the stream tells of no row: a column's type was changed, or a function replaced, or a table left the publication for a
 * while.
 *
 * Postgres writes a new version of a catalog's row for every change of it. So what was exchanged and exchanged back
 * between two looks is another version too, and documents that were read in the meantime are read again.
 */
export interface Basis {
  /** What must still be so. */
  readonly parts: readonly BasisPart[];
  /** Those of the parts that hold rows, by `what`: no other may have come that does. */
  readonly filled: readonly string[];
}

export interface BasisPart {
  readonly what: string;
  /** How it is, down to the version of its row in the catalog. */
  readonly is: string;
  /** What else changes that version: where this differs, another `is` says nothing. */
  readonly apart?: string | undefined;
}

/** What an index rests on now. `published` says by what a table's changes are published; by the table's oid. */
export function basisOf(index: IndexPlan, catalog: Catalog, published: ReadonlyMap<number, string>): Basis {
  const parts: BasisPart[] = [{ what: 'compiled', is: index.compiled }];
  const filled: string[] = [];
  const { types, versions } = catalog.objects;
  for (const read of index.reads) {
    const table = findTable(catalog, read);
    const name = tableReference(read);
    if (!table) continue;
    parts.push({ what: name, is: `${table.oid} published by ${published.get(table.oid) ?? 'nothing'}` });
    for (const part of table.basis) parts.push({ ...part, what: `${name} ${part.what}` });
    for (const column of read.columns) {
      const { madeOf, typeOid } = findColumn(table, column) ?? { madeOf: 'nothing', typeOid: 0 };
      parts.push({ what: `${name} column ${column}`, is: madeOf }, ...(types.get(typeOid) ?? []));
    }
    if (table.kind !== 'partitioned table') continue;
    for (const { oid, file, isEmpty } of table.storage) {
      // A TRUNCATE of a partition is not published where the table is.
      const what = `${name} partition ${oid}`;
      parts.push({ what, is: file });
      if (!isEmpty) filled.push(what);
    }
  }
  for (const object of index.objects) {
    const what = objectKey(object);
    if (object.catalog === 'pg_type') parts.push(...(types.get(object.oid) ?? []));
    else parts.push({ what, is: versions.get(what) ?? 'gone' });
  }
  return { parts: [...new Map(parts.map((part) => [part.what, part])).values()], filled };
}

/**
 * What has become of the parts that documents were made on: the same, more (what has come is empty, or only adds to what
 * values there can be), or others, so that every document has to be read again.
 */
export function compareBasis(parts: readonly BasisPart[], now: Basis): 'same' | 'extended' | 'changed' {
  const before = new Map(parts.map((part) => [part.what, part]));
  const after = new Map(now.parts.map((part) => [part.what, part]));
  if (changedParts(parts, now).length > 0) return 'changed';
  return [...after.values()].every(({ what, is }) => before.get(what)?.is === is) ? 'same' : 'extended';
}

/** By `what`: those of the parts that have gone or are others now, and what has come with rows in it. */
export function changedParts(parts: readonly BasisPart[], now: Basis): string[] {
  const before = new Set(parts.map(({ what }) => what));
  const after = new Map(now.parts.map((part) => [part.what, part]));
  const others = parts.filter(({ what, is, apart }) => {
    const then = after.get(what);
    return then === undefined || (then.is !== is && then.apart === apart);
  });
  return [...others.map(({ what }) => what), ...now.filled.filter((what) => !before.has(what))];
}
