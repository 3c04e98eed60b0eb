import { DatabaseSync } from 'node:sqlite';
import { LoadError } from './load-error.ts';
import { tables, type Batch, type Table } from './rows.ts';
import { findFaults, mostFaults } from './sqlite-faults.ts';
import { rowSchemas, sourceColumns, type SourceRow } from './sqlite-rows.ts';

export interface SqliteFilms extends Disposable {
  /** All rows, as often as asked for, until disposed. */
  batches(): AsyncIterable<Batch>;
  /** Links that say again, under another id, what an earlier one says. They are loaded once. */
  readonly repeatedLinks: number;
}

/**
 * Opens an older SQLite database of films, read-only, and checks every row of it, so that all that can be wrong with
 * it is known before anything is loaded. Throws `LoadError` that names the faults with table, row and column. The
 * check holds the ids, not the rows.
 */
export function openSqliteFilms(path: string): SqliteFilms {
  const database = open(path);
  try {
    // Check and load see the same state of the file.
    database.exec('begin');
    requireColumns(database, path);
    const { faults, repeatedLinks } = findFaults((table) => readRows(database, table));
    if (faults.length > 0) {
      const more =
        faults.length === mostFaults ? [`These are the first ${mostFaults}; there may be more.`] : [];
      throw new LoadError([`${path} cannot be loaded:`, ...faults, ...more].join('\n  '));
    }
    return {
      batches: () => readBatches(database),
      repeatedLinks,
      [Symbol.dispose]: () => database.close(),
    };
  } catch (error) {
    database.close();
    if (!isSqliteError(error)) throw error;
    throw new LoadError(`Cannot read ${path}: ${error.message}`, { cause: error });
  }
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new LoadError(`Cannot open ${path}: ${cause}`, { cause: error });
  }
}

const isSqliteError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';

function requireColumns(database: DatabaseSync, path: string): void {
  const missing = tables.flatMap((table) => {
    const present = columnNames(database, table);
    if (present.size === 0) return [`table ${table}`];
    return sourceColumns(table)
      .filter(({ name, required }) => required && !present.has(name))
      .map(({ name }) => `column ${table}.${name}`);
  });
  if (missing.length > 0) throw new LoadError(`${path} lacks ${missing.join(', ')}.`);
}

function columnNames(database: DatabaseSync, table: Table): Set<unknown> {
  const rows = database.prepare('select lower(name) as name from pragma_table_info(?)').all(table);
  return new Set(rows.map((row) => row['name']));
}

function* readRows(database: DatabaseSync, table: Table): Generator<SourceRow> {
  const present = columnNames(database, table);
  const selected = sourceColumns(table).map(({ name }) => (present.has(name) ? name : `null as ${name}`));
  const statement = database.prepare(
    `select ${hasRowid(database, table) ? 'rowid' : 'row_number() over ()'} as "number", ${selected.join(', ')}
       from ${table}
      order by 1`,
  );
  statement.setReadBigInts(true);
  for (const { number, ...values } of statement.iterate()) yield { number: String(number), values };
}

/** Views and tables WITHOUT ROWID (https://www.sqlite.org/withoutrowid.html) have none. */
function hasRowid(database: DatabaseSync, table: Table): boolean {
  const found = database
    .prepare(
      `select 1 from pragma_table_list where schema = 'main' and lower(name) = ? and type = 'table' and wr = 0`,
    )
    .get(table);
  return found !== undefined;
}

const rowsPerBatch = 5000;

const nothing: Batch = { genre: [], person: [], film_work: [], genre_film_work: [], person_film_work: [] };

async function* readBatches(database: DatabaseSync): AsyncGenerator<Batch> {
  for (const table of tables) {
    let some: unknown[] = [];
    for (const { values } of readRows(database, table)) {
      some.push(rowSchemas[table].parse(values));
      if (some.length === rowsPerBatch) {
        yield { ...nothing, [table]: some };
        some = [];
      }
    }
    if (some.length > 0) yield { ...nothing, [table]: some };
    // The rows come synchronously: let what else runs in this process have its turn.
    await Promise.resolve();
  }
}
