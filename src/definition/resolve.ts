import { type Catalog, type CatalogTable, displayName, findColumn, findTable } from './catalog.ts';
import type { SpecPath } from './issues.ts';
import type { Definition } from './load.ts';
import type { Expression, ObjectValue, OrderTerm, ResolvedIndex, TableNode, Value } from './model.ts';
import type { TableName } from './plan.ts';
import { type Location, type Problem, suggestion } from './problems.ts';
import { findRelation } from './relations.ts';
import type { BodySpec, FieldSpec, FieldsSpec, RelationSpec } from './schema.ts';
import { joinFaults, startFaults, tableFaults } from './tables.ts';

/** Takes a table's name apart: `name`, `schema.name`, each part in double quotes where it has a dot. */
export function parseTableName(text: string): { schema: string | null; name: string } | null {
  const part = String.raw`(?:"((?:[^"]|"")+)"|([^".]+))`;
  const match = new RegExp(`^(?:${part}\\.)?${part}$`).exec(text);
  if (!match) return null;
  const unquote = (quoted: string | undefined, plain: string | undefined): string | undefined =>
    quoted?.replaceAll('""', '"') ?? plain;
  const name = unquote(match[3], match[4]);
  return name === undefined ? null : { schema: unquote(match[1], match[2]) ?? null, name };
}

/** The schemas that a definition's tables are in. */
export function schemasOf({ spec }: Definition): string[] {
  const names: string[] = [];
  const walk = (field: FieldSpec): void => {
    if (typeof field === 'string' || 'expression' in field) return;
    if ('count' in field) return void names.push(field.count);
    names.push('one' in field ? field.one : field.many);
    for (const child of field.fields ? Object.values(field.fields) : [field.value]) walk(child);
  };
  Object.values(spec.fields).forEach(walk);
  const schemas = [spec.root, ...names].flatMap((name) => parseTableName(name)?.schema ?? []);
  return [...new Set(schemas)];
}

/** Finds everything that a definition names in the catalog. What is not there is pushed onto `problems`. */
export function resolveDefinition(
  definition: Definition,
  catalog: Catalog,
  problems: Problem[],
): ResolvedIndex | null {
  const { spec } = definition;
  const rootName = parseTableName(spec.root);
  const report = (code: Problem['code'], path: SpecPath, message: string): null => {
    problems.push({ code, at: definition.locate(path), message });
    return null;
  };
  if (!rootName?.schema) {
    return report('PROJ_DEFINITION_INVALID', ['root'], 'the root is named with its schema, `schema.name`');
  }
  const suggest: Context['suggest'] = (name, candidates) =>
    problems.length < MOST_SUGGESTIONS ? suggestion(name, candidates) : '';
  const context: Context = { definition, catalog, report, suggest, schema: rootName.schema };
  const table = resolveTable(context, spec.root, ['root']);
  if (!table) return null;
  if (table.primaryKey.length === 0) {
    report(
      'PROJ_DEFINITION_TABLE',
      ['root'],
      `${displayName(table)} has no primary key to name documents by`,
    );
  }
  const where = spec.where === undefined ? null : condition(context, table, spec.where, ['where']);
  const root: TableNode = { table, relation: null, where };
  return { definition, root, document: resolveObject(context, root, spec.fields, ['fields']) };
}

/** Comparing a name with those of a wide table takes long enough to be noticed when it is done for very many. */
const MOST_SUGGESTIONS = 100;

interface Context {
  readonly definition: Definition;
  readonly catalog: Catalog;
  readonly report: (code: Problem['code'], path: SpecPath, message: string) => null;
  /** What else a name may have been meant to be, behind a message. */
  readonly suggest: (name: string, candidates: readonly string[]) => string;
  /** Where a table is whose name has no schema. */
  readonly schema: string;
}

function resolveTable(context: Context, text: string, path: SpecPath): CatalogTable | null {
  const { catalog, report, suggest } = context;
  const parsed = parseTableName(text);
  if (!parsed) return report('PROJ_DEFINITION_INVALID', path, `\`${text}\` is not a table's name`);
  const name: TableName = { schema: parsed.schema ?? context.schema, name: parsed.name };
  const table = findTable(catalog, name);
  if (table) {
    for (const fault of tableFaults(table, catalog.role)) report('PROJ_DEFINITION_TABLE', path, fault);
    return table;
  }
  const names = catalog.tables.filter(({ schema }) => schema === name.schema).map((other) => other.name);
  const reason =
    names.length === 0
      ? `; the schema ${name.schema} is not there, or has no tables`
      : suggest(name.name, names);
  return report('PROJ_DEFINITION_UNKNOWN_NAME', path, `there is no table ${displayName(name)}${reason}`);
}

