import type { Random } from '../support/random.ts';

/** Tables, a definition over them, and its documents by a query that shares nothing with the product's. */
export interface RandomSchema {
  /** Makes the tables and their rows. Every column is NOT NULL. */
  readonly sql: string;
  readonly definition: string;
  /** Every column that is in no primary key, as `table`, `column`. */
  readonly columns: readonly (readonly [table: string, column: string])[];
  readonly root: { readonly table: string; readonly primaryKey: string; readonly key: readonly string[] };
  /** The key's columns as text, then the document; of no row without a key. */
  readonly expected: string;
}

interface Type {
  readonly sql: string;
  readonly value: (random: Random) => string;
}

interface Column {
  readonly name: string;
  readonly type: Type;
}

interface Table {
  readonly name: string;
  readonly key: readonly Column[];
  readonly columns: readonly Column[];
  /** The values of the rows' keys, as SQL. */
  readonly keys: string[][];
}

/** A field: how a definition writes it, and how SQL does that reads it from `alias`. */
interface Field {
  readonly spec: unknown;
  readonly sql: (alias: string) => string;
}

const text = (random: Random): string => {
  const parts = ['a', 'ä', '"', "''", '\\', '}', '{', ',', ' ', '\n', '\t', '\x01', 'null', '漢'];
  return `'${Array.from({ length: random(4) }, () => parts[random(parts.length)]).join('')}'`;
};

const TYPES: readonly Type[] = [
  { sql: 'integer', value: (random) => String(random(100)) },
  { sql: 'bigint', value: (random) => String(random(1_000_000)) },
  { sql: 'boolean', value: (random) => (random(2) === 0 ? 'true' : 'false') },
  { sql: 'uuid', value: (random) => `md5('${random(1_000)}')::uuid` },
  { sql: 'text', value: text },
  { sql: 'numeric', value: (random) => `${random(100)}.5` },
  { sql: 'date', value: (random) => `date '2020-01-01' + ${random(900)}` },
  { sql: 'timestamptz', value: (random) => `timestamptz '2020-01-01 12:00Z' + interval '${random(900)} h'` },
  { sql: 'jsonb', value: (random) => [`'null'`, `'[1, null]'`, `'{"a": {"b": 1}}'`][random(3)] ?? '' },
  { sql: 'json', value: (random) => [`'null'`, `'[1,\n null]'`, `'{"a": "}"}'`][random(3)] ?? '' },
  { sql: 'text[]', value: (random) => ["'{}'", `'{a,NULL}'`, `'{"\\""}'`][random(3)] ?? '' },
  { sql: 'pair', value: (random) => ['row(1, null)', "row(1, 'a')", 'row(null, null)'][random(3)] ?? '' },
  { sql: 'mood', value: (random) => ["'glad'", "'sad'"][random(2)] ?? '' },
  { sql: 'small', value: (random) => String(random(10)) },
];

const KEYS: readonly (readonly Type[])[] = [
  [{ sql: 'integer', value: (random) => String(random(1_000_000)) }],
  [{ sql: 'text', value: (random) => `'${random(1_000_000)}' || ${text(random)}` }],
  [{ sql: 'uuid', value: (random) => `md5('${random(1_000_000)}')::uuid` }],
  [
    { sql: 'integer', value: (random) => String(random(3)) },
    { sql: 'text', value: (random) => `'${random(1_000_000)}:%' || ${text(random)}` },
  ],
];

const DEPTH = 3;
const ROWS = 15;

