import type { ClientConfig } from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { unreadableFile } from './ca-file.ts';

/**
 * What every session pins, because it decides how values are written as text, and so what a document contains: a
 * role's or database's own defaults must not enter a document.
 */
const PINNED = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  search_path: 'pg_catalog',
} as const;

/** The session's settings as start-up options, which reach replication connections too. */
function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');
}

const CONNECTION_TIMEOUT_MS = 10_000;

/**
 * Connection settings for an ordinary or a replication connection, as the URL says, pinned as above, and as `more` says.
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
    application_name: applicationName,
    // Of two that set the same, the later one counts.
    options: [given.options ?? '', startupOptions({ ...PINNED, ...more })].join(' ').trim(),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: Math.min(timeoutMs, CONNECTION_TIMEOUT_MS),
  };
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
