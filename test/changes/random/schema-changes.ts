import { oneOf, type Random, shuffled } from '../../support/random.ts';
import type { Definition } from './definitions.ts';
import {
  type Column,
  hasGenerated,
  incoming,
  isBound,
  isGeneratedFrom,
  listed,
  literal,
  type Model,
  quoted,
  reference,
  type Table,
} from './model.ts';
import { routeColumns } from './relations.ts';
import {
  addForeignKeySql,
  castFunctionSql,
  columnSql,
  innerFunctionSql,
  numberFunctionSql,
  outerFunctionSql,
} from './schema.ts';
import {
  collations,
  familyOf,
  isOrdered,
  isSameType,
  type Kind,
  randomType,
  randomValue,
  typeSql,
  withCollation,
} from './types.ts';

/** What a change is made of. */
export interface World {
  readonly random: Random;
  readonly model: Model;
  readonly definitions: readonly Definition[];
  readonly publication: string;
  /** The version of Postgres. */
  readonly major: number;
}

/** A change of the schema. */
export interface SchemaChange {
  readonly statements: readonly string[];
  /** What has it undone again: without it the definitions do not fit, or are not followed. */
  readonly undo?: readonly string[];
  /** The exit codes with which the service may end meanwhile. */
  readonly stops?: readonly number[];
  /** Tells the model, once it is done. */
  readonly apply?: () => void;
}

/** Gives a change, or null where the schema has nothing for it. */
type Kinds = Readonly<Record<string, (world: World) => SchemaChange | null>>;

/** Whether nulls come into columns that were NOT NULL when the plan was made. */
const NULLS_AFTER_DROP_NOT_NULL = process.env['NULLS_AFTER_DROP_NOT_NULL'] === '1';

