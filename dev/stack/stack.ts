import { mkdir, mkdtemp, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOutRoles, prepareFilmsDatabase, roles } from './database.ts';
import { openElasticsearch, type ElasticsearchOptions } from './elasticsearch.ts';
import { locked } from './lock.ts';
import { openPostgres, type PostgresOptions, type PostgresServer } from './postgres.ts';
import { openRedis } from './redis.ts';
import type { Server, ServerOptions } from './server.ts';
import { wantedVersions } from './versions.ts';

/** Linux keeps its files in memory. */
const MEMORY = '/dev/shm';
/** What the servers of a run of all tests write is a few GB, and they take as much for themselves. */
const ROOM_IN_MEMORY = 12 * 2 ** 30;

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
async function openStack(options: StackOptions): Promise<Stack> {
  const { usualPorts = false, background = false } = options;
  const versions = wantedVersions();
  const optionsFor = async (name: string, port: number): Promise<ServerOptions> => ({
    ...(options.folder === undefined ? await temporaryFolder() : { folder: join(options.folder, name) }),
    preferredPorts: usualPorts ? [port] : [],
    background,
  });
  const postgres = await openPostgres({
    ...(await optionsFor(`postgres${versions.postgres.suffix}`, 5432)),
    settings: options.postgresSettings ?? {},
  });
  const redis = await openRedis(await optionsFor('redis', 6379));
  const elasticsearch = await openElasticsearch(
    await optionsFor(`elasticsearch${versions.elasticsearch.suffix}`, 9200),
  );
  return {
    postgres,
    redis,
    elasticsearch,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([postgres, redis, elasticsearch].map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

/**
 * The three servers, started where they do not run yet, with the films' database `films` and its roles.
 *
 * @throws Error with the end of a server's log when one does not come up, or the signal's reason; what has been started
 *   is stopped again.
 */
export async function startStack(options: StackOptions, signal?: AbortSignal): Promise<Stack> {
  const { folder } = options;
  return folder === undefined ? start(options, signal) : inTurn(folder, () => start(options, signal), signal);
}

/** Stops those servers in the folder that run, whoever has started them, and gives their names. */
export async function stopStack(folder: string): Promise<string[]> {
  return inTurn(folder, async () => {
    const running = await findRunning(folder);
    await Promise.all(running.map((server) => server.stop()));
    return running.map(({ name }) => name);
  });
}

/** Those of the servers in the folder that run. */
export async function findRunning(folder: string): Promise<Server[]> {
  return serversOf(await openStack({ folder, background: true })).filter(({ pid }) => pid !== undefined);
}

export function serversOf({ postgres, redis, elasticsearch }: Stack): Server[] {
  return [postgres, redis, elasticsearch];
}

/** A Postgres of one's own, in a temporary folder, with the service's role; up in about two seconds. */
export async function startPostgres(
  settings: PostgresOptions['settings'] = {},
  signal?: AbortSignal,
): Promise<PostgresServer> {
  const postgres = await openPostgres({ ...(await temporaryFolder()), settings });
  return started(postgres, async () => {
    await postgres.start(signal);
    await handOutRoles(postgres);
  });
}

/** A Redis of one's own, in a temporary folder. */
export async function startRedis(signal?: AbortSignal): Promise<Server> {
  const redis = await openRedis(await temporaryFolder());
  return started(redis, () => redis.start(signal));
}

/** An Elasticsearch of one's own, in a temporary folder. */
export async function startElasticsearch(
  settings: ElasticsearchOptions['settings'] = {},
  signal?: AbortSignal,
): Promise<Server> {
  const elasticsearch = await openElasticsearch({ ...(await temporaryFolder()), settings });
  return started(elasticsearch, () => elasticsearch.start(signal));
}

/** The settings of the service and of the films' site that say where the servers are, and the superuser's URL. */
export function stackEnvironment({ postgres, redis, elasticsearch }: Stack): Record<string, string> {
  return {
    ADMIN_DATABASE_URL: postgres.urlOf('films'),
    DATABASE_URL: postgres.urlOf('films', roles.service),
    FILMS_DATABASE_URL: postgres.urlOf('films', roles.adminSite),
    REDIS_URL: redis.url,
    ELASTICSEARCH_URL: elasticsearch.url,
    ...(wantedVersions().wal2json && { DECODER: 'wal2json' }),
  };
}

async function start(options: StackOptions, signal: AbortSignal | undefined): Promise<Stack> {
  const stack = await openStack(options);
  const stopped = serversOf(stack).filter(({ pid }) => pid === undefined);
  // When one fails, the others need not come up either.
  const failure = new AbortController();
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const starts = [
    stack.postgres.start(either).then(() => prepareFilms(stack.postgres)),
    stack.redis.start(either),
    stack.elasticsearch.start(either),
  ];
  await Promise.all(starts.map((start) => start.catch((error: unknown) => failure.abort(error))));
  if (!either.aborted) return stack;

  await Promise.all(stopped.map((server) => server[Symbol.asyncDispose]()));
  throw either.reason;
}

/** One command at a time starts or stops what is in a folder. */
async function inTurn<T>(folder: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  await mkdir(folder, { recursive: true });
  return locked(join(folder, 'lock'), action, signal);
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

async function temporaryFolder(): Promise<{ folder: string; temporary: true }> {
  const parent = (await hasRoomInMemory()) ? MEMORY : tmpdir();
  return { folder: await mkdtemp(join(parent, 'projector-')), temporary: true };
}

/** Servers that flush all the time to a disk spend a seventh of their tests' processor time on it. */
async function hasRoomInMemory(): Promise<boolean> {
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= ROOM_IN_MEMORY && freemem() >= ROOM_IN_MEMORY;
}
