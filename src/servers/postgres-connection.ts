import type { ClientConfig } from 'pg';

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

/** Connection settings for an ordinary or a replication connection, pinned as above, and as `more` says. */
export function connectionConfig(
  url: string,
  applicationName: string,
  timeoutMs: number,
  more: Readonly<Record<string, string>> = {},
): ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    options: startupOptions({ ...PINNED, ...more }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: Math.min(timeoutMs, CONNECTION_TIMEOUT_MS),
  };
}
