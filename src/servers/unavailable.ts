import { ProjectorError } from '../ops/errors.ts';
import { isTransientElasticsearchError } from './elasticsearch.ts';
import { isTransientPostgresError } from './postgres.ts';
import { isTransientRedisError } from './redis.ts';

/** Whether it is a server that failed, and trying again later can help. */
export function isServerFailure(error: Error): boolean {
  return (
    isTransientPostgresError(error) || isTransientElasticsearchError(error) || isTransientRedisError(error)
  );
}

/** What a server's failure comes to for whoever does not try again: `PROJ_SERVER_UNAVAILABLE`. Null for any other. */
export function asUnavailable(error: unknown): ProjectorError | null {
  if (!(error instanceof Error) || error instanceof ProjectorError || !isServerFailure(error)) return null;
  return new ProjectorError(
    'PROJ_SERVER_UNAVAILABLE',
    messageOf(error),
    'See that Postgres, Redis and Elasticsearch are up where the settings say, and give the command again.',
    { cause: error },
  );
}

/** An error for a name with several addresses has its message in those for each of them. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((inner) => (inner instanceof Error ? messageOf(inner) : String(inner))).join('; ');
}
