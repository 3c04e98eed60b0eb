import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Bed } from './bed.ts';

/**
 * Reads a slot of the projector's publication up to an LSN with pg_recvlogical, which looks at nothing that it reads, and
 * gives how long that took, in seconds.
 */
export async function readRaw(bed: Bed, slot: string, until: string): Promise<number> {
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
}
