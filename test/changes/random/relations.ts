import type { Definition, RelationSpec, Spec } from './definitions.ts';
import {
  type Column,
  type ForeignKey,
  incoming,
  isUnique,
  type Model,
  reference,
  type Table,
} from './model.ts';

/** The foreign key that a relation follows, and whether it is the related table that has it. */
export interface FoundRelation {
  readonly foreignKey: ForeignKey;
  readonly isBack: boolean;
}

/** The table of a name as definitions write it. */
export function tableOf({ tables }: Model, text: string): Table {
  const found = tables.find((table) => reference(table) === text);
  if (!found) throw new Error(`there is no table ${text}`);
  return found;
}

export function relatedTable(model: Model, spec: RelationSpec): Table {
  return tableOf(model, 'one' in spec ? spec.one : 'many' in spec ? spec.many : spec.count);
}

/** By the docs' rules: `one` prefers a foreign key of the row's own. */
export function findRelation(model: Model, parent: Table, child: Table, spec: RelationSpec): FoundRelation {
  const { via = [] } = spec;
  const fits = ({ columns }: ForeignKey): boolean =>
    columns.length === via.length && columns.every(({ name }) => via.includes(name));
  const own = parent.foreignKeys.find((one) => one.target === child && fits(one));
  if ('one' in spec && own) return { foreignKey: own, isBack: false };
  const back = incoming(model, parent).find((one) => one.table === child && fits(one.foreignKey));
  if (!back || ('one' in spec && !isUnique(child, back.foreignKey.columns)))
    throw new Error(`no foreign key on ${via.join()} between ${reference(parent)} and ${reference(child)}`);
  return { foreignKey: back.foreignKey, isBack: true };
}

/** A place in a definition where the fields of an object, or a list's order, stand. */
export interface Place {
  readonly table: Table;
  /** What `fields` or `value` is of: the definition itself, or a relation in it. */
  readonly holder: Definition | RelationSpec;
}

/** Every relation of a definition, and before them the definition itself. */
export function placesOf(model: Model, definition: Definition): Place[] {
  const root = tableOf(model, definition.root);
  const below = (spec: Spec): Place[] => {
    if (typeof spec === 'string' || 'expression' in spec) return [];
    const place = { table: relatedTable(model, spec), holder: spec };
    if ('count' in spec) return [place];
    return [place, ...(spec.fields ? Object.values(spec.fields) : [spec.value]).flatMap(below)];
  };
  return [{ table: root, holder: definition }, ...Object.values(definition.fields).flatMap(below)];
}

/** The columns of each table that routes may begin with, by what definitions relate it by. */
export function routeColumns(model: Model, definitions: readonly Definition[], wanted: Table): Set<Column> {
  const found = new Set<Column>();
  const visit = (table: Table, spec: Spec): void => {
    if (typeof spec === 'string' || 'expression' in spec) return;
    const child = relatedTable(model, spec);
    const { foreignKey, isBack } = findRelation(model, table, child, spec);
    if (child === wanted)
      for (const column of isBack ? foreignKey.columns : foreignKey.targetColumns) found.add(column);
    if ('count' in spec) return;
    for (const below of spec.fields ? Object.values(spec.fields) : [spec.value]) visit(child, below);
  };
  for (const { root, fields } of definitions) {
    const table = tableOf(model, root);
    if (table === wanted) for (const column of table.key) found.add(column);
    for (const spec of Object.values(fields)) visit(table, spec);
  }
  return found;
}
