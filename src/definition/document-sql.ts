import { columnOf } from './catalog.ts';
import { anyJson, columnJson, concatenation, type JsonPiece, objectJson, outputText } from './json.ts';
import type { Expression, ManyValue, OneValue, ResolvedIndex, Value } from './model.ts';
import { rootScan, type Scan } from './scan.ts';
import { indent, statement } from './sql.ts';

/**
 * The statement that reads whole documents by their keys (`IndexPlan.documentSql`): the root's rows, joined with each
 * to-many relation grouped by the key it points to. Grouping once for all keys is twice as fast as a lateral subquery
 * for each.
 */
export function documentSql({ root, document }: ResolvedIndex): string {
  const scan = rootScan(root);
  const keys = root.table.primaryKey.map(
    (name, position) =>
      `${outputText(columnOf(root.table, name).type, scan.column(name))} as key${position + 1}`,
  );
  const json = concatenation(render(document, scan, null).json);
  const selected = [...keys, `${json} as document`];
  return statement([`select`, indent(selected.join(',\n')), `from ${scan.write().join('\n')}`].join('\n'));
}

interface Rendered {
  /** The value as JSON text. */
  readonly json: readonly JsonPiece[];
  /**
   * `json` may be null, which stands for JSON's null. No column is taken to be without nulls, whatever the catalog says:
   * its NOT NULL may be dropped while the statement is in use, or be NOT VALID.
   */
  readonly isNullable: boolean;
  /** A single value as it is, to order by. */
  readonly scalar?: string;
  /** Equal scalars have equal JSON. */
  readonly isExact?: boolean;
}

/** Renders a value read from a scan. `guard` is the condition of the to-many relation that the scan's rows are for. */
function render(value: Value, scan: Scan, guard: Expression | null): Rendered {
  switch (value.kind) {
    case 'column': {
      const { column } = value;
      const scalar = scan.column(column.name);
      const isExact = column.textClass !== null;
      return { scalar, json: columnJson(column, scalar), isNullable: true, isExact };
    }
    case 'expression': {
      const scalar = scan.expression(value.expression.sql, guard);
      return { scalar, json: anyJson(scalar), isNullable: true };
    }
    case 'object': {
      const fields = value.fields.map((field) => ({
        name: field.name,
        value: orNull(render(field.value, scan, guard)),
      }));
      return { json: objectJson(fields), isNullable: false };
    }
    case 'one':
      return renderOne(value, scan);
    case 'many':
      return { json: [{ sql: `coalesce(${list(value, scan)}, '[]')` }], isNullable: false };
    case 'count': {
      const group = scan.many(value.node);
      const count = group.aggregate(value.node.where, (filter) =>
        filter === null ? 'count(*)' : `count(*) filter (where ${filter})`,
      );
      const scalar = `coalesce(${count}, 0)`;
      return { scalar, json: [{ sql: `${scalar}::text` }], isNullable: false };
    }
  }
}

function orNull({ json, isNullable }: Rendered): readonly JsonPiece[] {
  return isNullable ? [{ sql: `coalesce(${concatenation(json)}, 'null')` }] : json;
}

/** What is read from an absent row is null by itself; what is made of several values is made null. */
function renderOne({ node, value }: OneValue, scan: Scan): Rendered {
  const row = scan.one(node);
  const inner = render(value, row, null);
  if (inner.isNullable) return inner;
  const [joined = ''] = node.relation?.columns ?? [];
  const ifPresent = (sql: string): string => `case when ${row.column(joined)} is not null then ${sql} end`;
  return {
    ...inner,
    json: [{ sql: ifPresent(concatenation(inner.json)) }],
    isNullable: true,
    ...(inner.scalar === undefined ? {} : { scalar: ifPresent(inner.scalar) }),
  };
}

/** The list of a to-many relation as JSON text; null when it is empty. */
function list({ node, value, order }: ManyValue, parent: Scan): string {
  const group = parent.many(node);
  const { scan } = group;
  const json = concatenation(render(value, scan, node.where).json);
  const terms = order.map((term) => ({ ...term, ...render(term.value, scan, node.where) }));
  return group.aggregate(node.where, (filter) => {
    const ordered = terms.map(({ scalar = '', isDescending }) =>
      isDescending ? `${scalar} desc nulls last` : scalar,
    );
    const ties = terms.some((term) => term.value === value && term.isExact)
      ? [] // elements that tie are the same
      : scan.table.primaryKey.length > 0
        ? scan.table.primaryKey.map((name) => scan.column(name))
        : [json];
    const by = [...new Set([...ordered, ...ties])].join(', ');
    // string_agg leaves nulls out. With a FILTER Postgres would sort each group again for each list; without one it sorts
    // all rows once, as the first list wants them (from 16 on).
    const listed = filter === null ? json : `case when ${filter} then ${json} end`;
    return `'[' || string_agg(${listed}, ',' order by ${by}) || ']'`;
  });
}
