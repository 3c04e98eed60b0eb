import type { ClientBase } from 'pg';
import type { ServerIdentity } from '../checkpoint/start.ts';
import { parseLsn } from '../shared/lsn.ts';

/** Which database this is, and how far it has come; `IDENTIFY_SYSTEM` without a replication connection. */
export async function readServerIdentity(client: Pick<ClientBase, 'query'>): Promise<ServerIdentity> {
  const { rows } = await client.query<{
    system: string;
    timeline: number;
    database: string;
    lsn: string;
  }>(
    `select s.system_identifier::text as system,
            ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as timeline,
            current_database() as database,
            pg_current_wal_flush_lsn()::text as lsn
     from pg_control_system() s`,
  );
  const [row] = rows;
  if (!row) throw new Error('Postgres did not identify itself');
  return {
    systemIdentifier: row.system,
    timeline: row.timeline,
    database: row.database,
    currentLsn: parseLsn(row.lsn),
  };
}

/** The server's `wal_sender_timeout` in milliseconds; 0 when it has none. */
export async function readWalSenderTimeout(client: Pick<ClientBase, 'query'>): Promise<number> {
  const { rows } = await client.query<{ setting: string }>(
    "select setting from pg_settings where name = 'wal_sender_timeout'",
  );
  return Number(rows[0]?.setting ?? 60_000);
}
