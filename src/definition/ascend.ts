import { columnOf } from './catalog.ts';
import type { TableNode } from './model.ts';
import { identifier, indent, tableReference, tuple } from './sql.ts';

/** The values of a node's columns, known by columns of a table further down. */
export interface Link {
  readonly column: string;
  readonly known: string;
}

/** How far up the tree the foreign key columns of a node's rows alone lead. */
export interface Ascent {
  readonly top: TableNode;
  readonly links: readonly Link[];
}

/**
 * Climbs from a node as far as the columns that join it to its parent tell the way by themselves: past every node above
 * whose own joining columns are among those already known, as with keys that repeat their parent's. At the root, the
 * links are its primary key, if that is known.
 */
export function ascend(node: TableNode): Ascent | null {
  if (!node.relation) return null;
  const { parent, parentColumns, columns } = node.relation;
  let top = parent;
  let links = pair(parentColumns, columns);
  while (top.relation) {
    const { parent: above, parentColumns: aboveColumns, columns: joining } = top.relation;
    const known = lookUp(links, joining);
    if (!known) break;
    links = pair(aboveColumns, known);
    top = above;
  }
  const key = top.table.primaryKey;
  const known = top.relation ? null : lookUp(links, key);
  return { top, links: known ? pair(key, known) : links };
}

/** The columns that know the root's primary key, in key order; null when the ascent does not reach it. */
export function knownKey({ top, links }: Ascent): string[] | null {
  return top.relation ? null : lookUp(links, top.table.primaryKey);
}

function pair(columns: readonly string[], known: readonly string[]): Link[] {
  return columns.map((column, position) => ({ column, known: known[position] ?? '' }));
}

function lookUp(links: readonly Link[], columns: readonly string[]): string[] | null {
  const known = columns.flatMap((name) => links.find(({ column }) => column === name)?.known ?? []);
  return known.length === columns.length ? known : null;
}

/** A condition over a node's own columns that holds for the rows of the documents asked for (and maybe for more). */
export function batchCondition(node: TableNode): string {
  const ascent = ascend(node);
  if (!ascent) return keyCondition(node, node.table.primaryKey);
  const key = knownKey(ascent);
  if (key) return keyCondition(ascent.top, key);
  const { top, links } = ascent;
  const own = tuple(links.map(({ known }) => identifier(known)));
  return [
    `${own} in (`,
    indent(`select ${links.map(({ column }) => identifier(column)).join(', ')}`),
    indent(`from ${tableReference(top.table)}`),
    indent(`where ${batchCondition(top)}`),
    ')',
  ].join('\n');
}

/** Columns, in the order of the root's key, are among the keys given as parameters. */
function keyCondition({ table }: TableNode, columns: readonly string[]): string {
  const types = table.primaryKey.map((name) => columnOf(table, name).type);
  return givenCondition(columns, types);
}

/** Columns are among the tuples given by the statement's first parameters, one array a column. */
export function givenCondition(columns: readonly string[], types: readonly string[]): string {
  const arrays = types.map((type, position) => `$${position + 1}::${type}[]`);
  const own = tuple(columns.map(identifier));
  return arrays.length === 1
    ? `${own} = any(${arrays.join()})`
    : `${own} in (select * from unnest(${arrays.join(', ')}))`;
}
