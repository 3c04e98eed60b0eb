import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { checkout } from '../../dev/stack/paths.ts';
import { findRunning, startStack } from '../../dev/stack/stack.ts';

/** Where the three servers are. Disposing stops them if they were started for this. */
export interface Servers extends AsyncDisposable {
  /** The superuser's, to any database. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly elasticsearchUrl: string;
  /** Their main processes, whose CPU time is told beside the service's. */
  readonly pids: { readonly postgres: number; readonly elasticsearch: number };
}

/** Starts servers for this alone, or finds those that `make stack` has started. Throws when there are none. */
export async function openServers(which: 'own' | 'stack', signal: AbortSignal): Promise<Servers> {
  return which === 'own' ? startOwn(signal) : findStack();
}

async function startOwn(signal: AbortSignal): Promise<Servers> {
  const stack = await startStack({}, signal);
  const { postgres, redis, elasticsearch } = stack;
  return {
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    elasticsearchUrl: elasticsearch.url,
    pids: { postgres: postgres.pid ?? 0, elasticsearch: elasticsearch.pid ?? 0 },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

async function findStack(): Promise<Servers> {
  const folder = join(checkout, '.stack');
  const env = parseEnv(await readFile(join(folder, 'env'), 'utf8').catch(() => ''));
  const running = new Map((await findRunning(folder)).map(({ name, pid }) => [name, pid]));
  const { ADMIN_DATABASE_URL: postgresUrl, REDIS_URL: redisUrl, ELASTICSEARCH_URL: elasticsearchUrl } = env;
  if (!postgresUrl || !redisUrl || !elasticsearchUrl || running.size < 3) {
    throw new Error('`make stack` is not up: start it, or leave out --servers stack.');
  }
  const pids = {
    postgres: running.get('Postgres') ?? 0,
    elasticsearch: running.get('Elasticsearch') ?? 0,
  };
  return {
    postgresUrl,
    redisUrl,
    elasticsearchUrl,
    pids,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
