import { DatabaseError, Pool, types, type PoolClient } from 'pg';
import type { Problems } from '../shared/problems.ts';
import type { EditLog } from './edits.ts';
import { SiteError } from './errors.ts';

/** Runs one statement, and gives its rows. Rejects with a SiteError where who asks can mend it. */
export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** The films' database. Disposing closes its connections. */
export interface Database extends AsyncDisposable {
  readonly query: Query;
  /**
   * Runs `work` in a transaction, and notes when it was committed and what it touches: ids of rows, and names of
   * genres, by which documents can be told that show them.
   */
  edit<T>(work: (query: Query, touch: (...what: string[]) => void) => Promise<T>): Promise<T>;
}

const maxConnections = 10;
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 10_000;

/** Dates and times stay text: a time is its row's version, and a Date would lose its microseconds. */
const asText: Readonly<Record<number, (value: string) => string>> = {
  [types.builtins.DATE]: (value) => value,
  [types.builtins.TIMESTAMPTZ]: (value) => value.replace(' ', 'T').replace(/\+00$/, 'Z'),
};

export function openDatabase(url: string, edits: EditLog, onError: (error: Error) => void): Database {
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    application_name: 'movies-admin',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    options: '-c timezone=UTC -c datestyle=ISO',
    types: {
      getTypeParser: (oid, format) =>
        asText[oid] ?? (types.getTypeParser(oid, format) as (value: string) => unknown),
    },
  });
  // Of connections that are idle; those in use reject what they are asked.
  pool.on('error', onError);
  const queryOn =
    (client: Pool | PoolClient): Query =>
    async <Row extends object>(text: string, values: readonly unknown[] = []) => {
      try {
        return (await client.query<Row>(text, [...values])).rows;
      } catch (error) {
        throw asProblem(error);
      }
    };

  return {
    query: queryOn(pool),
    async edit(work) {
      const client = await pool.connect();
      const query = queryOn(client);
      const touched: string[] = [];
      try {
        await query('begin');
        const result = await work(query, (...what) => touched.push(...what));
        // The commit ends later in the WAL than this, and whatever has been committed before ends earlier.
        const [position] = await query<{ lsn: string }>(
          `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as lsn`,
        );
        await edits.note({ lsn: Number(position?.lsn), at: Date.now(), touched });
        await query('commit');
        client.release();
        return result;
      } catch (error) {
        // A connection that cannot roll back is of no more use.
        await query('rollback').then(
          () => client.release(),
          (failure: unknown) => client.release(failure instanceof Error ? failure : true),
        );
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** What a broken constraint says of the fields, by the constraint's name. */
const constraints: Readonly<Record<string, Problems>> = {
  genre_name_key: { name: { code: 'taken' } },
  genre_film_work_genre_id_fkey: { genres: { code: 'gone' } },
  person_film_work_person_id_fkey: { people: { code: 'gone' } },
  genre_film_work_identity: { genres: { code: 'duplicate' } },
  person_film_work_identity: { people: { code: 'duplicate' } },
  film_work_rating_check: { rating: { code: 'invalid' } },
  film_work_type_check: { type: { code: 'invalid' } },
};

const deadlock = '40P01';

/** A constraint that refuses is for who asks to mend, and so is a value that Postgres cannot read. */
function asProblem(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const problems = constraints[error.constraint ?? ''];
  if (problems !== undefined) return new SiteError('invalid', 'The database refuses it.', problems);
  if (error.code === deadlock) {
    return new SiteError('conflict', 'Another edit of the same rows was under way. Try again.');
  }
  const ofValues = error.code?.startsWith('22') === true;
  return ofValues ? new SiteError('invalid', 'The database cannot store one of the values.') : error;
}
