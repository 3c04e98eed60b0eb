import { oneOf, type Random, someOf } from '../../support/random.ts';
import {
  type Column,
  type ForeignKey,
  hasGenerated,
  isUnique,
  listed,
  literal,
  type Model,
  quoted,
  reference,
  type Table,
} from './model.ts';
import { randomKeyType, randomPlainType, randomType, type ColumnType, familyOf, typeSql } from './types.ts';

export interface SchemaOptions {
  /** Whether there may be partitioned tables. */
  readonly partitions: boolean;
}

const oddEnds = ['', '', '', '', ' x', '.y', '"z', "'s", 'Ä', '%s', ':a', '$1', '\\'];
const deleteActions = ['no action', 'cascade', 'cascade', 'set null'];
const updateActions = ['no action', 'cascade', 'cascade'];

/** A random schema, and the SQL that makes it. */
export function randomSchema(random: Random, options: SchemaOptions): { model: Model; sql: string } {
  const state = { count: 0 };
  const newWord = (): string => `n${String(++state.count).padStart(3, '0')}`;
  const newName = (): string => newWord() + oneOf(random, oddEnds);
  const [first, second] = [newName(), newName()];
  const inFirst = (): string => reference({ schema: first, name: newWord() });
  const model: Model = {
    schemas: random(2) === 0 ? [first] : [first, second],
    tables: [],
    types: {
      enum: { name: inFirst(), labels: ['good', 'so so', 'schlimm'] },
      composite: { name: inFirst(), attributes: ['x', 'mood'] },
      domain: inFirst(),
      domainOfArray: inFirst(),
      range: inFirst(),
      collation: inFirst(),
    },
    functions: {
      inner: inFirst(),
      outer: inFirst(),
      atomic: inFirst(),
      number: inFirst(),
      operator: `${quoted(first)}.!!!`,
      cast: inFirst(),
    },
    newWord,
    hasCast: false,
    hasOverload: false,
  };
  const count = 4 + random(4);
  for (let position = 0; position < count; position++) addTable(random, model, newName, position, options);
  addTwin(random, model, newName);
  const foreignKeys = model.tables.flatMap((table) =>
    table.foreignKeys.map((foreignKey) => `alter table ${reference(table)} ${addForeignKeySql(foreignKey)}`),
  );
  const sql = [
    ...model.schemas.map((schema) => `create schema ${quoted(schema)}`),
    ...typesSql(model),
    ...functionsSql(model),
    ...model.tables.flatMap((table) => tableSql(model, table)),
    ...foreignKeys,
  ].join(';\n');
  return { model, sql };
}

function addTable(
  random: Random,
  model: Model,
  newName: () => string,
  position: number,
  { partitions }: SchemaOptions,
): void {
  const column = (type: ColumnType, isNotNull: boolean): Column => ({
    name: newName(),
    type,
    isNotNull,
    generated: null,
  });
  const name = newName();
  const hasKey = position < 3 || random(4) > 0;
  const isPartitioned = partitions && hasKey && random(5) === 0;
  const table: Table = {
    schema: oneOf(random, model.schemas),
    name,
    columns: [],
    key: [],
    uniques: [],
    foreignKeys: [],
    keyName: model.newWord(),
    policy: null,
    partitions: [],
    twin: null,
  };
  if (isPartitioned) {
    const key = column({ kind: 'integer' }, true);
    const bounds = ['from (minvalue) to (5)', 'from (5) to (9)', 'from (9) to (maxvalue)'];
    const parts = bounds.map((bound) => ({ name: newName(), bounds: `for values ${bound}` }));
    Object.assign(table, { columns: [key], key: [key], partitions: parts });
  } else if (hasKey) {
    const key = Array.from({ length: random(4) === 0 ? 2 : 1 }, () => column(randomKeyType(random), true));
    table.columns.push(...key);
    table.key.push(...key);
  }
  const parents = position === 0 ? [] : someOf(random, model.tables, 1 + random(2));
  if (hasKey && !isPartitioned && random(4) === 0) parents.push(table);
  for (const parent of parents.filter(({ key }) => key.length > 0))
    addForeignKey(random, table, parent, column);
  const [first] = table.foreignKeys;
  if (first && !isPartitioned && random(4) === 0 && !isUnique(table, first.columns)) {
    table.uniques.push({ name: newName(), columns: first.columns, isFixed: true });
  }
  const [keyColumn, another] = table.key;
  if (keyColumn && !another && !isPartitioned && random(2) === 0) {
    // Foreign keys may refer to it in place of the primary key.
    const code = column(keyColumn.type, random(3) > 0);
    table.columns.push(code);
    table.uniques.push({ name: newName(), columns: [code], isFixed: true });
  }
  for (let more = 2 + random(4); more > 0; more--) {
    table.columns.push(column(hasKey ? randomType(random, model) : randomPlainType(random), random(3) === 0));
  }
  addPair(random, table, column);
  addGenerated(random, table, column);
  model.tables.push(table);
}

