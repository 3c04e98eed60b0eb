import pg from 'pg';
import { nameServer } from './named-errors.ts';
import { isNetworkError } from './network-error.ts';
import { connectionConfig, postgresAddress } from './postgres-connection.ts';
import { beginSession, explainRefusedConnection, isStandbyError } from './postgres-session.ts';
import { watchSilence } from './silence.ts';

/** How long a connection may be silent before it is looked into, for commands that have no setting at hand. */
const SILENCE_MS = 30_000;

/** How long the end of a connection is waited for. A half-open one has none. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A statement whose rows come as arrays of text; prepared when it has a name. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Pinned sessions. */
export interface Pool {
  query(statement: Statement): Promise<string[][]>;
  end(): Promise<void>;
}

/**
 * A pool of at most `max` connections. One that dies while idle is replaced; it is not an error. Its sessions begin with
 * `settings`, beside what every session pins.
 */
export function createPool(
  url: string,
  applicationName: string,
  max: number,
  silenceMs: number,
  settings: Readonly<Record<string, string>> = {},
): Pool {
  const pool = new pg.Pool({
    ...connectionConfig(url, applicationName, silenceMs, settings),
    max,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', () => undefined);
  const where = postgresAddress(url);
  const clients = new Set<pg.Client>();
  const begun = new WeakSet<pg.PoolClient>();
  pool.on('connect', (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('end', () => clients.delete(client));
  });
  return {
    async query({ values = [], ...statement }) {
      const client = await pool.connect().catch((error: unknown) => {
        throw nameServer(error, where);
      });
      const stopWatching = watchSilence(client, { databaseUrl: url, applicationName, silenceMs });
      const state: { error?: Error } = {};
      try {
        if (!begun.has(client)) await beginSession(client, where);
        begun.add(client);
        const { rows } = await client.query<string[]>({
          ...statement,
          values: [...values],
          rowMode: 'array',
        });
        return rows;
      } catch (error) {
        state.error = error instanceof Error ? error : new Error(String(error));
        throw nameServer(error, where);
      } finally {
        stopWatching();
        client.release(state.error);
      }
    },
    async end() {
      const closed = [...clients].map(
        (client) => new Promise<void>((resolve) => client.on('end', () => resolve())),
      );
      const timeout = setTimeout(() => {
        for (const client of clients) client.connection.stream.destroy();
      }, CLOSE_TIMEOUT_MS);
      await Promise.all([pool.end(), ...closed]);
      clearTimeout(timeout);
    },
  };
}

/**
 * Runs `work` on a pinned connection of its own, and closes it.
 *
 * @throws ProjectorError `PROJ_WRONG_SERVER` where something else answers than a Postgres that can be used.
 */
export async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: pg.Client) => Promise<T>,
  silenceMs = SILENCE_MS,
  kind: { readonly replication?: 'database' } = {},
): Promise<T> {
  const where = postgresAddress(url);
  const config = { ...connectionConfig(url, applicationName, silenceMs), ...kind };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    throw await explainRefusedConnection(error, where, config);
  }
  const stopWatching = watchSilence(client, { databaseUrl: url, applicationName, silenceMs });
  try {
    await beginSession(client, where);
    return await work(client);
  } catch (error) {
    throw nameServer(error, where);
  } finally {
    await client.end().catch(() => undefined);
    stopWatching();
  }
}

/** Opens a replication connection, as the stream does, and closes it: a pooler may carry all else. */
export async function tryReplication(url: string, applicationName: string): Promise<void> {
  await withClient(url, applicationName, () => Promise.resolve(), SILENCE_MS, { replication: 'database' });
}

/** Whether Postgres takes no more connections because it is to end. */
export async function isShuttingDown(url: string, applicationName: string): Promise<boolean> {
  try {
    await withClient(url, applicationName, () => Promise.resolve());
    return false;
  } catch (error) {
    return sqlState(error) === '57P03';
  }
}

/** The SQLSTATE of an error that Postgres reported, or undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

// Those of 57014 and 25P0… are an administrator's: what a session can say of itself is pinned.
const TRANSIENT_STATES = /^(08|53|57014|57P0[1-5]|55P03|58|40001|40P01|25006|25P0[34])/;
const TRANSIENT_MESSAGES =
  /connection terminated|connection ended|timeout (exceeded|expired)|client has encountered a connection error|establishing an SSL connection|not queryable/i;

/** Whether trying again later can help: the server is away, starting, full, or the transaction met another. */
export function isTransientPostgresError(error: Error): boolean {
  if (error instanceof pg.DatabaseError)
    return TRANSIENT_STATES.test(error.code ?? '') || hasMetDroppedTable(error);
  return isStandbyError(error) || isNetworkError(error) || TRANSIENT_MESSAGES.test(error.message);
}

/** Whether a table was dropped between being found by a query and being opened: the next query does not find it. */
function hasMetDroppedTable({ code, routine }: pg.DatabaseError): boolean {
  // It has no SQLSTATE of its own, and its message is in the server's language.
  return code === 'XX000' && routine === 'relation_open';
}

/** The session, the transaction, the server and its resources: what is asked for has no part in them. */
const ABOUT_NO_QUERY = /^(08|25|26|28|3D|40|53|55|57|58)/;

/**
 * Whether Postgres refuses a query for what the database is by now: a name is gone, a right was taken away; or for what is
 * in a row: an expression fails for it, a byte is no text, a value is too long. Planned again, it may be another query.
 */
export function isRefusedQuery(error: unknown): error is pg.DatabaseError {
  const state = sqlState(error);
  return state !== undefined && !ABOUT_NO_QUERY.test(state);
}
