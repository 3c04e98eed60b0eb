import type { ClientConfig } from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { unreadableFile } from './ca-file.ts';
import type { ServerAddress } from './named-errors.ts';
import { PINNED, startupOptions } from './session-settings.ts';

const CONNECTION_TIMEOUT_MS = 10_000;

/**
 * Connection settings for an ordinary or a replication connection, as the URL says, pinned, and as `more` says.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when a file of the URL's (`sslrootcert`, …) cannot be read.
 */
export function connectionConfig(
  url: string,
  applicationName: string,
  timeoutMs: number,
  more: Readonly<Record<string, string>> = {},
): ClientConfig {
  const given = parseUrl(url);
  return {
    ...given,
    // The URL may name these, which would count for more than the options below.
    statement_timeout: false,
    lock_timeout: 0,
    idle_in_transaction_session_timeout: 0,
    query_timeout: 0,
    application_name: applicationName,
    // Of two that set the same, the later one counts.
    options: [given.options ?? '', startupOptions({ ...PINNED, ...more })].join(' ').trim(),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: Math.min(timeoutMs, CONNECTION_TIMEOUT_MS),
  };
}

/** Where the URL leads. */
export function postgresAddress(url: string): ServerAddress {
  const { host, port } = parseUrl(url);
  return { server: 'postgres', address: `${host || 'localhost'}:${port ?? 5432}` };
}

/**
 * What the URL says, with `sslmode` and what belongs to it as libpq means them, and not as pg does by itself.
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 */
function parseUrl(url: string): ClientConfig {
  // The trusted authorities of Node stand for the system's; they are what counts where no file is named.
  const named = url.replace(/([?&])sslrootcert=system(&|$)/, '$1');
  try {
    return toClientConfig(parse(named, { useLibpqCompat: true }));
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw unreadableFile('the URL of Postgres', error);
    throw error;
  }
}
