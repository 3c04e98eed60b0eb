import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Client } from 'pg';
import type { Bed } from './bed.ts';

/** A slot of the same publication that nothing but a raw reader reads. Disposing drops it. */
export interface RawSlot extends AsyncDisposable {
  /** Reads it up to an LSN with pg_recvlogical, which looks at nothing that it reads, and gives how long that took. */
  read(until: string): Promise<number>;
}

/** Makes the slot: it has everything that is committed from now on. */
export async function openRawSlot(bed: Bed, client: Client): Promise<RawSlot> {
  const slot = `${bed.name}_raw`;
  await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  return {
    async read(until) {
      const startedMs = performance.now();
      const child = spawn(
        'pg_recvlogical',
        [
          ...['--dbname', bed.adminUrl, '--slot', slot, '--start', '--endpos', until, '--file', '/dev/null'],
          ...['--option', 'proto_version=1', '--option', `publication_names="${bed.name}"`],
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      const [code] = (await once(child, 'close').catch((error: unknown) => {
        throw new Error('pg_recvlogical does not start: install postgresql-client', { cause: error });
      })) as [number | null];
      if (code !== 0) throw new Error(`pg_recvlogical ended with ${String(code)}`);
      return (performance.now() - startedMs) / 1000;
    },
    [Symbol.asyncDispose]: async () => {
      await client.query('select pg_drop_replication_slot($1)', [slot]);
    },
  };
}
