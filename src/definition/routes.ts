import { ascend, batchCondition, givenCondition, knownKey } from './ascend.ts';
import { type CatalogTable, columnOf } from './catalog.ts';
import { outputText } from './json.ts';
import { nodesOf, type ResolvedIndex, type TableNode } from './model.ts';
import type { PagedQuery, Route } from './plan.ts';
import { embedded, identifier, indent, statement, tableReference, tuple } from './sql.ts';

/** A route, and the table whose changes take it. */
export interface TableRoute {
  readonly table: CatalogTable;
  readonly route: Route;
}

/** The routes of an index: one for each of its table nodes, equal ones merged. */
export function indexRoutes(index: ResolvedIndex): TableRoute[] {
  const merged = new Map<string, TableRoute>();
  for (const node of nodesOf(index)) {
    const route = routeOf(index.definition.as ?? index.definition.spec.index, node);
    const key = JSON.stringify([node.table.oid, route.columns, route.lookup]);
    merged.set(key, { table: node.table, route });
  }
  return [...merged.values()];
}

/**
 * The way from a node's rows up to the root. The conditions on the way are left out: a change may be what takes a row
 * into a condition or out of it, and an id too many costs a read.
 *
 * Inserts take it too, also those of rows that others refer to: a foreign key does not prove that the row was there first.
 * Its triggers may have been off (`session_replication_role = replica`, `pg_restore --disable-triggers`, a logical
 * subscriber), and it may be NOT VALID or NOT ENFORCED.
 */
function routeOf(index: string, node: TableNode): Route {
  const ascent = ascend(node);
  if (!ascent || !node.relation) {
    return { index, columns: node.table.primaryKey, lookup: null };
  }
  const key = knownKey(ascent);
  if (key && writeSameText(node.table, key, ascent.top.table)) return { index, columns: key, lookup: null };
  const columns = ascent.links.map(({ known }) => known);
  const types = columns.map((name) => columnOf(node.table, name).type);
  const above = ascent.links.map(({ column }) => column);
  const pages = climb(ascent.top, givenCondition(above, types), columns.length);
  return { index, columns, lookup: { ...pages, referredSql: referredSql(ascent.top.table, above, types) } };
}

/** `Lookup.referredSql`. `offset 0` keeps the look-ups from becoming a join, which might read all of the table. */
function referredSql(table: CatalogTable, columns: readonly string[], types: readonly string[]): string {
  const keys = columns.map((_, position) => `k${position + 1}`);
  const arrays = types.map((type, position) => `$${position + 1}::${type}[]`);
  const conditions = columns.map(
    (name, position) => `referring.${identifier(name)} = given.${keys[position] ?? ''}`,
  );
  return [
    'select given.position::text',
    `from unnest(${arrays.join(', ')}) with ordinality as given (${[...keys, 'position'].join(', ')})`,
    'where exists (',
    indent(`select from ${tableReference(table)} as referring where ${conditions.join(' and ')} offset 0`),
    ')',
  ].join('\n');
}

/** A key column's text may stand in for the root's own only if equal values are always written the same. */
function writeSameText(table: CatalogTable, columns: readonly string[], root: CatalogTable): boolean {
  return columns.every((name, position) => {
    const { textClass } = columnOf(root, root.primaryKey[position] ?? '');
    return textClass !== null && columnOf(table, name).textClass === textClass;
  });
}

/** Pages the keys of the roots above the rows of `node` that `condition` (over its own columns) holds for. */
function climb(node: TableNode, condition: string, fixed: number): PagedQuery {
  const ascent = ascend(node);
  if (!ascent) return pagedKeys(node.table, node.table, node.table.primaryKey, condition, fixed);
  const key = knownKey(ascent);
  if (key && writeSameText(node.table, key, ascent.top.table)) {
    return pagedKeys(ascent.top.table, node.table, key, condition, fixed);
  }
  const known = ascent.links.map((link) => link.known);
  const below = [
    `${tuple(ascent.links.map(({ column }) => identifier(column)))} in (`,
    indent(`select ${known.map(identifier).join(', ')}`),
    indent(`from ${tableReference(node.table)}`),
    indent(`where ${condition}`),
    ')',
  ].join('\n');
  return climb(ascent.top, below, fixed);
}

/** `IndexPlan.keyPages`. */
export function keyPages({ table, where }: TableNode): PagedQuery {
  return pagedKeys(table, table, table.primaryKey, where && embedded(where.sql), 0);
}

/** `IndexPlan.rowVersionSql`. */
export function rowVersionSql(root: TableNode): string {
  const { table, where } = root;
  const keys = table.primaryKey.map((_, position) => `k${position + 1}`);
  const texts = table.primaryKey.map((name, position) =>
    outputText(columnOf(table, name).type, `found.${keys[position] ?? ''}`),
  );
  const rows = [
    `select ${[...table.primaryKey.map(identifier), 'xmin'].join(', ')}`,
    `from ${tableReference(table)}`,
    `where ${[batchCondition(root), where ? embedded(where.sql) : []].flat().join('\n  and ')}`,
  ].join('\n');
  return statement(
    `select ${[...texts, 'found.version::text'].join(', ')}\nfrom (\n${indent(rows)}\n) as found (${[...keys, 'version'].join(', ')})`,
  );
}

/** `IndexPlan.countSql`. */
export function countSql({ table, where }: TableNode): string {
  return statement(
    `select count(*)\nfrom ${tableReference(table)}${where ? `\nwhere ${embedded(where.sql)}` : ''}`,
  );
}

/**
 * Pages the root's keys as `columns` of `table` have them, in key order. Every page starts anew behind the last key:
 * with an index on the condition's columns and then these, or on these for a condition that many rows meet, a page
 * costs what it returns.
 */
function pagedKeys(
  root: CatalogTable,
  table: CatalogTable,
  columns: readonly string[],
  condition: string | null,
  fixed: number,
): PagedQuery {
  const types = root.primaryKey.map((name) => columnOf(root, name).type);
  const names = columns.map(identifier);
  const isUnique = table.uniqueKeys.some((unique) => unique.every((name) => columns.includes(name)));
  // Asked of every column: a NOT NULL may be dropped while the statement is in use. Of a composite value, IS NOT NULL
  // would ask whether none of its attributes is null.
  const present = names.map((name) => `${name} is distinct from null`);
  const cursor = types.map((type, position) => `$${fixed + position + 1}::${type}`);

  const page = (limit: number, behind: readonly string[]): string => {
    const conditions = [condition ?? [], present, behind].flat();
    const keys = [
      `select${isUnique ? '' : ' distinct'} ${names.join(', ')}`,
      `from ${tableReference(table)}`,
      ...(conditions.length > 0 ? [`where ${conditions.join('\n  and ')}`] : []),
      `order by ${names.join(', ')}`,
      `limit $${limit}`,
    ].join('\n');
    const texts = columns.map((name, position) =>
      outputText(types[position] ?? '', `page.${identifier(name)}`),
    );
    return statement(
      [
        `select ${texts.join(', ')}`,
        `from (\n${indent(keys)}\n) as page`,
        `order by ${names.map((name) => `page.${name}`).join(', ')}`,
      ].join('\n'),
    );
  };
  return {
    first: page(fixed + 1, []),
    next: page(fixed + columns.length + 1, [`${tuple(names)} > ${tuple(cursor)}`]),
  };
}
