import { oneOf, type Random, someOf } from '../../support/random.ts';
import {
  type Column,
  incoming,
  isUnique,
  literal,
  type Model,
  quoted,
  reference,
  type Table,
} from './model.ts';
import { familyOf, isOrdered } from './types.ts';

/** A definition as its file has it: JSON is YAML, too. */
export interface Definition {
  readonly index: string;
  readonly root: string;
  readonly where?: string;
  readonly fields: Readonly<Record<string, Spec>>;
  readonly mappings: { readonly dynamic: false };
}

export type Spec = string | { readonly expression: string } | RelationSpec;

export type RelationSpec =
  | (Related & { readonly one: string } & Body)
  | (Related & { readonly many: string; readonly order?: readonly string[] } & Body)
  | (Related & { readonly count: string });

export interface Related {
  readonly via?: readonly string[];
  readonly where?: string;
}

export type Body =
  | { readonly value: Spec; readonly fields?: undefined }
  | { readonly fields: Readonly<Record<string, Spec>>; readonly value?: undefined };

const DEEPEST = 3;
const oddFields = ['', '', '', 'Ü', '"', "'", '%', '-', '\\', '🎬'];

export function randomDefinition(random: Random, model: Model, index: string): Definition {
  const roots = model.tables.filter(({ key }) => key.length > 0);
  const root = oneOf(random, roots);
  return {
    index,
    root: reference(root),
    ...randomWhere(random, model, root, 3),
    fields: randomFields(random, model, root, DEEPEST),
    mappings: { dynamic: false },
  };
}

export function randomWhere(random: Random, model: Model, table: Table, oneIn: number): { where?: string } {
  const columns = table.columns.filter(({ type }) => familyOf(type) !== 'other');
  if (random(oneIn) > 0 || columns.length === 0) return {};
  return { where: randomCondition(random, model, oneOf(random, columns)) };
}

function randomFields(random: Random, model: Model, table: Table, depth: number): Record<string, Spec> {
  const count = 2 + random(4);
  const fields: Record<string, Spec> = {};
  for (let position = 0; position < count; position++) {
    fields[`f${position}${oneOf(random, oddFields)}`] = randomField(random, model, table, depth);
  }
  return fields;
}

/** A field that one may add to a definition. */
export function randomField(random: Random, model: Model, table: Table, depth: number): Spec {
  const links = depth > 0 ? randomLinks(random, model, table, depth) : [];
  if (links.length > 0 && random(2) === 0) return oneOf(random, links)();
  const column = oneOf(random, table.columns);
  return random(3) === 0 ? { expression: randomExpression(random, model, column) } : column.name;
}

/** The relations that lead on from a table. */
function randomLinks(random: Random, model: Model, table: Table, depth: number): (() => Spec)[] {
  const viaOf = (columns: readonly Column[]): readonly string[] => columns.map(({ name }) => name);
  const one = (other: Table, columns: readonly Column[]) => (): Spec => ({
    one: reference(other),
    via: viaOf(columns),
    ...randomWhere(random, model, other, 5),
    ...randomBody(random, model, other, depth - 1),
  });
  const outgoing = table.foreignKeys.map(({ target, columns }) => one(target, columns));
  const back = incoming(model, table).flatMap(({ table: other, foreignKey: { columns } }) => {
    const related = (): Related => ({ via: viaOf(columns), ...randomWhere(random, model, other, 3) });
    const many = (): Spec => randomMany(random, model, other, depth - 1, related());
    const count = (): Spec => ({ count: reference(other), ...related() });
    return [
      many,
      many,
      count,
      ...(isAlwaysUnique(other, columns) && other !== table ? [one(other, columns)] : []),
    ];
  });
  return [...outgoing, ...outgoing, ...back];
}

function isAlwaysUnique(table: Table, columns: readonly Column[]): boolean {
  return isUnique({ ...table, uniques: table.uniques.filter(({ isFixed }) => isFixed) }, columns);
}

function randomBody(random: Random, model: Model, table: Table, depth: number): Body {
  return random(2) === 0
    ? { value: randomField(random, model, table, depth) }
    : { fields: randomFields(random, model, table, depth) };
}

function randomMany(random: Random, model: Model, table: Table, depth: number, related: Related): Spec {
  const many = reference(table);
  if (table.key.length === 0) return { many, ...related, ...randomOrderedWhole(random, table) };
  const body = randomBody(random, model, table, depth);
  return { many, ...related, ...body, ...randomOrder(random, table, body) };
}

/** Elements of a table without a key are ordered by all that is shown of them. */
function randomOrderedWhole(random: Random, table: Table): Body & { order: readonly string[] } {
  if (random(2) === 0) return { value: oneOf(random, table.columns).name, order: ['value'] };
  const names = someOf(random, table.columns, 2 + random(3)).map(({ name }) => name);
  const fields = Object.fromEntries(names.map((name, position) => [`g${position}`, name]));
  return { fields, order: Object.keys(fields) };
}

/** Another order of a list's elements; none for some. */
export function randomOrder(random: Random, table: Table, body: Body): { order?: readonly string[] } {
  const own = body.fields ?? { value: body.value };
  const names = Object.entries(own).flatMap(([name, spec]) => (isSortable(table, spec) ? name : []));
  const chosen = someOf(random, names, random(3));
  if (chosen.length === 0) return {};
  return { order: chosen.map((name) => `${name}${oneOf(random, ['', ' desc', ' asc'])}`) };
}

/** Only columns and expressions of the element's own, which is plenty. */
function isSortable(table: Table, spec: Spec): boolean {
  if (typeof spec !== 'string') return 'expression' in spec || 'count' in spec;
  return table.columns.some(({ name, type }) => name === spec && isOrdered(type));
}

function randomExpression(random: Random, { functions }: Model, { name, type }: Column): string {
  const column = quoted(name);
  const choices = {
    number: [`${column} + 1`, `${functions.number}(${column})`, `${column} * 2 -- twice`],
    text: [
      `upper(${column})`,
      `${functions.outer}(${column})`,
      `${functions.inner}(${column})`,
      `${functions.atomic}(${column})`,
      `operator(${functions.operator}) ${column}`,
      `coalesce(${column}, 'none') || E'\\n'`,
    ],
    boolean: [`not ${column}`, `coalesce(${column}, false)`],
    date: [`${column} > '2020-01-01T00:00:00Z'`],
    other: [`${column} is null`, `${column} is not distinct from ${column}`],
  }[familyOf(type)];
  return type.kind === 'json' ? `${column} is null` : oneOf(random, choices);
}

function randomCondition(random: Random, { functions }: Model, { name, type }: Column): string {
  const column = quoted(name);
  const choices = {
    number: [
      `${column} > 2`,
      `${column} <> 3`,
      `${functions.number}(${column}) > 2`,
      `${column} is not null`,
    ],
    text: [
      `${column} < ${literal('x')}`,
      `${column} is distinct from 'a'`,
      `${functions.outer}(${column}) > 'B'`,
      `${column} is not null`,
    ],
    boolean: [column, `${column} is not true`],
    date: [`${column} > '2018-01-01T00:00:00Z'`],
    other: [`${column} is not null`],
  }[familyOf(type)];
  return oneOf(random, choices);
}
