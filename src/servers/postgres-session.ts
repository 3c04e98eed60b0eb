import pg from 'pg';
import type { ProjectorError } from '../ops/errors.ts';
import { firstAnswer } from './first-answer.ts';
import { nameServer, type ServerAddress } from './named-errors.ts';
import { PINNED, PINNED_WHERE_KNOWN } from './session-settings.ts';
import { wrongServer } from './wrong-server.ts';

/** What is connected to is a standby: it may be promoted, or its name lead to the primary later. */
class StandbyError extends Error {
  override readonly name = 'StandbyError';
}

/** Whether it is a standby that was reached, where the primary is needed. */
export function isStandbyError(error: unknown): boolean {
  return error instanceof StandbyError;
}

/**
 * In one statement, since every connection begins with it; without parameters, which a replication connection has not; and
 * first what may end the session.
 */
const BEGIN_SQL = `
select
  ${Object.entries(PINNED_WHERE_KNOWN)
    .map(
      ([name, value]) =>
        `case when pg_catalog.current_setting('${name}', true) is not null
    then pg_catalog.set_config('${name}', '${value}', false) end`,
    )
    .join(',\n  ')},
  pg_catalog.pg_is_in_recovery() as "isStandby",
  pg_catalog.current_setting('search_path') as path`;

/**
 * Begins a session on an ordinary or a replication connection: pins what start-up options cannot, and sees that these have
 * come through, and that this is the primary.
 *
 * @throws ProjectorError `PROJ_WRONG_SERVER` where a pooler keeps them; an error that may pass where it is a standby.
 */
export async function beginSession(
  client: Pick<pg.ClientBase, 'query'>,
  where: ServerAddress,
): Promise<void> {
  const { rows } = await client.query<{ isStandby: boolean; path: string }>(BEGIN_SQL);
  const [row] = rows;
  if (row?.path !== PINNED.search_path)
    throw pooler(where, "it does not pass on a session's settings (the start-up parameter `options`)");
  if (row.isStandby)
    throw nameServer(new StandbyError('it is a standby (in recovery), and the primary is needed'), where);
}

/** What a connection that could not be made comes to, where something else answers than a Postgres that can be used. */
export async function explainRefusedConnection(
  error: unknown,
  where: ServerAddress,
  { host, port }: pg.ClientConfig,
): Promise<unknown> {
  if (error instanceof pg.DatabaseError) {
    if (error.code === '3D000' || /^no such database/.test(error.message)) {
      const fix = 'Name a database that is there after the host in the URL; `psql --list` shows them.';
      return wrongServer(where, error.message, fix, error);
    }
    // What PgBouncer says, and Amazon's RDS Proxy.
    if (/unsupported startup parameter|RDS Proxy/i.test(error.message))
      return pooler(where, error.message, error);
    if (error.code === undefined) return noPostgres(where, error);
  } else if (error instanceof Error && /terminated|timeout/i.test(error.message)) {
    if (await answersOtherwise(host ?? 'localhost', port ?? 5432)) return noPostgres(where, error);
  }
  return nameServer(error, where);
}

function pooler(where: ServerAddress, reason: string, cause?: Error): ProjectorError {
  return wrongServer(
    where,
    `a connection pooler stands before Postgres: ${reason}`,
    'Name Postgres itself in the URL: a pooler carries neither replication nor the settings of a session.',
    cause,
  );
}

function noPostgres(where: ServerAddress, cause: Error): ProjectorError {
  return wrongServer(
    where,
    'what answers is no Postgres',
    'Name the host and port of Postgres in the URL.',
    cause,
  );
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Whether something answers that does not speak Postgres' protocol. To the question for TLS, Postgres says `S`, `N`, or an
 * error (`E`), and to a line of text nothing.
 */
async function answersOtherwise(host: string, port: number): Promise<boolean> {
  const address = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const answer = await firstAnswer(address, SSL_REQUEST);
  if (answer !== null) return !/^([SN]$|E\0)/.test(answer);
  return (await firstAnswer(address, 'PING\r\n')) !== null;
}
