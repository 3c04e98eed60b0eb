import type { Definition, RelationSpec, Spec } from './definitions.ts';
import { type Column, listed, literal, type Model, reference, type Table } from './model.ts';
import { findRelation, relatedTable, tableOf } from './relations.ts';

/** A value as SQL. */
interface Rendered {
  /** Of type json; SQL's null for JSON's. */
  readonly json: string;
  /** To order by, where it is a single value. */
  readonly scalar?: string;
}

/** A table in the tree, by the alias that its row has in the query. */
interface Place {
  readonly table: Table;
  readonly alias: string;
}

/**
 * A query of an index's documents as one would write it by hand, one correlated subquery a relation: nothing of it is the
 * product's. Gives the key's columns as text, and then the document. Expressions stand where their table is the innermost.
 */
export function expectedSql(model: Model, definition: Definition): string {
  const table = tableOf(model, definition.root);
  const place = { table, alias: 'r' };
  const write = createWriter(model);
  const keys = table.key.map((column) => `format('%s', ${columnOf(place, column)})`);
  const where = definition.where === undefined ? '' : ` where ${bracketed(definition.where)}`;
  return `select ${keys.join(', ')}, ${write.object(place, definition.fields)} from ${reference(table)} r${where}`;
}

function createWriter(model: Model): {
  object(place: Place, fields: Readonly<Record<string, Spec>>): string;
} {
  let aliases = 0;
  const object = (place: Place, fields: Readonly<Record<string, Spec>>): string => {
    const members = Object.entries(fields).map(
      ([name, spec]) => `${literal(name)}, ${render(place, spec).json}`,
    );
    return `json_build_object(${members.join(', ')})`;
  };

  /** What is inside `value` or `fields`. */
  const body = (place: Place, spec: Exclude<Spec, string>): Rendered =>
    'fields' in spec && spec.fields
      ? { json: object(place, spec.fields) }
      : render(place, ('value' in spec && spec.value) || '');

  const render = (place: Place, spec: Spec): Rendered => {
    if (typeof spec === 'string') {
      const scalar = columnOf(place, columnNamed(place.table, spec));
      return { json: `to_json(${scalar})`, scalar };
    }
    if ('expression' in spec) {
      const scalar = bracketed(spec.expression);
      return { json: `to_json(${scalar})`, scalar };
    }
    const child = { table: relatedTable(model, spec), alias: `t${++aliases}` };
    const from = ` from ${reference(child.table)} ${child.alias} where ${condition(model, place, child, spec)}`;
    if ('count' in spec) {
      const scalar = `(select count(*)${from})`;
      return { json: `to_json(${scalar})`, scalar };
    }
    if ('one' in spec) {
      const { json, scalar } = body(child, spec);
      const rendered = { json: `(select ${json}${from})` };
      return scalar === undefined ? rendered : { ...rendered, scalar: `(select ${scalar}${from})` };
    }
    const { json } = body(child, spec);
    const terms = (spec.order ?? []).map((term) => {
      const [field = '', direction = 'asc'] = term.split(' ');
      const ordered = spec.fields ? spec.fields[field] : spec.value;
      const { scalar = '' } = render(child, ordered ?? '');
      return `${scalar} ${direction} nulls last`;
    });
    const ties = child.table.key.map((column) => columnOf(child, column));
    // A table without a key: its plain values are ordered as JSON in the end.
    const order = [...terms, ...(ties.length > 0 ? ties : [`${json}::text`])].join(', ');
    const present = spec.fields ? '' : ` filter (where ${json} is not null)`;
    return { json: `(select coalesce(json_agg(${json} order by ${order})${present}, '[]')${from})` };
  };
  return { object };
}

/** That a row hangs on the one above it, and is not left out. */
function condition(model: Model, parent: Place, child: Place, spec: RelationSpec): string {
  const { isBack, foreignKey } = findRelation(model, parent.table, child.table, spec);
  const [holder, target] = isBack ? [child, parent] : [parent, child];
  const pairs = foreignKey.columns.map((column, position) => {
    const targetColumn = foreignKey.targetColumns[position] ?? column;
    return `${columnOf(holder, column)} = ${columnOf(target, targetColumn)}`;
  });
  return [...pairs, ...(spec.where === undefined ? [] : [bracketed(spec.where)])].join(' and ');
}

function columnNamed({ name, columns }: Table, wanted: string): Column {
  const found = columns.find((column) => column.name === wanted);
  if (!found) throw new Error(`no column ${wanted} of ${name}`);
  return found;
}

function columnOf({ alias }: Place, column: Column): string {
  return `${alias}.${listed([column])}`;
}

/** It may end with a comment. */
function bracketed(sql: string): string {
  return `(${sql}\n)`;
}