export const schemaChanges: Kinds = {
  'a column comes': ({ random, model }) => {
    const table = oneOf(random, model.tables);
    const type = table.key.length > 0 ? randomType(random, model) : ({ kind: 'integer' } as const);
    const isNotNull = random(3) === 0;
    const column = { name: newName(random, model), type, isNotNull, generated: null };
    const given = isNotNull || random(2) === 0;
    const fallback = given ? ` default ${randomValue(random, type, model.types)}` : '';
    return {
      statements: [`alter table ${reference(table)} add ${columnSql(model, column)}${fallback}`],
      apply: () => table.columns.push(column),
    };
  },
  'a column goes that nobody reads': (world) =>
    ofColumn(world, isFree(world, false), (table, column) => ({
      statements: [`alter table ${reference(table)} drop ${quoted(column.name)}`],
      apply: () => (table.columns = table.columns.filter((one) => one !== column)),
    })),
  'a column that nobody reads is renamed': (world) =>
    ofColumn(
      world,
      (column, table) => !isRead(world, column) && table.twin === null && !isGeneratedFrom(table, column),
      (table, column) => {
        const name = newName(world.random, world.model);
        return {
          statements: [renameColumn(table, column.name, name)],
          apply: () => (column.name = name),
        };
      },
    ),
  'a column that is read goes, and comes again': (world) =>
    ofColumn(world, isFree(world, true), (table, column) => {
      const { random, model } = world;
      const fallback = column.isNotNull ? ` default ${randomValue(random, column.type, model.types)}` : '';
      return {
        statements: [
          `begin; alter table ${reference(table)} drop ${quoted(column.name)}; alter table ${reference(table)}
             add ${columnSql(model, column)}${fallback}; commit`,
        ],
        apply: () => (table.columns = [...table.columns.filter((one) => one !== column), column]),
      };
    }),
  'a wider type': (world) => {
    const { model } = world;
    const widerOf = (column: Column, table: Table): Kind | undefined => {
      const isKey = isBound(model, table, column);
      const wider: Partial<Record<Kind, Kind>> = {
        smallint: 'integer',
        integer: 'bigint',
        ...(isKey ? {} : { bigint: 'numeric' }),
        varchar: 'text',
      };
      return isPartitionKey(table, column) || isGeneratedFrom(table, column)
        ? undefined
        : wider[column.type.kind];
    };
    return ofColumn(
      world,
      (column, table) => widerOf(column, table) !== undefined,
      (table, column) => {
        const type = { ...column.type, kind: widerOf(column, table) ?? column.type.kind };
        return { statements: [retype(model, table, column, type)], apply: () => (column.type = type) };
      },
    );
  },
  'another collation': (world) => {
    const { random, model } = world;
    return ofColumn(
      world,
      ({ type }, table) => (type.kind === 'text' || type.kind === 'varchar') && table.key.length > 0,
      (table, column) => {
        const type = isBound(model, table, column)
          ? { kind: column.type.kind, collation: oneOf(random, collations) }
          : withCollation(random, column.type.kind, model.types);
        return { statements: [retype(model, table, column, type)], apply: () => (column.type = type) };
      },
    );
  },
  'the same type with other values': (world) => {
    const { model } = world;
    return ofColumn(
      world,
      (column, table) =>
        column.generated === null &&
        ['number', 'text'].includes(familyOf(column.type)) &&
        !isBound(model, table, column),
      (table, column) => {
        const name = quoted(column.name);
        const using = familyOf(column.type) === 'number' ? `2 - ${name}` : `left(${name} || '+', 12)`;
        return {
          statements: [
            `alter table ${reference(table)} alter ${name} drop default, alter ${name} type ${typeSql(column.type, model.types)} using ${using}`,
          ],
        };
      },
    );
  },
  'NOT NULL comes': (world) =>
    ofColumn(
      world,
      ({ isNotNull, generated }) => !isNotNull && generated === null,
      (table, column) => ({
        statements: [`alter table ${reference(table)} alter ${quoted(column.name)} set not null`],
        apply: () => (column.isNotNull = true),
      }),
    ),
  'NOT NULL goes': (world) =>
    ofColumn(
      world,
      (column, table) =>
        column.isNotNull && (NULLS_AFTER_DROP_NOT_NULL || !isBound(world.model, table, column)),
      (table, column) => ({
        statements: [`alter table ${reference(table)} alter ${quoted(column.name)} drop not null`],
        apply: () => (column.isNotNull = !NULLS_AFTER_DROP_NOT_NULL),
      }),
    ),
  'another default': (world) =>
    ofColumn(
      world,
      (column, table) => column.generated === null && !isBound(world.model, table, column),
      (table, { name, type }) => {
        const { random, model } = world;
        const becomes =
          random(3) === 0 ? 'drop default' : `set default ${randomValue(random, type, model.types)}`;
        return { statements: [`alter table ${reference(table)} alter ${quoted(name)} ${becomes}`] };
      },
    ),
  'another expression of a generated column': (world) =>
    world.major < 17
      ? null
      : ofColumn(
          world,
          ({ generated }) => generated !== null,
          (table, column) => {
            const generated = `(${column.generated ?? ''} + 1)`;
            return {
              statements: [
                `alter table ${reference(table)} alter ${quoted(column.name)} set expression as ${generated}`,
              ],
              apply: () => (column.generated = generated),
            };
          },
        ),
  'another enum value': ({ random, model }) => {
    const { enum: type } = model.types;
    const label = model.newWord();
    const position = oneOf(random, ['before', 'after']);
    const neighbour = oneOf(random, type.labels);
    return {
      statements: [`alter type ${type.name} add value ${literal(label)} ${position} ${literal(neighbour)}`],
      apply: () => type.labels.push(label),
    };
  },
  'an enum value is renamed': ({ random, model }) => {
    const { enum: type } = model.types;
    const [before, after] = [oneOf(random, type.labels), model.newWord()];
    return {
      statements: [`alter type ${type.name} rename value ${literal(before)} to ${literal(after)}`],
      apply: () => (type.labels = type.labels.map((label) => (label === before ? after : label))),
    };
  },
  'an enum is renamed': ({ model }) => {
    const name = model.newWord();
    return {
      statements: [`alter type ${model.types.enum.name} rename to ${quoted(name)}`],
      apply: () => (model.types.enum.name = reference({ schema: model.schemas[0] ?? '', name })),
    };
  },
  'an attribute of a composite type is renamed': ({ random, model }) => {
    const { composite } = model.types;
    const position = random(composite.attributes.length);
    const [before = '', after] = [composite.attributes[position], newName(random, model)];
    return {
      statements: [`alter type ${composite.name} rename attribute ${quoted(before)} to ${quoted(after)}`],
      apply: () => composite.attributes.splice(position, 1, after),
    };
  },
  "another constraint of a domain's": ({ model }) => ({
    statements: [
      `alter domain ${model.types.domain} add constraint ${model.newWord()} check (value <> ${literal(model.newWord())})`,
    ],
  }),
  'a cast to json comes or goes': ({ model }) => {
    const cast = `cast (${model.types.composite.name} as json)`;
    const make = `create ${cast} with function ${model.functions.cast}(${model.types.composite.name})`;
    return {
      statements: [model.hasCast ? `drop ${cast}` : make],
      apply: () => (model.hasCast = !model.hasCast),
    };
  },
  "a cast's function is replaced": ({ model }) => ({ statements: [castFunctionSql(model, model.newWord())] }),
  'a function below others is replaced': ({ model }) => ({
    statements: [innerFunctionSql(model, model.newWord())],
  }),
  'a function is replaced': ({ random, model }) => ({
    statements: [
      random(2) === 0 ? outerFunctionSql(model, model.newWord()) : numberFunctionSql(model, random(5)),
    ],
  }),
  'an overload comes or goes': ({ model }) => {
    const own = `${model.functions.outer}(t varchar)`;
    const make = `create function ${own} returns text language sql immutable as $$ select lower(t) $$`;
    return {
      statements: [model.hasOverload ? `drop function ${own}` : make],
      apply: () => (model.hasOverload = !model.hasOverload),
    };
  },
  'a foreign key is made again': ({ random, model }) => {
    const table = oneOf(random, model.tables);
    const [foreignKey] = shuffled(random, table.foreignKeys);
    if (!foreignKey) return null;
    const drop = `drop constraint ${quoted(foreignKey.name)}`;
    const later = table.partitions.length === 0 && random(2) === 0 ? ' not valid' : '';
    return {
      statements: [`alter table ${reference(table)} ${drop}, ${addForeignKeySql(foreignKey)}${later}`],
    };
  },
  'a foreign key refers to another column': ({ random, model }) => {
    const candidates = model.tables.flatMap((table) =>
      table.partitions.length > 0
        ? []
        : table.foreignKeys.flatMap((foreignKey) => {
            const keys = [foreignKey.target.key, ...foreignKey.target.uniques.map(({ columns }) => columns)];
            return keys
              .filter(
                (columns) =>
                  columns.length === foreignKey.columns.length &&
                  !columns.every((column) => foreignKey.targetColumns.includes(column)) &&
                  columns.every(({ type }, at) => isSameKind(type.kind, foreignKey.columns[at]?.type.kind)),
              )
              .map((columns) => ({ table, foreignKey, columns }));
          }),
    );
    if (candidates.length === 0) return null;
    const { table, foreignKey, columns } = oneOf(random, candidates);
    const made = addForeignKeySql({ ...foreignKey, targetColumns: columns });
    return {
      statements: [
        `begin; ${wholeRow(foreignKey.target)};
           alter table ${reference(table)} drop constraint ${quoted(foreignKey.name)}, ${made} not valid; commit`,
      ],
      apply: () => (foreignKey.targetColumns = columns),
    };
  },
  'a unique key comes or goes': (world) => {
    const { random, model } = world;
    const table = oneOf(random, model.tables);
    const dropped = table.uniques.find(({ isFixed }) => !isFixed);
    if (dropped) {
      return {
        statements: [`drop index ${reference({ schema: table.schema, name: dropped.name })}`],
        apply: () => table.uniques.splice(table.uniques.indexOf(dropped), 1),
      };
    }
    const last = table.columns.findLast(({ type }) => isOrdered(type));
    const columns = [...new Set([...table.key, ...(last ? [last] : [])])];
    const unique = { name: newName(random, model), columns, isFixed: false };
    return {
      statements: [`create unique index ${quoted(unique.name)} on ${reference(table)} (${listed(columns)})`],
      apply: () => table.uniques.push(unique),
    };
  },
  'an index comes': ({ random, model }) => {
    const table = oneOf(random, model.tables);
    const columns = [...(table.foreignKeys[0]?.columns ?? table.key)];
    if (columns.length === 0) return null;
    const how = table.partitions.length === 0 && random(2) === 0 ? 'concurrently ' : '';
    return { statements: [`create index ${how}on ${reference(table)} (${listed(columns)})`] };
  },
  'a primary key is made again': ({ random, model, definitions }) => {
    const candidates = model.tables.filter(
      (table) =>
        table.key.length > 0 &&
        table.partitions.length === 0 &&
        incoming(model, table).every(({ foreignKey }) =>
          foreignKey.targetColumns.every((c) => !table.key.includes(c)),
        ),
    );
    if (candidates.length === 0) return null;
    const table = oneOf(random, candidates);
    const key = random(2) === 0 ? table.key : table.key.toReversed();
    const name = quoted(table.keyName);
    const isEnough = isKeyEnough(model, definitions, table);
    if (!isEnough && hasGenerated(table)) return null;
    const identity = isEnough ? 'default' : 'full';
    return {
      statements: [
        `alter table ${reference(table)} replica identity ${identity}, drop constraint ${name}, add constraint ${name} primary key (${listed(key)})`,
      ],
      apply: () => (table.key = key),
    };
  },
  'another replica identity': ({ random, model, definitions }) => {
    const table = oneOf(random, model.tables);
    if (table.partitions.length > 0) return null;
    const identity = isKeyEnough(model, definitions, table)
      ? oneOf(random, ['full', 'default', `using index ${quoted(table.keyName)}`])
      : 'full';
    if (identity === 'full' && hasGenerated(table)) return null;
    return { statements: [`alter table ${reference(table)} replica identity ${identity}`] };
  },
  'columns exchange their names': (world) =>
    ofPair(world, (table, a, b) => ({
      statements: [`begin; ${exchangeColumns(world, table, a, b)}; commit`],
      apply: () => exchangeNames(a, b),
    })),
  'columns exchange their names, and back': (world) =>
    ofPair(world, (table, a, b) => ({
      statements: [`begin; ${exchangeColumns(world, table, a, b)}; commit`],
      undo: [`begin; ${exchangeColumns(world, table, a, b)}; commit`],
    })),
  'tables exchange their names': (world) =>
    ofTwins(world, (a, b) => ({
      statements: [`begin; ${exchangeTables(world, a, b)}; commit`],
      apply: () => exchangeNames(a, b),
    })),
  'tables exchange their names, and back': (world) =>
    ofTwins(world, (a, b) => ({
      statements: [`begin; ${exchangeTables(world, a, b)}; commit`],
      undo: [`begin; ${exchangeTables(world, a, b)}; commit`],
    })),
  'a table that is read is renamed, and back': (world) =>
    ofReadTable(world, (table) => {
      const name = world.model.newWord();
      return {
        statements: [`alter table ${reference(table)} rename to ${quoted(name)}`],
        undo: [`alter table ${reference({ ...table, name })} rename to ${quoted(table.name)}`],
        stops: [2],
      };
    }),
  'a schema is renamed, and back': ({ model: { schemas, newWord } }) => {
    const [before = '', after] = [schemas.at(-1), newWord()];
    return {
      statements: [`alter schema ${quoted(before)} rename to ${quoted(after)}`],
      undo: [`alter schema ${quoted(after)} rename to ${quoted(before)}`],
      stops: [1, 2],
    };
  },
  'a table leaves the publication, and comes again': (world) =>
    ofReadTable(world, (table) => ({
      statements: [`alter publication ${quoted(world.publication)} drop table ${reference(table)}`],
      undo: [`alter publication ${quoted(world.publication)} add table ${reference(table)}`],
      stops: [3],
    })),
  'a partition is detached, changed and attached': ({ random, model, major }) => {
    // Before 15, what changes in a partition that was attached is not streamed.
    const candidates = major < 15 ? [] : model.tables.filter(({ partitions }) => partitions.length > 0);
    if (candidates.length === 0) return null;
    const table = oneOf(random, candidates);
    const { name, bounds } = oneOf(random, table.partitions);
    const partition = reference({ schema: table.schema, name });
    const column = table.columns.find((one) => !isBound(model, table, one) && one.generated === null);
    const change = column
      ? `update ${partition} set ${quoted(column.name)} = ${randomValue(random, column.type, model.types)}`
      : `delete from ${partition}`;
    const statements = [
      `alter table ${reference(table)} detach partition ${partition}`,
      change,
      `alter table ${reference(table)} attach partition ${partition} ${bounds}`,
    ];
    const [detach = '', ...more] = statements;
    return random(2) === 0
      ? { statements: [`begin; ${statements.join('; ')}; commit`] }
      : { statements: [detach], undo: more };
  },
  'a partition is truncated': ({ random, model }) => {
    const candidates = model.tables.filter(({ partitions }) => partitions.length > 0);
    if (candidates.length === 0) return null;
    const table = oneOf(random, candidates);
    return {
      statements: [`truncate ${reference({ ...table, name: oneOf(random, table.partitions).name })} cascade`],
    };
  },
  'a table is written again': ({ random, model }) => {
    const table = oneOf(
      random,
      model.tables.filter(({ partitions }) => partitions.length === 0),
    );
    const cluster = `cluster ${reference(table)} using ${quoted(table.keyName)}`;
    return {
      statements: [table.key.length > 0 && random(2) === 0 ? cluster : `vacuum full ${reference(table)}`],
    };
  },
  'row level security that hides nothing comes or goes': ({ random, model }) => {
    const table = oneOf(random, model.tables);
    const name = reference(table);
    const policy = table.policy === null ? model.newWord() : null;
    const made = `create policy ${policy} on ${name} using (true); alter table ${name} enable row level security`;
    const dropped = `alter table ${name} disable row level security; drop policy ${table.policy} on ${name}`;
    return {
      statements: [`begin; ${policy === null ? dropped : made}; commit`],
      apply: () => (table.policy = policy),
    };
  },
  'what no document rests on': ({ random, model }) => {
    const table = oneOf(random, model.tables);
    const name = reference(table);
    const column = quoted(oneOf(random, table.columns).name);
    const choices = [
      `comment on column ${name}.${column} is 'a comment'`,
      `alter table ${name} alter ${column} set statistics ${random(100)}`,
      `grant select on ${name} to public`,
      `analyze ${name}`,
      `alter table ${name} add constraint ${model.newWord()} check (true)`,
    ];
    return { statements: [oneOf(random, choices)] };
  },
};

