import { Client as Elasticsearch } from '@elastic/elasticsearch';
import { Redis } from 'ioredis';
import { openDatabase, type Database } from './database.ts';
import { openEditLog, type EditLog } from './edits.ts';
import { openSessions, type Sessions } from './login/sessions.ts';
import type { Settings } from './settings.ts';

/** What the routes work with. Disposing closes the connections. */
export interface Services extends AsyncDisposable {
  readonly settings: Settings;
  readonly database: Database;
  readonly redis: Redis;
  readonly elasticsearch: Elasticsearch;
  readonly edits: EditLog;
  readonly sessions: Sessions;
}

const requestTimeoutMs = 5_000;

/** `onError` is told of a server that is away while nobody waits for it. */
export function openServices(settings: Settings, onError: (error: Error) => void): Services {
  // A request waits for a Redis that is away no longer than for the others.
  const redis = new Redis(settings.REDIS_URL, { commandTimeout: requestTimeoutMs });
  redis.on('error', onError);
  const elasticsearch = new Elasticsearch({
    nodes: settings.ELASTICSEARCH_URL,
    requestTimeout: requestTimeoutMs,
  });
  const edits = openEditLog(redis, settings.SITE_REDIS_PREFIX);
  const database = openDatabase(settings.FILMS_DATABASE_URL, edits, onError);
  return {
    settings,
    database,
    redis,
    elasticsearch,
    edits,
    sessions: openSessions(redis, settings.SITE_REDIS_PREFIX),
    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      await Promise.all([database[Symbol.asyncDispose](), elasticsearch.close()]);
    },
  };
}
