import { oneOf, type Random } from '../../support/random.ts';
import { type Column, type ForeignKey, listed, type Model, quoted, reference, type Table } from './model.ts';
import { randomKeyValue, randomValue } from './types.ts';

/**
 * One random statement on a random table's rows. Postgres may refuse it for a constraint, and for a name that another
 * session has changed meanwhile. Keys have few values, so that rows meet.
 */
export function randomEdit(random: Random, model: Model): string {
  const table = oneOf(random, model.tables);
  const kind = random(400);
  if (kind < 190) return insert(random, model, table);
  if (kind < 340) return update(random, model, table);
  if (kind < 399) return `delete from ${reference(table)} where ${someRows(random, model, table)}`;
  return `truncate ${reference(table)} cascade`;
}

/** Some rows of each table, so that there is something to begin with. */
export function firstRows(random: Random, model: Model): string[] {
  return model.tables.flatMap((table) => Array.from({ length: 12 }, () => insert(random, model, table)));
}

function insert(random: Random, model: Model, table: Table): string {
  const columns = ownColumns(table).filter((column) => table.key.includes(column) || random(8) > 0);
  const row = (): string => {
    const place = random(8);
    return `(${columns.map((column) => value(random, model, table, column, place)).join(', ')})`;
  };
  const rows = Array.from({ length: oneOf(random, [1, 1, 2, 3]) }, row);
  const target = `insert into ${reference(table)} (${listed(columns)}) values ${rows.join(', ')}`;
  return random(3) > 0 ? `${target} on conflict do nothing` : target;
}

function update(random: Random, model: Model, table: Table): string {
  const columns = ownColumns(table);
  const linking = table.foreignKeys.flatMap((foreignKey) => foreignKey.columns);
  const among = random(3) === 0 && linking.length > 0 ? linking : columns;
  const changed = new Set(Array.from({ length: 1 + random(3) }, () => oneOf(random, among)));
  const place = random(8);
  const pairs = [...changed].map(
    (column) => `${quoted(column.name)} = ${value(random, model, table, column, place)}`,
  );
  return `update ${reference(table)} set ${pairs.join(', ')} where ${someRows(random, model, table)}`;
}

/** Mostly one row, seldom many. */
function someRows(random: Random, model: Model, table: Table): string {
  if (random(12) === 0) return `ctid in (select ctid from ${reference(table)} order by ctid limit 4)`;
  const column = oneOf(random, table.key.length > 0 ? table.key : table.columns);
  return `${quoted(column.name)} = ${randomKeyValue(random, column.type, model.types)}`;
}

function ownColumns({ columns }: Table): Column[] {
  return columns.filter(({ generated }) => generated === null);
}

/** A value for a column: of a foreign key mostly that of the row at a place. */
function value(random: Random, model: Model, table: Table, column: Column, place: number): string {
  const foreignKey = table.foreignKeys.find(({ columns }) => columns.includes(column));
  if (!column.isNotNull && random(6) === 0) return 'null';
  if (foreignKey && random(5) > 0) return found(foreignKey, column, place);
  const isKey =
    foreignKey ??
    [table.key, ...table.uniques.map(({ columns }) => columns)].some((key) => key.includes(column));
  return isKey
    ? randomKeyValue(random, column.type, model.types)
    : randomValue(random, column.type, model.types);
}

function found({ columns, target, targetColumns }: ForeignKey, column: Column, place: number): string {
  const targetColumn = targetColumns[columns.indexOf(column)] ?? column;
  const order = listed(targetColumns);
  return `(select ${quoted(targetColumn.name)} from ${reference(target)} order by ${order} offset ${place} limit 1)`;
}