function newName(random: Random, { newWord }: Model): string {
  return newWord() + oneOf(random, ['', ' z', '"', "'", '.q']);
}

/** Whether any definition has a column's name in it. Each name begins with a word of its own. */
function isRead({ definitions }: World, { name }: Column): boolean {
  return JSON.stringify(definitions).includes(name.slice(0, 4));
}

/** Columns that nothing else of the database rests on, and that are read or not. */
function isFree(world: World, read: boolean): (column: Column, table: Table) => boolean {
  return (column, table) =>
    column.generated === null &&
    table.twin === null &&
    !isBound(world.model, table, column) &&
    isRead(world, column) === read;
}

/** Whether the primary key tells the stream all that routes begin with. */
function isKeyEnough(model: Model, definitions: readonly Definition[], table: Table): boolean {
  const needed = [...routeColumns(model, definitions, table)];
  return table.twin === null && table.key.length > 0 && needed.every((column) => table.key.includes(column));
}

function isPartitionKey({ key, partitions }: Table, column: Column): boolean {
  return partitions.length > 0 && key.includes(column);
}

function isSameKind(a: Kind, b: Kind | undefined): boolean {
  const numbers: readonly (Kind | undefined)[] = ['smallint', 'integer', 'bigint'];
  return a === b || (numbers.includes(a) && numbers.includes(b));
}

