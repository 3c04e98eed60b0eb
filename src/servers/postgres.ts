import pg from 'pg';

/**
 * What every session pins, because it decides how values are written as text, and so what a document contains: a
 * role's or database's own defaults must not enter a document.
 */
const PINNED = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  search_path: 'pg_catalog',
} as const;

/** The session's settings as start-up options, which reach replication connections too. */
const STARTUP_OPTIONS = Object.entries(PINNED)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

/** Connection settings for an ordinary or a replication connection, pinned as above. */
export function connectionConfig(url: string, applicationName: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    options: STARTUP_OPTIONS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 10_000,
  };
}

/** A pool of pinned sessions. A connection that dies while idle is replaced; it is not an error. */
export function createPool(url: string, applicationName: string, max: number): pg.Pool {
  const pool = new pg.Pool({ ...connectionConfig(url, applicationName), max, idleTimeoutMillis: 30_000 });
  pool.on('error', () => undefined);
  return pool;
}

/** Runs `work` on a pinned connection of its own, and closes it. */
export async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connectionConfig(url, applicationName));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The SQLSTATE of an error that Postgres reported, or undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

const TRANSIENT_STATES = /^(08|53|57P0[1-5]|55P03|58|40001|40P01|25006)/;
const TRANSIENT_MESSAGES =
  /connection terminated|connection ended|timeout exceeded|client has encountered a connection error|not queryable/i;

/** Whether trying again later can help: the server is away, starting, full, or the transaction met another. */
export function isTransientPostgresError(error: Error): boolean {
  const state = sqlState(error);
  if (state !== undefined) return TRANSIENT_STATES.test(state);
  return isNetworkError(error) || TRANSIENT_MESSAGES.test(error.message);
}

/**
 * Whether Postgres refuses a query for what the database is by now: a name is gone, a value does not fit its type, a right
 * was taken away, an expression fails. Planned anew, it may be another query.
 */
export function isRefusedQuery(error: unknown): error is pg.DatabaseError {
  return /^(22|42|3F|0A)/.test(sqlState(error) ?? '');
}

/** A failure of the connection itself, whichever server it led to. */
export function isNetworkError(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/.test(code))
    return true;
  return (
    error instanceof AggregateError &&
    error.errors.some((inner) => inner instanceof Error && isNetworkError(inner))
  );
}
