import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Bed } from './bed.ts';

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

/** A slot beside the service's own. Disposing drops it. */
export interface ExtraSlot extends AsyncDisposable {
  readonly name: string;
}

/** Makes a slot: it has everything that is committed from now on. */
export async function openSlot(bed: Bed, client: Client, purpose: string): Promise<ExtraSlot> {
  const name = `${bed.name}_${purpose}`;
  await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await client.query('select pg_drop_replication_slot($1)', [name]);
    },
  };
}

/** Commits something that a reader of a slot gets at, or behind, all that is committed so far, and gives its LSN. */
export async function markEnd(client: Client): Promise<string> {
  await client.query(
    'update content.film_work set rating = rating where id = (select min(id::text)::uuid from content.film_work)',
  );
  return currentLsn(client);
}
