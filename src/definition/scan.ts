import { batchCondition } from './ascend.ts';
import type { CatalogTable } from './catalog.ts';
import type { Expression, TableNode } from './model.ts';
import { embedded, identifier, indent, tableReference } from './sql.ts';

/**
 * A table as the document query reads it, with what is joined to it: to-one relations as left joins, to-many relations
 * as left joins of groups. Rendering a value asks a scan for what it needs; the scan's text is written last, once all
 * of it has been asked for.
 *
 * An expression is computed in the scan's own subselect, where no other table's columns are in sight.
 */
export interface Scan {
  readonly alias: string;
  readonly table: CatalogTable;
  /** A column's value. */
  column(name: string): string;
  /** An expression's value; where rows outside `guard` are read as well, it is not computed for those. */
  expression(sql: string, guard: Expression | null): string;
  /** The scan of the one related row. */
  one(node: TableNode): Scan;
  /** The rows that point here; relations that differ in `where` alone share a group, and so one scan. */
  many(node: TableNode): Group;
  /** The `from` item and its joins. */
  write(): readonly string[];
}

/** Rows of a to-many relation, grouped by the row that they point to. */
export interface Group {
  readonly scan: Scan;
  /**
   * Adds an aggregate over the rows inside `where` and gives its value. `write` is told the condition that is still to
   * be filtered by (none if the scan itself applies it), once that is known.
   */
  aggregate(where: Expression | null, write: (filter: string | null) => string): string;
  /** The left join to the rows pointed to. */
  join(parent: Scan, node: TableNode): string;
}

/** Gives a new alias. */
type NewAlias = (prefix: string) => string;

/** The scan of the root's rows that are asked for. */
export function rootScan(root: TableNode): Scan {
  let count = 0;
  const newAlias: NewAlias = (prefix) => `${prefix}${++count}`;
  return createScan(newAlias, root, batchCondition(root), () => root.where);
}

/**
 * `restriction` holds for the rows of the documents asked for. `where` applies to all of the scan's rows; what it is
 * may depend on who else comes to share the scan, so it is asked for when the text is written.
 */
function createScan(
  newAlias: NewAlias,
  { table }: TableNode,
  restriction: string | null,
  where: () => Expression | null,
): Scan {
  const alias = newAlias('t');
  const computedPrefix = unusedPrefix(table);
  const columns = new Set<string>();
  const expressions = new Map<string, { name: string; sql: string; guard: Expression | null }>();
  const ones = new Map<string, { node: TableNode; scan: Scan }>();
  const groups = new Map<string, { node: TableNode; group: Group }>();

  const subselect = (): string => {
    const condition = where();
    const computed = [...expressions.values()].map(({ name, sql, guard }) =>
      guard === null || guard.sql === condition?.sql
        ? `${embedded(sql)} as ${name}`
        : `case when ${embedded(guard.sql)} then ${embedded(sql)} end as ${name}`,
    );
    const conditions = [restriction ?? [], condition ? embedded(condition.sql) : []].flat();
    return [
      '(',
      indent(`select ${[...[...columns].map(identifier), ...computed].join(', ')}`),
      indent(`from ${tableReference(table)}`),
      ...(conditions.length > 0 ? [indent(`where ${conditions.join('\n  and ')}`)] : []),
      `) as ${alias}`,
    ].join('\n');
  };

  const scan: Scan = {
    alias,
    table,
    column(name) {
      columns.add(name);
      return `${alias}.${identifier(name)}`;
    },
    expression(sql, guard) {
      const key = JSON.stringify([sql, guard?.sql]);
      const known = expressions.get(key) ?? {
        name: `${computedPrefix}${expressions.size + 1}`,
        sql,
        guard,
      };
      expressions.set(key, known);
      return `${alias}.${known.name}`;
    },
    one(node) {
      const key = relationKey(node, node.where);
      const known = ones.get(key) ?? {
        node,
        scan: createScan(newAlias, node, null, () => node.where),
      };
      ones.set(key, known);
      return known.scan;
    },
    many(node) {
      const key = relationKey(node, null);
      const known = groups.get(key) ?? { node, group: createGroup(newAlias, node) };
      groups.set(key, known);
      return known.group;
    },
    write() {
      // The joins ask this scan for the columns that they join by, so its own text is written last.
      const joins = [
        ...[...ones.values()].flatMap(({ node, scan: one }) => {
          const on = joinCondition(scan, node, (name) => one.column(name));
          const [item = '', ...more] = one.write();
          return [`left join ${item} on ${on}`, ...more];
        }),
        ...[...groups.values()].map(({ node, group }) => group.join(scan, node)),
      ];
      return [subselect(), ...joins];
    },
  };
  return scan;
}

/** A prefix for names of computed values that no column begins with. */
function unusedPrefix({ columns }: CatalogTable): string {
  let prefix = 'x';
  while (columns.some(({ name }) => name.startsWith(prefix))) prefix += '_';
  return prefix;
}

function createGroup(newAlias: NewAlias, node: TableNode): Group {
  const conditions = new Map<string | null, Expression | null>();
  // With one condition for all, the scan applies it; with several, each aggregate filters.
  const common = (): Expression | null =>
    conditions.size === 1 ? ([...conditions.values()][0] ?? null) : null;
  const scan = createScan(newAlias, node, batchCondition(node), common);
  const alias = newAlias('g');
  const aggregates: (() => string)[] = [];
  return {
    scan,
    aggregate(where, write) {
      conditions.set(where?.sql ?? null, where);
      aggregates.push(() =>
        write(where === null || conditions.size === 1 ? null : scan.expression(where.sql, null)),
      );
      return `${alias}.a${aggregates.length}`;
    },
    join(parent, joined) {
      const keys = node.relation?.columns.map((name) => scan.column(name)) ?? [];
      const selected = [
        ...keys.map((key, position) => `${key} as k${position + 1}`),
        ...aggregates.map((write, position) => `${write()} as a${position + 1}`),
      ];
      const own = (name: string): string => `${alias}.k${(node.relation?.columns.indexOf(name) ?? 0) + 1}`;
      return [
        'left join (',
        indent(`select\n${indent(selected.join(',\n'))}`),
        indent(`from ${scan.write().join('\n')}`),
        indent(`group by ${keys.join(', ')}`),
        `) as ${alias} on ${joinCondition(parent, joined, own)}`,
      ].join('\n');
    },
  };
}

function joinCondition(parent: Scan, { relation }: TableNode, own: (column: string) => string): string {
  const pairs = relation?.columns.map((name, position) => {
    const above = relation.parentColumns[position] ?? '';
    return `${own(name)} = ${parent.column(above)}`;
  });
  return pairs?.join(' and ') ?? 'true';
}

/** What nodes below the same scan have in common when they read the same rows. */
function relationKey({ table, relation }: TableNode, where: Expression | null): string {
  return JSON.stringify([table.oid, relation?.parentColumns, relation?.columns, where?.sql]);
}
