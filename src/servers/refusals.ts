import { errors } from '@elastic/elasticsearch';
import pg from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import type { ServerName } from './retry.ts';

/** What to look at when a server's TLS does not come about. */
const TLS_FIXES: Readonly<Record<ServerName, string>> = {
  postgres:
    'Have sslrootcert in the URL name the CA of the server, and its host be as the certificate says; or say sslmode=disable where the server has no TLS.',
  redis:
    'Have REDIS_CA_FILE name the CA of the server, and the host in REDIS_URL be as the certificate says; or say redis:// where the server has no TLS.',
  elasticsearch:
    'Have ELASTICSEARCH_CA_FILE name the CA of the server, and the host in ELASTICSEARCH_URL be as the certificate says; or say http:// where the server has no TLS.',
};

const ACCESS_FIXES: Readonly<Record<ServerName, string>> = {
  postgres: 'Mend the user or password in the URL, or what pg_hba.conf says of them.',
  redis: 'Mend the user or password in REDIS_URL, or give the user the commands and keys in docs/deploy.md.',
  elasticsearch:
    'Mend ELASTICSEARCH_API_KEY or the user and password in ELASTICSEARCH_URL, or give them the privileges in docs/deploy.md.',
};

/** Broken on the way, or refused for a reason of the moment. */
const PASSING_TLS_FAILURES = /bad record mac|internal error|unexpected eof/i;

/**
 * Whether a connection failed because the two sides do not agree on TLS, so that another attempt fails likewise: the
 * certificate is not trusted or is another host's, or the server speaks no TLS. By the words of OpenSSL and Node, since
 * Elasticsearch's client passes on these alone.
 */
export function isTlsFailure({ message }: Error): boolean {
  const concernsTls = /certificate|:SSL routines:|does not support SSL/i.test(message);
  return concernsTls && !PASSING_TLS_FAILURES.test(message);
}

/** The error for a server with which TLS does not come about. */
export function tlsError(server: ServerName, cause: Error): ProjectorError {
  return new ProjectorError('PROJ_TLS', `no TLS to ${server}: ${lastWords(cause)}`, TLS_FIXES[server], { cause });
}

/** OpenSSL's errors begin with numbers and places in its source. */
function lastWords({ message }: Error): string {
  const [, reason] = /:SSL routines:[^:]*:([^:]+)/.exec(message) ?? [];
  return reason ?? message;
}

/** Whether Redis refuses the login, or a command to the user that is logged in. */
export function isRedisRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && /^(WRONGPASS|NOAUTH|NOPERM)\b|^ERR AUTH /.test(error.message);
}

/**
 * What a server's error comes to when it is the settings that are to be mended: a coded error for TLS that does not come
 * about, and for a login or a right that is refused. Null for any other.
 */
export function asRefusal(error: unknown): ProjectorError | null {
  if (!(error instanceof Error) || error instanceof ProjectorError) return null;
  if (error instanceof errors.ElasticsearchClientError) {
    if (error instanceof errors.ConnectionError && isTlsFailure(error)) return tlsError('elasticsearch', error);
    const isRefused = error instanceof errors.ResponseError && [401, 403].includes(error.statusCode ?? 0);
    return isRefused ? accessDenied('elasticsearch', error) : null;
  }
  if (isRedisRefusal(error)) return accessDenied('redis', error);
  if (error instanceof pg.DatabaseError) {
    return error.code?.startsWith('28') ? accessDenied('postgres', error) : null;
  }
  // What Redis' connections fail for comes from there already.
  return isTlsFailure(error) ? tlsError('postgres', error) : null;
}

function accessDenied(server: ServerName, cause: Error): ProjectorError {
  return new ProjectorError('PROJ_ACCESS_DENIED', `${server} refuses: ${cause.message}`, ACCESS_FIXES[server], {
    cause,
  });
}