function ofColumn(
  { random, model }: World,
  isCandidate: (column: Column, table: Table) => boolean,
  change: (table: Table, column: Column) => SchemaChange,
): SchemaChange | null {
  const candidates = model.tables.flatMap((table) =>
    table.columns.flatMap((column) => (isCandidate(column, table) ? { table, column } : [])),
  );
  if (candidates.length === 0) return null;
  const { table, column } = oneOf(random, candidates);
  return change(table, column);
}

/** Two columns of one table that differ in nothing but their names and values, one of them read. */
function ofPair(
  world: World,
  change: (table: Table, a: Column, b: Column) => SchemaChange,
): SchemaChange | null {
  const { random, model } = world;
  const candidates = model.tables.flatMap((table) => {
    const free = table.columns.filter(
      (column) => column.generated === null && table.twin === null && !isBound(model, table, column),
    );
    return free.flatMap((a) =>
      free
        .filter(
          (b) => a !== b && isSameType(a.type, b.type) && a.isNotNull === b.isNotNull && isRead(world, a),
        )
        .map((b) => ({ table, a, b })),
    );
  });
  if (candidates.length === 0) return null;
  const { table, a, b } = oneOf(random, candidates);
  return change(table, a, b);
}

/** Two tables that have columns of the same names. */
function ofTwins(
  { random, model }: World,
  change: (a: Table, b: Table) => SchemaChange,
): SchemaChange | null {
  const names = ({ columns }: Table): string =>
    columns
      .map(({ name }) => name)
      .sort()
      .join();
  const twins = model.tables.filter(
    ({ twin, ...table }) => twin !== null && names(twin) === names({ ...table, twin }),
  );
  if (twins.length === 0) return null;
  const table = oneOf(random, twins);
  return table.twin && change(table, table.twin);
}

