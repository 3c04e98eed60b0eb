import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOutRoles, prepareFilmsDatabase, roles } from './database.ts';
import { openElasticsearch } from './elasticsearch.ts';
import { openPostgres, type PostgresOptions, type PostgresServer } from './postgres.ts';
import { openRedis } from './redis.ts';
import type { Server } from './server.ts';

/** Postgres, Redis and Elasticsearch on 127.0.0.1. Disposing stops them. */
export interface Stack extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: Server;
  readonly elasticsearch: Server;
}

export interface StackOptions {
  /** Holds everything of the three. Without it, a temporary one that is removed when the stack is disposed of. */
  readonly folder?: string;
  /** Whether to try 5432, 6379 and 9200 before any free ports. */
  readonly usualPorts?: boolean;
  /** Whether the servers go on when this process has ended. Otherwise they end with it, however that ends. */
  readonly background?: boolean;
  /** Settings of Postgres on top of the usual ones. */
  readonly postgresSettings?: PostgresOptions['settings'];
}

/** Handles on the servers in that folder, which may be running already; none is started here. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { usualPorts = false, background = false } = options;
  const temporary = options.folder === undefined;
  const folder = options.folder ?? (await makeTemporaryFolder());
  await mkdir(folder, { recursive: true });
  const optionsFor = (name: string, port: number) => ({
    folder: join(folder, name),
    preferredPorts: usualPorts ? [port] : [],
    background,
    temporary,
  });
  const postgres = await openPostgres({
    ...optionsFor('postgres', 5432),
    ...(options.postgresSettings && { settings: options.postgresSettings }),
  });
  const redis = await openRedis(optionsFor('redis', 6379));
  const elasticsearch = await openElasticsearch(optionsFor('elasticsearch', 9200));
  return {
    postgres,
    redis,
    elasticsearch,
    [Symbol.asyncDispose]: async () => {
      await disposeAll([postgres, redis, elasticsearch]);
      if (temporary) await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The three servers, started where they do not run yet, with the films' database `films` and its roles.
 *
 * @throws Error with the end of a server's log when one does not come up; those that did are stopped again.
 */
export async function startStack(options: StackOptions, signal?: AbortSignal): Promise<Stack> {
  const stack = await openStack(options);
  const starts = await Promise.allSettled([
    stack.postgres.start(signal).then(() => prepareFilms(stack.postgres)),
    stack.redis.start(signal),
    stack.elasticsearch.start(signal),
  ]);
  const failures = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason as unknown] : []));
  if (failures.length > 0) {
    await stack[Symbol.asyncDispose]();
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(String).join('\n'));
  }
  return stack;
}

/** A Postgres of one's own, in a temporary folder, with the service's role; up in about two seconds. */
export async function startPostgres(
  settings: PostgresOptions['settings'] = {},
  signal?: AbortSignal,
): Promise<PostgresServer> {
  const postgres = await openPostgres({ folder: await makeTemporaryFolder(), temporary: true, settings });
  return started(postgres, async () => {
    await postgres.start(signal);
    await handOutRoles(postgres);
  });
}

/** A Redis of one's own, in a temporary folder. */
export async function startRedis(signal?: AbortSignal): Promise<Server> {
  const redis = await openRedis({ folder: await makeTemporaryFolder(), temporary: true });
  return started(redis, () => redis.start(signal));
}

/** An Elasticsearch of one's own, in a temporary folder. */
export async function startElasticsearch(signal?: AbortSignal): Promise<Server> {
  const elasticsearch = await openElasticsearch({ folder: await makeTemporaryFolder(), temporary: true });
  return started(elasticsearch, () => elasticsearch.start(signal));
}

/** The service's settings that say where the servers are, and the superuser's URL, as commands read them. */
export function stackEnvironment({ postgres, redis, elasticsearch }: Stack): Record<string, string> {
  return {
    ADMIN_DATABASE_URL: postgres.urlOf('films'),
    DATABASE_URL: postgres.urlOf('films', roles.service),
    REDIS_URL: redis.url,
    ELASTICSEARCH_URL: elasticsearch.url,
  };
}

async function prepareFilms(postgres: PostgresServer): Promise<void> {
  await prepareFilmsDatabase(postgres, 'films');
  await handOutRoles(postgres);
}

async function started<S extends Server>(server: S, start: () => Promise<void>): Promise<S> {
  try {
    await start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'projector-'));
}

async function disposeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
}