/** `schema` is the name of a schema to be made. */
export function randomSchema(random: Random, schema: string): RandomSchema {
  const statements = [
    `create schema ${schema}`,
    `set local search_path to ${schema}`,
    'create type pair as (a integer, b text)',
    `create type mood as enum ('glad', 'sad')`,
    'create domain small as integer check (value < 10)',
  ];
  const columns: (readonly [string, string])[] = [];
  let tables = 0;
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;

  /** A table with its rows; `references` are foreign keys, each with the keys that there are to refer to. */
  const createTable = (references: readonly { readonly prefix: string; readonly to: Table }[]): Table => {
    const name = `t${++tables}`;
    const key = pick(KEYS).map((type, position) => ({ name: `k${position}`, type }));
    const own = Array.from({ length: 1 + random(5) }, (_, position) => ({
      name: `c${position}`,
      type: pick(TYPES),
    }));
    const all = [{ name: 'n', type: { sql: 'integer', value: () => String(random(4)) } }, ...own];
    const foreign = references.flatMap(({ prefix, to }) =>
      to.key.map(({ name: target, type }) => ({ name: `${prefix}${target}`, type })),
    );
    const written = [...key, ...all, ...foreign].map(
      (column) => `${column.name} ${column.type.sql} not null`,
    );
    const keyNames = key.map((column) => column.name).join(', ');
    const constraints = references.map(({ prefix, to }) => {
      const names = to.key.map((column) => `${prefix}${column.name}`).join(', ');
      return `foreign key (${names}) references ${to.name}`;
    });
    statements.push(
      `create table ${name} (${[...written, `primary key (${keyNames})`, ...constraints].join(', ')})`,
    );
    const keys: string[][] = [];
    for (let row = 0; row < ROWS; row++) {
      const rowKey = key.map(({ type }) => type.value(random));
      const referred = references.flatMap(({ to }) => pick(to.keys));
      const values = [...rowKey, ...all.map(({ type }) => type.value(random)), ...referred];
      statements.push(`insert into ${name} values (${values.join(', ')}) on conflict do nothing`);
      keys.push(rowKey);
    }
    columns.push(...[...all, ...foreign].map((column) => [name, column.name] as const));
    return { name, key, columns: all, keys };
  };

  const columnField = ({ name }: Column): Field => ({
    spec: name,
    sql: (alias) => `to_jsonb(${alias}.${name})`,
  });
  const ownField = (table: Table): Field =>
    random(4) === 0
      ? { spec: { expression: 'n + 1' }, sql: (alias) => `to_jsonb(${alias}.n + 1)` }
      : columnField(pick(table.columns));

  /** Conditions of related rows, as both sides write them. */
  const condition = (): { spec: object; sql: (alias: string) => string } =>
    random(3) === 0
      ? { spec: { where: 'n > 1' }, sql: (alias) => ` and ${alias}.n > 1` }
      : { spec: {}, sql: () => '' };

  const joined = (a: string, prefixA: string, b: string, prefixB: string, on: Table): string =>
    on.key.map(({ name }) => `${a}.${prefixA}${name} = ${b}.${prefixB}${name}`).join(' and ');
  const via = (prefix: string, to: Table): string[] => to.key.map(({ name }) => `${prefix}${name}`);

  /** What is read of a table's row, as `value` or as `fields`. */
  const body = (
    table: Table,
    fields: Readonly<Record<string, Field>>,
  ): { spec: object; sql: Field['sql'] } => {
    if (random(3) === 0) {
      const { spec, sql } = ownField(table);
      return { spec: { value: spec }, sql };
    }
    const specs = Object.fromEntries(Object.entries(fields).map(([name, { spec }]) => [name, spec]));
    return { spec: { fields: specs }, sql: (alias) => objectSql(fields, alias) };
  };

  const build = (
    depth: number,
    parent: Table | null,
  ): { readonly table: Table; readonly fields: Record<string, Field> } => {
    const ones = Array.from({ length: depth > 0 ? random(3) : 0 }, () => build(depth - 1, null));
    const references = [
      ...ones.map(({ table }, position) => ({ prefix: `r${position}_`, to: table })),
      ...(parent ? [{ prefix: 'p_', to: parent }] : []),
    ];
    const table = createTable(references);
    const fields: Record<string, Field> = {
      key: columnField(table.key[0] as Column),
      n: columnField(table.columns[0] as Column),
    };
    for (const [position, column] of table.columns.entries()) fields[`f${position}`] = columnField(column);
    fields['expression'] = {
      spec: { expression: "coalesce(n::text, 'none')" },
      sql: (alias) => `to_jsonb(coalesce(${alias}.n::text, 'none'))`,
    };
    for (const [position, one] of ones.entries()) {
      const read = body(one.table, one.fields);
      const where = condition();
      const alias = `a${one.table.name}`;
      fields[`one${position}`] = {
        spec: { one: one.table.name, via: via(`r${position}_`, one.table), ...where.spec, ...read.spec },
        sql: (above) =>
          `(select ${read.sql(alias)} from ${one.table.name} ${alias} where ${joined(above, `r${position}_`, alias, '', one.table)}${where.sql(alias)})`,
      };
    }
    for (let position = depth > 0 ? random(3) : 0; position > 0; position--) {
      const many = build(depth - 1, table);
      const where = condition();
      const alias = `a${many.table.name}`;
      const isDescending = random(2) === 0;
      const read = body(many.table, many.fields);
      const isOrdered = 'fields' in read.spec && random(2) === 0;
      const keys = many.table.key.map(({ name }) => `${alias}.${name}`);
      const order = [...(isOrdered ? [`${alias}.n${isDescending ? ' desc nulls last' : ''}`] : []), ...keys];
      const from = (above: string, { sql }: typeof where): string =>
        `from ${many.table.name} ${alias} where ${joined(alias, 'p_', above, '', table)}${sql(alias)}`;
      const related = { via: via('p_', table) };
      const counted = condition();
      fields[`many${position}`] = {
        spec: {
          many: many.table.name,
          ...related,
          ...where.spec,
          ...read.spec,
          ...(isOrdered && { order: [isDescending ? 'n desc' : 'n'] }),
        },
        sql: (above) =>
          `(select coalesce(jsonb_agg(${read.sql(alias)} order by ${order.join(', ')}) filter (where ${read.sql(alias)} is not null), '[]') ${from(above, where)})`,
      };
      fields[`count${position}`] = {
        spec: { count: many.table.name, ...related, ...counted.spec },
        sql: (above) => `to_jsonb((select count(*) ${from(above, counted)}))`,
      };
    }
    return { table, fields };
  };

  const { table, fields } = build(random(DEPTH + 1), null);
  const specs = Object.fromEntries(Object.entries(fields).map(([name, { spec }]) => [name, spec]));
  const keyNames = table.key.map(({ name }) => name).join(', ');
  const keyTexts = table.key.map(({ name }) => `root.${name}::text`).join(', ');
  return {
    sql: statements.join(';\n'),
    definition: JSON.stringify({ index: schema, root: `${schema}.${table.name}`, fields: specs }),
    columns: columns.map(([name, column]) => [`${schema}.${name}`, column] as const),
    root: {
      table: `${schema}.${table.name}`,
      primaryKey: `${table.name}_pkey`,
      key: table.key.map(({ name }) => name),
    },
    expected: `select ${keyTexts}, ${objectSql(fields, 'root')} from ${table.name} root where num_nulls(${keyNames}) = 0`,
  };
}

function objectSql(fields: Readonly<Record<string, Field>>, alias: string): string {
  const members = Object.entries(fields).map(([name, { sql }]) => `'${name}', ${sql(alias)}`);
  return `jsonb_build_object(${members.join(', ')})`;
}
