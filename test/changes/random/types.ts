import { oneOf, type Random } from '../../support/random.ts';
import { literal, type Model, type UserTypes } from './model.ts';

/** A column's type. Columns of one family have values, expressions and conditions in common. */
export interface ColumnType {
  readonly kind: Kind;
  /** As SQL; of texts alone. */
  readonly collation?: string;
}

export type Kind = keyof typeof kinds;
type Family = 'number' | 'text' | 'boolean' | 'date' | 'other';

interface KindFacts {
  readonly family: Family;
  readonly sql: (types: UserTypes) => string;
  readonly value: (random: Random, types: UserTypes) => string;
}

const words = [
  'a',
  'A',
  'b',
  'B',
  'ä',
  'Z',
  '10',
  '9',
  "it's",
  'x:y',
  '50%',
  '',
  'two words',
  'a\nb',
  '"q"',
  '\\',
  '🎬',
];
const keyWords = ['a', 'A', 'b', 'B:c', 'd%3A', 'e f', 'ä', "g'h", 'i"j', 'k\\'];

const number = (random: Random): string => oneOf(random, ['0', '1', '2', '3', '4', '5', '-1', '7']);
const word = (random: Random): string => `${oneOf(random, words)}${oneOf(random, ['', '', '1', '2'])}`;
const day = (random: Random): string => `20${10 + random(20)}-0${1 + random(9)}-1${random(9)}`;
const label = (random: Random, types: UserTypes): string => oneOf(random, types.enum.labels);
const of = (family: Family, sql: string, value: KindFacts['value']): KindFacts => ({
  family,
  sql: () => sql,
  value,
});

const kinds = {
  smallint: of('number', 'smallint', number),
  integer: of('number', 'integer', number),
  bigint: of('number', 'bigint', number),
  numeric: of('number', 'numeric', (random) =>
    oneOf(random, ['0', '1', '1.0', '1.50', '2', '3.25', '-1', '1e3', 'NaN']),
  ),
  double: of('other', 'double precision', (random) =>
    oneOf(random, ['0', '-0', '1.5', '1e100', '0.1', 'NaN', 'Infinity']),
  ),
  text: of('text', 'text', word),
  varchar: of('text', 'varchar(60)', word),
  char: of('other', 'character(4)', (random) => oneOf(random, ['a', 'B', 'abcd', 'ä'])),
  uuid: of('other', 'uuid', (random) => `c0ffee00-0000-4000-8000-00000000000${random(10)}`),
  date: of('date', 'date', day),
  timestamp: of('date', 'timestamptz', (random) => `${day(random)} 12:00:0${random(10)}+0${random(9)}`),
  boolean: of('boolean', 'boolean', (random) => oneOf(random, ['true', 'false'])),
  jsonb: of('other', 'jsonb', (random) =>
    oneOf(random, ['null', '1', '"a"', '{"a": [1, null]}', '[]', '{}', '"\\u2028"']),
  ),
  json: of('other', 'json', (random) => oneOf(random, ['null', ' 1 ', '{"a":1,\n "b": [ ]}', '"x"'])),
  bytea: of('other', 'bytea', (random) => oneOf(random, ['', '\\x00ff', '\\xdeadbeef'])),
  texts: of('other', 'text[]', (random) => oneOf(random, ['{}', '{a,NULL,"b c"}', '{{1,2},{3,4}}'])),
  enum: {
    family: 'other',
    sql: (types) => types.enum.name,
    value: label,
  },
  domain: { family: 'text', sql: (types) => types.domain, value: word },
  domainOfArray: {
    family: 'other',
    sql: (types) => types.domainOfArray,
    value: (random, types) => `{"${label(random, types)}","${label(random, types)}"}`,
  },
  composite: {
    family: 'other',
    sql: ({ composite }) => composite.name,
    value: (random, types) => `(${number(random)},"${label(random, types)}")`,
  },
  composites: {
    family: 'other',
    sql: ({ composite }) => `${composite.name}[]`,
    value: (random, types) => `{"(${number(random)},\\"${label(random, types)}\\")"}`,
  },
  range: {
    family: 'other',
    sql: ({ range }) => range,
    value: (random, types) => `["${label(random, types)}",)`,
  },
} satisfies Record<string, KindFacts>;

const facts: Readonly<Record<Kind, KindFacts>> = kinds;

export const collations = ['"C"', '"en-x-icu"', '"de-x-icu"', '"default"'] as const;

/** What keys may be of; numbers twice as often as each of the others. */
const keyKinds = [
  'integer',
  'integer',
  'bigint',
  'text',
  'text',
  'varchar',
  'uuid',
  'smallint',
  'char',
  'date',
] as const;

export function randomType(random: Random, { types }: Pick<Model, 'types'>): ColumnType {
  return withCollation(random, oneOf(random, Object.keys(kinds) as Kind[]), types);
}

export function randomKeyType(random: Random): ColumnType {
  const kind = oneOf(random, keyKinds);
  return kind === 'text' && random(3) === 0 ? { kind, collation: oneOf(random, collations) } : { kind };
}

/** Of the types whose equal values look the same. */
export function randomPlainType(random: Random): ColumnType {
  return { kind: oneOf(random, ['integer', 'bigint', 'text', 'uuid', 'boolean', 'date']) };
}

export function withCollation(random: Random, kind: Kind, { collation }: UserTypes): ColumnType {
  if (kind !== 'text' && kind !== 'varchar') return { kind };
  return random(3) === 0 ? { kind } : { kind, collation: oneOf(random, [...collations, collation]) };
}

export function familyOf({ kind }: ColumnType): Family {
  return facts[kind].family;
}

/** Lists may be ordered by all others. */
export function isOrdered({ kind }: ColumnType): boolean {
  return kind !== 'json';
}

export function typeSql({ kind, collation }: ColumnType, types: UserTypes): string {
  return `${facts[kind].sql(types)}${collation ? ` collate ${collation}` : ''}`;
}

export function isSameType(a: ColumnType, b: ColumnType): boolean {
  return a.kind === b.kind && a.collation === b.collation;
}

/** A value as SQL; Postgres takes its type from where it stands. */
export function randomValue(random: Random, { kind }: ColumnType, types: UserTypes): string {
  return literal(facts[kind].value(random, types));
}

/** One of the few values that keys have, so that rows meet. */
export function randomKeyValue(random: Random, type: ColumnType, types: UserTypes): string {
  if (familyOf(type) === 'number') return literal(String(1 + random(14)));
  if (type.kind === 'text' || type.kind === 'varchar') return literal(oneOf(random, keyWords));
  return randomValue(random, type, types);
}
