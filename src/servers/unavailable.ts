import { ProjectorError } from '../ops/errors.ts';
import { isTransientElasticsearchError } from './elasticsearch.ts';
import { describeError, serverOf, type ServerName } from './named-errors.ts';
import { isStandbyError } from './postgres-session.ts';
import { isTransientPostgresError, sqlState } from './postgres.ts';
import { isTransientRedisError, replyCode } from './redis-errors.ts';

/** Whether it is a server that failed, and trying again later can help. */
export function isServerFailure(error: Error): boolean {
  return (
    isTransientPostgresError(error) || isTransientElasticsearchError(error) || isTransientRedisError(error)
  );
}

/** What a server's failure comes to for whoever does not try again: `PROJ_SERVER_UNAVAILABLE`. Null for any other. */
export function asUnavailable(error: unknown): ProjectorError | null {
  if (!(error instanceof Error) || error instanceof ProjectorError || !isServerFailure(error)) return null;
  return unavailable(error);
}

/** The error for a server that is away, not ready, or takes nothing at the moment. */
export function unavailable(cause: Error): ProjectorError {
  return new ProjectorError('PROJ_SERVER_UNAVAILABLE', describeError(cause), fixOf(cause), { cause });
}

const SETTINGS: Readonly<Record<ServerName, string>> = {
  postgres: 'DATABASE_URL says (ADMIN_DATABASE_URL for init and teardown)',
  redis: 'REDIS_URL says',
  elasticsearch: 'ELASTICSEARCH_URL says',
};

function fixOf(error: Error): string {
  if (isStandbyError(error))
    return 'Name the primary in DATABASE_URL, or promote this server, and give the command again.';
  if (sqlState(error) === '53300')
    return 'End connections that nobody needs, or raise the limit that is named, and give the command again.';
  switch (replyCode(error)) {
    case 'READONLY':
      return 'Name the master in REDIS_URL, or promote this server, and give the command again.';
    case 'OOM':
      return "Raise Redis' maxmemory, or remove what others keep there, and give the command again.";
    case 'MISCONF':
      return "See Redis' own log: it cannot save (a full disk, mostly). Give the command again when it can.";
    case undefined:
      break;
    default:
      return 'See what Redis says, and give the command again.';
  }
  const server = serverOf(error)?.server;
  return server
    ? `See that ${server} is up where ${SETTINGS[server]}, and give the command again.`
    : 'See that Postgres, Redis and Elasticsearch are up where the settings say, and give the command again.';
}
