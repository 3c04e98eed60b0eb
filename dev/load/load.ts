import type { ClientBase } from 'pg';
import { copyRows } from './copy.ts';
import { LoadError } from './load-error.ts';
import { columns, tables, type Batch, type Table } from './rows.ts';
import { analyze, clear, findAliases, incoming, insert, prepare } from './statements.ts';

export interface LoadReport {
  /** Films read from the source. */
  readonly films: number;
  /** Rows that were not in the database before, by table. */
  readonly inserted: Readonly<Record<Table, number>>;
}

export interface LoadOptions {
  /** Called after each batch with the films loaded so far. Nothing is committed before the end. */
  readonly onProgress?: (films: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Loads all batches in one transaction: all of it, or, if anything throws, nothing. Rows whose id, name or link the
 * database has already are left as they are, so a second run changes nothing. Memory is bounded by the batch.
 *
 * The client must be connected, outside a transaction, and of a role that may write the films' tables. Throws
 * `LoadError` if the films' schema is not there, the signal's reason, and whatever reading the source throws.
 */
export async function loadFilms(
  client: ClientBase,
  batches: AsyncIterable<Batch>,
  { onProgress, signal }: LoadOptions = {},
): Promise<LoadReport> {
  await requireSchema(client);
  const inserted: Record<Table, number> = {
    genre: 0,
    person: 0,
    film_work: 0,
    genre_film_work: 0,
    person_film_work: 0,
  };
  let films = 0;

  await client.query('begin');
  try {
    await client.query(prepare);
    for await (const batch of batches) {
      signal?.throwIfAborted();
      for (const table of tables) inserted[table] += await take(client, batch, table);
      await client.query(clear);
      films += batch.film_work.length;
      onProgress?.(films);
    }
    await client.query('commit');
  } catch (error) {
    // The first error is the one to tell, also where it took the connection with it.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }

  if (Object.values(inserted).some((count) => count > 0)) await client.query(analyze);
  return { films, inserted };
}

async function requireSchema(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ missing: string[] | null }>(
    `select array_agg(name) as missing
       from unnest($1::text[]) as name
      where to_regclass('content.' || name) is null`,
    [tables],
  );
  const missing = rows[0]?.missing;
  if (missing) {
    throw new LoadError(
      `The database lacks ${missing.map((name) => `content.${name}`).join(', ')}. Run the files of sql/ on it first, in the order of their names.`,
    );
  }
}

/** Takes one table's part of a batch and returns how many of its rows are new. */
async function take(client: ClientBase, batch: Batch, table: Table): Promise<number> {
  const names: readonly string[] = columns[table];
  const rows: readonly object[] = batch[table];
  if (rows.length === 0) return 0;
  await copyRows(
    client,
    incoming(table),
    names,
    rows.map((row) => {
      const values = row as Readonly<Record<string, string | number | null>>;
      return names.map((name) => values[name] ?? null);
    }),
  );
  const { rowCount } = await client.query(insert[table]);
  if (table === 'genre') await client.query(findAliases);
  return rowCount ?? 0;
}
