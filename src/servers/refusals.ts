import { errors } from '@elastic/elasticsearch';
import pg from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import { failureOf, httpStatus, speaksNoHttp } from './elasticsearch.ts';
import { formatServer, reasonOf, serverOf, type ServerAddress, type ServerName } from './named-errors.ts';
import { isOfCluster, isTransientRedisError, replyCode } from './redis-errors.ts';
import { keyOf, unreadableKey } from './redis-values.ts';
import { isTlsFailure } from './tls-failure.ts';
import { wrongServer } from './wrong-server.ts';

/** What to mend when TLS to a server does not come about. */
const TLS_FIXES: Readonly<Record<ServerName, string>> = {
  postgres:
    "Name the server's CA by sslrootcert in the URL, and the host as its certificate does; sslmode=disable is for a server without TLS.",
  redis:
    "Name the server's CA by REDIS_CA_FILE, and the host as its certificate does; redis:// is for a server without TLS.",
  elasticsearch:
    "Name the server's CA by ELASTICSEARCH_CA_FILE, and the host as its certificate does; http:// is for a server without TLS.",
};

/** What to mend when a server refuses a login, or a right. */
const ACCESS_FIXES: Readonly<Record<ServerName, string>> = {
  postgres: 'Mend the user or the password in the URL, or what pg_hba.conf says of them.',
  redis: 'Mend the user or the password in REDIS_URL, or give the user the rights in docs/deploy.md.',
  elasticsearch:
    'Mend ELASTICSEARCH_API_KEY, or the user and the password in ELASTICSEARCH_URL, or give them the rights in docs/deploy.md.',
};

/**
 * What a server's error comes to when it is the settings that are to be mended, or what somebody has put there, so that
 * trying again does not help: `PROJ_TLS`, `PROJ_ACCESS_DENIED`, `PROJ_WRONG_SERVER` or `PROJ_REDIS_KEY`. Null for any other.
 */
export function asRefusal(error: unknown): ProjectorError | null {
  if (!(error instanceof Error) || error instanceof ProjectorError) return null;
  if (error instanceof errors.ElasticsearchClientError) return ofElasticsearch(error);
  if (error.name === 'ReplyError') return ofRedis(error);
  if (error instanceof pg.DatabaseError) return ofPostgres(error);
  const where = serverOf(error);
  if (where?.server === 'redis' && /^Unknown RESP type/.test(error.message))
    return wrongServer(where, 'what answers is no Redis', 'Name a Redis in REDIS_URL.', error);
  // What Redis' connections fail for comes coded from there.
  return isTlsFailure(error) ? tlsError(where ?? { server: 'postgres', address: null }, error) : null;
}

function ofElasticsearch(error: Error): ProjectorError | null {
  const where = serverOf(error) ?? { server: 'elasticsearch', address: null };
  if (error instanceof errors.ConnectionError && isTlsFailure(error)) return tlsError(where, error);
  if (error instanceof errors.ConnectionError && speaksNoHttp(error))
    return wrongServer(
      where,
      'what answers does not speak HTTP',
      'Name an Elasticsearch in ELASTICSEARCH_URL.',
    );
  if (![401, 403].includes(httpStatus(error) ?? 0)) return null;
  return accessDenied(where, failureOf(error).reason ?? reasonOf(error), error);
}

function ofRedis(error: Error): ProjectorError | null {
  const where = serverOf(error) ?? { server: 'redis', address: null };
  if (isOfCluster(error)) return clusterError(where, error);
  if (isTransientRedisError(error)) return null;
  if (/^(WRONGPASS|NOAUTH|NOPERM|DENIED)\b|^ERR AUTH /.test(error.message))
    return accessDenied(where, error.message, error);
  if (/DB index/.test(error.message)) {
    const fix = "REDIS_URL ends with the database's number: name one below Redis' setting `databases`, as 0.";
    return wrongServer(where, `it has no database of that number: ${error.message}`, fix, error);
  }
  if (replyCode(error) === 'WRONGTYPE') return unreadableKey(keyOf(error), error);
  const fix = 'Name a Redis of version 6 or newer in REDIS_URL, with the commands in docs/deploy.md.';
  return wrongServer(where, `it refuses a command: ${error.message}`, fix, error);
}

/** The error for a Redis that keeps keys in several places, where one script is to change two of them. */
export function clusterError(where: ServerAddress, cause?: Error): ProjectorError {
  const what = cause
    ? `it is a node of a Redis Cluster: ${cause.message}`
    : 'it is a node of a Redis Cluster';
  return wrongServer(
    where,
    what,
    'Name a Redis without cluster mode in REDIS_URL; it may have replicas.',
    cause,
  );
}

function ofPostgres(error: pg.DatabaseError): ProjectorError | null {
  const where = serverOf(error) ?? { server: 'postgres', address: null };
  return error.code?.startsWith('28') ? accessDenied(where, error.message, error) : null;
}

/** The error for a server with which TLS does not come about. */
export function tlsError(where: ServerAddress, cause: Error): ProjectorError {
  // OpenSSL's words begin with numbers and end with a place in its source.
  const [, reason = cause.message] = /:SSL routines:[^:]*:([^:]+)/.exec(cause.message) ?? [];
  const what = `no TLS to ${formatServer(where)}: ${reason}`;
  return new ProjectorError('PROJ_TLS', what, TLS_FIXES[where.server], { cause });
}

function accessDenied(where: ServerAddress, reason: string, cause: Error): ProjectorError {
  const what = `${formatServer(where)} refuses: ${reason}`;
  return new ProjectorError('PROJ_ACCESS_DENIED', what, ACCESS_FIXES[where.server], { cause });
}
