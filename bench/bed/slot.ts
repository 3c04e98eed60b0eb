import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { createCheckpointStore } from '../../src/checkpoint/store.ts';
import { createRedis } from '../../src/servers/redis.ts';
import { parseLsn } from '../../src/shared/lsn.ts';
import type { Bed } from './bed.ts';

const POLL_MS = 20;

/** The end of the WAL: every commit that has been answered ends at or before it. */
export async function currentLsn(client: Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  return rows[0]?.lsn ?? '';
}

/** Resolves once all up to an LSN is accepted by Elasticsearch, and the resume point tells so. */
export async function durable(bed: Bed, lsn: string, signal: AbortSignal): Promise<void> {
  const redis = createRedis({ redisUrl: bed.servers.redisUrl });
  try {
    await redis.connect();
    const checkpoints = createCheckpointStore(redis, bed.name, '');
    while (((await checkpoints.read())?.lsn ?? 0n) < parseLsn(lsn))
      await sleep(POLL_MS, undefined, { signal });
  } finally {
    redis.disconnect();
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
