import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../ops/log.ts';
import { parseSnapshot, type TransactionSnapshot } from '../replication/gate.ts';
import type { PreparedQuery } from '../resolver/keys.ts';
import type { QueryRows } from '../router/pages.ts';
import {
  createElasticsearch,
  isTransientElasticsearchError,
  type Elasticsearch,
} from '../servers/elasticsearch.ts';
import {
  createPool,
  isTransientPostgresError,
  withClient,
  type Pool,
  type Statement,
} from '../servers/postgres.ts';
import { isTransientRedisError } from '../servers/redis-errors.ts';
import { createRedis, type Redis } from '../servers/redis.ts';
import type { ServerName } from '../servers/named-errors.ts';
import { createOutages, type Waits } from '../servers/outages.ts';
import { createRetry, type Retry, type RetryOptions } from '../servers/retry.ts';
import { parseLsn, type Lsn } from '../shared/lsn.ts';

export type InPostgres = <T>(work: (client: Client) => Promise<T>) => Promise<T>;

/** The three servers, as one session uses them. Every call retries what is transient for as long as it takes. */
export interface Connections extends AsyncDisposable {
  readonly elasticsearch: Elasticsearch;
  readonly redis: Redis;
  readonly retry: { readonly postgres: Retry; readonly redis: Retry; readonly elasticsearch: Retry };
  /** What is being waited for. */
  readonly waits: Waits;
  readonly query: QueryRows;
  readonly preparedQuery: PreparedQuery;
  /** From now on, a row that row level security hides is an error, and not just a row less. To be told before any query. */
  readonly refuseHiddenRows: () => void;
  /** Does something on a connection of its own, which is in no transaction, and all of it again when that fails for a while. */
  readonly inPostgres: InPostgres;
  /** `pg_current_snapshot()`, on a connection of its own, so that no reading stands before it. */
  readonly takeSnapshot: () => Promise<TransactionSnapshot>;
  /** `pg_current_xact_id()`: assigns a transaction id. */
  readonly assignXid: () => Promise<bigint>;
  /** Writes a logical message into the WAL, so that the stream has something to come to, and gives its LSN. */
  readonly emitMessage: () => Promise<Lsn>;
}

/** Connections that look for affected documents. */
const LOOKUP_CONNECTIONS = 2;
/**
 * Those, the replication connection, the gate's, the schema watch's, and that of the probes; and another where one is
 * silent, to learn why.
 */
const RESERVED_CONNECTIONS = 5 + LOOKUP_CONNECTIONS;

const CLOSE_TIMEOUT_MS = 5_000;

/** `patienceMs` is for whoever does not wait for as long as it takes: how long one call is tried for. */
export function openConnections(
  settings: Settings,
  log: Logger,
  signal: AbortSignal,
  retrying: Pick<RetryOptions, 'onRetry' | 'patienceMs'> = {},
): Connections {
  const applicationName = `projector ${settings.name}`;
  const openPool = (connections: number, sessionSettings: Readonly<Record<string, string>> = {}): Pool =>
    createPool(
      settings.databaseUrl,
      applicationName,
      connections,
      settings.requestTimeoutMs,
      sessionSettings,
    );
  /** Of all that reads documents or looks for them. */
  const readersBeginWith: { row_security?: 'off' } = {};
  const pools: { document?: Pool; lookup?: Pool; readonly gate: Pool } = { gate: openPool(1) };
  // Planned for the keys of one batch, a statement may read whole tables, by parallel workers even. Its time is to depend
  // on the number of keys alone.
  const documentPool = (): Pool =>
    (pools.document ??= openPool(settings.postgresMaxConnections - RESERVED_CONNECTIONS, {
      ...readersBeginWith,
      plan_cache_mode: 'force_generic_plan',
    }));
  // A lookup is planned for its keys: one genre may have half the films.
  const lookupPool = (): Pool => (pools.lookup ??= openPool(LOOKUP_CONNECTIONS, readersBeginWith));
  const redis = createRedis(settings, settings.requestTimeoutMs);
  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  const waits: Waits = new Map();
  const outages = createOutages(log, waits);
  const retryFor = (server: ServerName, isTransient: (error: Error) => boolean): Retry =>
    createRetry({ ...retrying, server, isTransient, outages, signal });
  const retry = {
    postgres: retryFor('postgres', isTransientPostgresError),
    redis: retryFor('redis', isTransientRedisError),
    // Ownership is asked of Redis before every attempt, so either may be away.
    elasticsearch: retryFor(
      'elasticsearch',
      (error) => isTransientElasticsearchError(error) || isTransientRedisError(error),
    ),
  };
  const scalar = async (from: Pool, sql: string): Promise<string> => {
    const rows = await retry.postgres(() => from.query({ text: sql }));
    return rows[0]?.[0] ?? '';
  };
  const rowsOf = (from: Pool, statement: Statement): Promise<string[][]> =>
    retry.postgres(() => from.query(statement));

  return {
    elasticsearch,
    redis,
    retry,
    waits,
    refuseHiddenRows() {
      readersBeginWith.row_security = 'off';
    },
    query: (text, values) => rowsOf(lookupPool(), { text, values }),
    preparedQuery: (name, text, values) => rowsOf(documentPool(), { name, text, values }),
    inPostgres: (work) =>
      retry.postgres(() =>
        withClient(settings.databaseUrl, applicationName, work, settings.requestTimeoutMs),
      ),
    takeSnapshot: async () => parseSnapshot(await scalar(pools.gate, 'select pg_current_snapshot()::text')),
    assignXid: async () => BigInt(await scalar(pools.gate, 'select pg_current_xact_id()::text')),
    emitMessage: async () =>
      parseLsn(await scalar(lookupPool(), "select pg_logical_emit_message(true, 'projector', '')::text")),
    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      // A request that is not answered would be waited for.
      const closed = Promise.race([
        elasticsearch.close(),
        delay(CLOSE_TIMEOUT_MS, undefined, { ref: false }),
      ]);
      await Promise.all([...Object.values(pools).map((pool) => pool.end()), closed]);
    },
  };
}