function condition(context: Context, table: CatalogTable, sql: string, path: SpecPath): Expression {
  return { table, sql, kind: 'condition', at: context.definition.locate(path) };
}

function resolveObject(context: Context, node: TableNode, fields: FieldsSpec, path: SpecPath): ObjectValue {
  return {
    kind: 'object',
    fields: Object.entries(fields).flatMap(([name, spec]) => {
      const value = resolveValue(context, node, spec, [...path, name]);
      return value ? [{ name, value, path: [...path, name] }] : [];
    }),
  };
}

function resolveValue(context: Context, node: TableNode, spec: FieldSpec, path: SpecPath): Value | null {
  if (typeof spec === 'string') {
    const column = findColumn(node.table, spec);
    if (column) return { kind: 'column', column };
    const names = node.table.columns.map(({ name }) => name);
    const message = `${displayName(node.table)} has no column ${spec}${context.suggest(spec, names)}`;
    return context.report('PROJ_DEFINITION_UNKNOWN_NAME', path, message);
  }
  if ('expression' in spec) {
    const at: Location = context.definition.locate([...path, 'expression']);
    return { kind: 'expression', expression: { table: node.table, sql: spec.expression, kind: 'value', at } };
  }
  if ('one' in spec) {
    const child = resolveNode(context, node, 'one', spec.one, spec, path);
    const value = child && resolveBody(context, child, spec, path);
    return value && { kind: 'one', node: child, value };
  }
  if ('many' in spec) {
    const child = resolveNode(context, node, 'many', spec.many, spec, path);
    const value = child && resolveBody(context, child, spec, path);
    return (
      value && { kind: 'many', node: child, value, order: resolveOrder(context, value, spec.order, path) }
    );
  }
  const child = resolveNode(context, node, 'count', spec.count, spec, path);
  return child && { kind: 'count', node: child };
}

function resolveNode(
  context: Context,
  parent: TableNode,
  word: 'one' | 'many' | 'count',
  name: string,
  { via, where }: RelationSpec,
  path: SpecPath,
): TableNode | null {
  const table = resolveTable(context, name, [...path, word]);
  if (!table) return null;
  const columns = via === undefined ? null : typeof via === 'string' ? [via] : via;
  const found = findRelation(parent, table, word === 'one' ? 'one' : 'many', columns);
  if ('code' in found)
    return context.report(found.code, [...path, via === undefined ? word : 'via'], found.message);
  const faults = [...startFaults(table, found.columns), ...joinFaults(parent.table, found.parentColumns)];
  for (const fault of faults) {
    context.report('PROJ_DEFINITION_TABLE', [...path, word], fault);
  }
  return {
    table,
    relation: found,
    where: where === undefined ? null : condition(context, table, where, [...path, 'where']),
  };
}

function resolveBody(context: Context, node: TableNode, body: BodySpec, path: SpecPath): Value | null {
  return body.fields
    ? resolveObject(context, node, body.fields, [...path, 'fields'])
    : resolveValue(context, node, body.value, [...path, 'value']);
}

function resolveOrder(
  context: Context,
  element: Value,
  order: readonly string[] | undefined,
  path: SpecPath,
): OrderTerm[] {
  return (order ?? []).flatMap((text, position) => {
    const [name = '', direction] = text.split(' ');
    const own = element.kind === 'object' ? element.fields : [{ name: 'value', value: element }];
    const field = own.find((candidate) => candidate.name === name);
    const at = [...path, 'order', position];
    if (!field) {
      const names = own.map((candidate) => candidate.name);
      const message = `the elements have no field ${name} to order by${context.suggest(name, names)}`;
      context.report('PROJ_DEFINITION_UNKNOWN_NAME', at, message);
      return [];
    }
    if (!isScalar(field.value)) {
      context.report(
        'PROJ_DEFINITION_INVALID',
        at,
        `${name} is a list or an object: lists are ordered by single values`,
      );
      return [];
    }
    return [{ value: field.value, isDescending: direction === 'desc' }];
  });
}

function isScalar(value: Value): boolean {
  if (value.kind === 'one') return isScalar(value.value);
  return value.kind !== 'object' && value.kind !== 'many';
}
