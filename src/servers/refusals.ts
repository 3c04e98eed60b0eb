import { errors } from '@elastic/elasticsearch';
import pg from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import { failureOf, httpStatus } from './elasticsearch.ts';
import type { ServerName } from './retry.ts';
import { isTlsFailure } from './tls-failure.ts';

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
 * What a server's error comes to when it is the settings that are to be mended, so that trying again does not help:
 * `PROJ_TLS` or `PROJ_ACCESS_DENIED`. Null for any other.
 */
export function asRefusal(error: unknown): ProjectorError | null {
  if (!(error instanceof Error) || error instanceof ProjectorError) return null;
  if (error instanceof errors.ElasticsearchClientError) {
    if (error instanceof errors.ConnectionError && isTlsFailure(error))
      return tlsError('elasticsearch', error);
    if (![401, 403].includes(httpStatus(error) ?? 0)) return null;
    return accessDenied('elasticsearch', failureOf(error).reason ?? error.message, error);
  }
  if (error.name === 'ReplyError') {
    const isRefused = /^(WRONGPASS|NOAUTH|NOPERM)\b|^ERR AUTH /.test(error.message);
    return isRefused ? accessDenied('redis', error.message, error) : null;
  }
  if (error instanceof pg.DatabaseError) {
    return error.code?.startsWith('28') ? accessDenied('postgres', error.message, error) : null;
  }
  // What Redis' connections fail for comes coded from there.
  return isTlsFailure(error) ? tlsError('postgres', error) : null;
}

/** The error for a server with which TLS does not come about. */
export function tlsError(server: ServerName, cause: Error): ProjectorError {
  // OpenSSL's words begin with numbers and end with a place in its source.
  const [, reason = cause.message] = /:SSL routines:[^:]*:([^:]+)/.exec(cause.message) ?? [];
  return new ProjectorError('PROJ_TLS', `no TLS to ${server}: ${reason}`, TLS_FIXES[server], { cause });
}

function accessDenied(server: ServerName, reason: string, cause: Error): ProjectorError {
  return new ProjectorError('PROJ_ACCESS_DENIED', `${server} refuses: ${reason}`, ACCESS_FIXES[server], {
    cause,
  });
}
