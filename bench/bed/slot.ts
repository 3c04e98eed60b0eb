import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';

const POLL_MS = 50;

/** The end of the WAL: every commit that has been answered ends at or before it. */
export async function currentLsn(client: Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  return rows[0]?.lsn ?? '';
}

/** Resolves once the slot is acknowledged up to an LSN. */
export async function acknowledged(client: Client, slot: string, lsn: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ reached: boolean }>(
      'select confirmed_flush_lsn >= $2::pg_lsn as reached from pg_replication_slots where slot_name = $1',
      [slot, lsn],
    );
    if (rows[0]?.reached) return;
    await sleep(POLL_MS);
  }
}
