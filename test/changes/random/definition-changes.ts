import { oneOf, type Random } from '../../support/random.ts';
import {
  type Definition,
  randomDefinition,
  randomField,
  randomOrder,
  randomWhere,
  type RelationSpec,
} from './definitions.ts';
import { type Model, quoted } from './model.ts';
import { type Place, placesOf } from './relations.ts';
import { renameColumn } from './schema-changes.ts';

/** Other definitions, and what has to be done to the schema for them. */
export interface DefinitionChange {
  readonly definitions: readonly Definition[];
  readonly statement?: string;
  /** Tells the model, once the statement is done. */
  readonly apply?: () => void;
}

type Change = (random: Random, model: Model, definitions: readonly Definition[]) => DefinitionChange | null;

const MOST_INDEXES = 4;

export const definitionChanges: Readonly<Record<string, Change>> = {
  'a field comes': (random, model, definitions) =>
    inPlace(random, model, definitions, hasFields, ({ table, holder }) => ({
      ...holder,
      fields: { ...fieldsOf(holder), [`h${random(1_000)}`]: randomField(random, model, table, 1) },
    })),
  'a field goes': (random, model, definitions) =>
    inPlace(random, model, definitions, hasSpareField, ({ holder }) => {
      const ordered = 'order' in holder ? holder.order.map((term) => term.split(' ')[0]) : [];
      const entries = Object.entries(fieldsOf(holder));
      const spare = entries.findIndex(([name]) => !ordered.includes(name));
      return { ...holder, fields: Object.fromEntries(entries.filter((_, position) => position !== spare)) };
    }),
  'another order': (random, model, definitions) =>
    inPlace(random, model, definitions, isList, ({ table, holder }) => {
      if (!('many' in holder)) return holder;
      const { order: _, ...list } = holder;
      return { ...list, ...randomOrder(random, table, list) };
    }),
  'another where': (random, model, definitions) =>
    inPlace(
      random,
      model,
      definitions,
      () => true,
      ({ table, holder }) => {
        const { where: _, ...rest } = holder;
        return { ...rest, ...randomWhere(random, model, table, 1) };
      },
    ),
  'an index comes': (random, model, definitions) => {
    if (definitions.length >= MOST_INDEXES) return null;
    const used = definitions.map(({ index }) => index);
    const names = Array.from({ length: MOST_INDEXES + 1 }, (_, position) => `i${position}`);
    const name = oneOf(
      random,
      names.filter((one) => !used.includes(one)),
    );
    return { definitions: [...definitions, randomDefinition(random, model, name)] };
  },
  'an index goes': (random, _, definitions) => {
    if (definitions.length < 2) return null;
    const gone = oneOf(random, definitions);
    return { definitions: definitions.filter((definition) => definition !== gone) };
  },
  'a column that is read is renamed': (random, model, definitions) => {
    const text = JSON.stringify(definitions);
    const candidates = model.tables
      .flatMap((table) =>
        table.twin === null
          ? table.columns
              .filter(({ name }) => text.includes(name.slice(0, 4)))
              .map((column) => ({ table, column }))
          : [],
      )
      .filter(({ table, column }) =>
        table.columns.every(({ generated }) => !generated?.includes(quoted(column.name))),
      );
    if (candidates.length === 0) return null;
    const { table, column } = oneOf(random, candidates);
    const name = model.newWord();
    return {
      definitions: renamed(definitions, column.name, name),
      statement: renameColumn(table, column.name, name),
      apply: () => (column.name = name),
    };
  },
};

type Holder = Definition | RelationSpec;

/** Changes one place of one definition. */
function inPlace(
  random: Random,
  model: Model,
  definitions: readonly Definition[],
  isCandidate: (place: Place) => boolean,
  change: (place: Place) => object,
): DefinitionChange | null {
  const candidates = definitions.flatMap((definition) =>
    placesOf(model, definition)
      .filter(isCandidate)
      .map((place) => ({ definition, place })),
  );
  if (candidates.length === 0) return null;
  const { definition, place } = oneOf(random, candidates);
  const changed = change(place);
  const replaced = replace(definition, place.holder, changed) as Definition;
  return { definitions: definitions.map((one) => (one === definition ? replaced : one)) };
}

/** The same tree with one of its objects replaced. */
function replace(tree: unknown, wanted: object, by: object): unknown {
  if (tree === wanted) return by;
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, below]) => [name, replace(below, wanted, by)]));
}

function fieldsOf(holder: Holder): Definition['fields'] {
  return ('fields' in holder && holder.fields) || {};
}

/** Lists of a table without a key are ordered by all their fields, and are left as they are. */
function hasFields({ table, holder }: Place): boolean {
  return table.key.length > 0 && Object.keys(fieldsOf(holder)).length > 0;
}

function hasSpareField(place: Place): boolean {
  const { holder } = place;
  const order = 'order' in holder ? holder.order.length : 0;
  return hasFields(place) && Object.keys(fieldsOf(holder)).length > Math.max(order, 1);
}

function isList({ table, holder }: Place): boolean {
  return table.key.length > 0 && 'many' in holder;
}

/** Column names are words of their own, which stand for nothing else. */
function renamed(definitions: readonly Definition[], from: string, to: string): readonly Definition[] {
  const rename = (tree: unknown): unknown => {
    if (typeof tree === 'string') return tree === from ? to : tree.replaceAll(quoted(from), quoted(to));
    if (Array.isArray(tree)) return tree.map(rename);
    if (typeof tree !== 'object' || tree === null) return tree;
    return Object.fromEntries(Object.entries(tree).map(([name, below]) => [name, rename(below)]));
  };
  return definitions.map((definition) => rename(definition) as Definition);
}