/** Two columns of one type, whose names may be exchanged. */
function addPair(
  random: Random,
  table: Table,
  column: (type: ColumnType, isNotNull: boolean) => Column,
): void {
  const type: ColumnType = { kind: oneOf(random, ['integer', 'text'] as const) };
  const isNotNull = random(2) === 0;
  table.columns.push(column(type, isNotNull), column(type, isNotNull));
}

/** Of a table whose replica identity nothing here makes the whole row: with a generated column Postgres 18 has none of it. */
function addGenerated(
  random: Random,
  table: Table,
  column: (type: ColumnType, isNotNull: boolean) => Column,
): void {
  if (random(3) > 0 || table.uniques.length > 0) return;
  const from = table.columns.find(({ type }) => familyOf(type) === 'number' && type.kind !== 'numeric');
  if (!from) return;
  table.columns.push({
    ...column({ kind: 'bigint' }, false),
    generated: `(${quoted(from.name)} * 2)`,
  });
}

function addForeignKey(
  random: Random,
  table: Table,
  target: Table,
  column: (type: ColumnType, isNotNull: boolean) => Column,
): void {
  const code = target.uniques.find(({ columns }) => columns.length === 1)?.columns;
  const targetColumns = code && target !== table && random(3) === 0 ? code : target.key;
  const isNotNull = target !== table && random(3) === 0;
  // Now and then the foreign key is the first part of the key, as in a table of a parent's numbered rows.
  const columns = targetColumns.map(({ type }) => column(type, isNotNull));
  table.columns.push(...columns);
  if (
    isNotNull &&
    table.key.length === 1 &&
    columns.length === 1 &&
    table.partitions.length === 0 &&
    random(3) === 0
  )
    table.key.unshift(...columns);
  const onDelete = oneOf(random, deleteActions);
  table.foreignKeys.push({
    name: `${table.keyName}_${table.foreignKeys.length}`,
    columns,
    target,
    targetColumns,
    actions: `on delete ${onDelete} on update ${oneOf(random, updateActions)}`,
  });
}

/** A twin of a table that no other refers to. */
function addTwin(random: Random, model: Model, newName: () => string): void {
  const candidates = model.tables.filter(
    (table) =>
      table.partitions.length === 0 &&
      !hasGenerated(table) &&
      model.tables.every(({ foreignKeys }) => foreignKeys.every(({ target }) => target !== table)),
  );
  if (candidates.length === 0) return;
  const table = oneOf(random, candidates);
  const copies = new Map(table.columns.map((column) => [column, { ...column }]));
  const copied = (columns: readonly Column[]): Column[] =>
    columns.map((column) => copies.get(column) ?? column);
  const twin: Table = {
    ...table,
    name: newName(),
    keyName: newName(),
    columns: copied(table.columns),
    key: copied(table.key),
    uniques: table.uniques.map((unique) => ({ ...unique, name: newName(), columns: copied(unique.columns) })),
    foreignKeys: table.foreignKeys.map((foreignKey) => ({
      ...foreignKey,
      columns: copied(foreignKey.columns),
    })),
    twin: table,
  };
  table.twin = twin;
  model.tables.push(twin);
}

