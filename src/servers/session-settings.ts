/**
 * What every session to Postgres pins: whatever a role or a database may set by default (`alter role … set`) that changes
 * what a value or a statement means, or ends a statement or a connection. Their defaults must not enter a document.
 * test/servers/session-settings.it.test.ts goes through every setting of the server's version: each is here, or there
 * with the reason why it cannot matter.
 */
export const PINNED = {
  // How values are written as text, and read from it.
  TimeZone: 'UTC',
  timezone_abbreviations: 'Default',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  xmloption: 'content',
  array_nulls: 'on',
  lc_numeric: 'C',
  lc_time: 'C',
  // What a statement means, or an expression.
  search_path: 'pg_catalog',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  default_text_search_config: 'pg_catalog.simple',
  // Which rows there are.
  row_security: 'on',
  gin_fuzzy_search_limit: '0',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // The check of expressions makes a temporary table, and takes back what Postgres refuses.
  default_transaction_read_only: 'off',
  default_table_access_method: 'heap',
  default_tablespace: '',
  temp_tablespaces: '',
  exit_on_error: 'off',
  // What ends a statement or a connection.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  tcp_user_timeout: '0',
} as const;

/** The same, of settings that not every version has: to a start-up with an unknown one Postgres refuses the connection. */
export const PINNED_WHERE_KNOWN = { transaction_timeout: '0' } as const;

/** Settings as start-up options, which reach replication connections too. */
export function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');
}