function ofReadTable(
  { random, model, definitions }: World,
  change: (table: Table) => SchemaChange,
): SchemaChange | null {
  const text = JSON.stringify(definitions);
  const read = model.tables.filter((table) => text.includes(JSON.stringify(reference(table))));
  return read.length === 0 ? null : change(oneOf(random, read));
}

function exchangeColumns({ model }: World, table: Table, a: Column, b: Column): string {
  const between = model.newWord();
  return [
    renameColumn(table, a.name, between),
    renameColumn(table, b.name, a.name),
    renameColumn(table, between, b.name),
  ].join('; ');
}

function exchangeTables({ model }: World, a: Table, b: Table): string {
  const between = model.newWord();
  const rename = (from: string, to: string): string =>
    `alter table ${reference({ ...a, name: from })} rename to ${quoted(to)}`;
  return [rename(a.name, between), rename(b.name, a.name), rename(between, b.name)].join('; ');
}

function exchangeNames(a: { name: string }, b: { name: string }): void {
  [a.name, b.name] = [b.name, a.name];
}

export function renameColumn(table: Table, from: string, to: string): string {
  return `alter table ${reference(table)} rename ${quoted(from)} to ${quoted(to)}`;
}

function retype(model: Model, table: Table, { name }: Column, type: Column['type']): string {
  return `alter table ${reference(table)} alter ${quoted(name)} type ${typeSql(type, model.types)}`;
}

/** Has the stream carry whole rows, whatever routes begin with from now on. */
export function wholeRow(table: Table): string {
  const relations = table.partitions.length > 0 ? table.partitions : [table];
  return relations
    .map(({ name }) => `alter table ${reference({ schema: table.schema, name })} replica identity full`)
    .join('; ');
}