export function addForeignKeySql({ name, columns, target, targetColumns, actions }: ForeignKey): string {
  return `add constraint ${quoted(name)} foreign key (${listed(columns)}) references ${reference(target)} (${listed(targetColumns)}) ${actions}`;
}

export function columnSql(model: Model, { name, type, isNotNull, generated }: Column): string {
  const how = generated === null ? '' : ` generated always as ${generated} stored`;
  return `${quoted(name)} ${typeSql(type, model.types)}${how}${isNotNull ? ' not null' : ''}`;
}

function tableSql(model: Model, table: Table): string[] {
  const parts = [
    ...table.columns.map((column) => columnSql(model, column)),
    ...(table.key.length > 0
      ? [`constraint ${quoted(table.keyName)} primary key (${listed(table.key)})`]
      : []),
    ...table.uniques.map(({ name, columns }) => `constraint ${quoted(name)} unique (${listed(columns)})`),
  ];
  const name = reference(table);
  const by = table.partitions.length > 0 ? ` partition by range (${listed(table.key)})` : '';
  return [
    `create table ${name} (${parts.join(', ')})${by}`,
    ...table.partitions.map(
      (part) =>
        `create table ${reference({ ...table, name: part.name })} partition of ${name} ${part.bounds}`,
    ),
  ];
}

function typesSql({ types, functions }: Model): string[] {
  const { composite } = types;
  const [x = '', mood = ''] = composite.attributes;
  const [base, baseOfArray] = [
    `${types.domain.slice(0, -1)}_base"`,
    `${types.domainOfArray.slice(0, -1)}_base"`,
  ];
  return [
    `create type ${types.enum.name} as enum (${types.enum.labels.map(literal).join(', ')})`,
    `create type ${composite.name} as (${quoted(x)} integer, ${quoted(mood)} ${types.enum.name})`,
    `create domain ${base} as text check (value <> 'never')`,
    `create domain ${types.domain} as ${base} check (value <> 'nor this')`,
    `create domain ${baseOfArray} as ${types.enum.name}`,
    `create domain ${types.domainOfArray} as ${baseOfArray}[]`,
    `create type ${types.range} as range (subtype = ${types.enum.name})`,
    `create collation ${types.collation} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    castFunctionSql({ types, functions }, 'first'),
  ];
}

/** How the composite type becomes JSON where its cast is there. */
export function castFunctionSql(
  { types, functions }: Pick<Model, 'types' | 'functions'>,
  word: string,
): string {
  return `create or replace function ${functions.cast}(v ${types.composite.name}) returns json language sql immutable
    as $$ select json_build_array(${literal(word)}) $$`;
}

export function innerFunctionSql({ functions }: Pick<Model, 'functions'>, ending: string): string {
  return `create or replace function ${functions.inner}(t text) returns text language sql immutable
    as $$ select upper(t) || ${literal(ending)} $$`;
}

export function outerFunctionSql({ functions }: Pick<Model, 'functions'>, ending: string): string {
  return `create or replace function ${functions.outer}(t text) returns text language plpgsql immutable
    as $$ begin return ${functions.inner}(t) || ${literal(ending)}; end $$`;
}

export function numberFunctionSql({ functions }: Pick<Model, 'functions'>, addend: number): string {
  return `create or replace function ${functions.number}(n numeric) returns numeric language sql immutable
    as $$ select n + ${addend} $$`;
}

function functionsSql(model: Model): string[] {
  const { inner, atomic, operator } = model.functions;
  return [
    innerFunctionSql(model, '.'),
    outerFunctionSql(model, ','),
    numberFunctionSql(model, 1),
    `create function ${atomic}(t text) returns text immutable begin atomic select ${inner}(t); end`,
    `create operator ${operator} (rightarg = text, function = ${inner})`,
  ];
}
