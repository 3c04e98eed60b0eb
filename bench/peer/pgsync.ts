import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed } from '../bed/bed.ts';
import { installPgsync } from './install.ts';
import { startPeer, type PeerProcess } from './process.ts';
import { pgsyncSchema } from './schema.ts';

/** PGSync for the films of a bed. Disposing removes its triggers, its slot, what it has in Redis, and its index. */
export interface Pgsync extends AsyncDisposable {
  /** Makes its triggers and its slot. */
  bootstrap(): Promise<void>;
  /** Starts `pgsync` with these arguments. */
  start(...args: string[]): PeerProcess;
  /** How many documents its index has, once that is refreshed. */
  count(): Promise<number>;
  /** Removes its triggers, its slot and what it has in Redis. */
  unhook(): Promise<void>;
  /** Removes these, and its index. */
  teardown(): Promise<void>;
}

/**
 * The settings that gave it the best figures; those that are not here changed nothing, or for the worse.
 *
 * @see https://pgsync.com/env-vars/
 */
const tuned = {};

/** Installs PGSync and writes its schema into the bed's folder. */
export async function openPgsync(bed: Bed, say: (line: string) => void): Promise<Pgsync> {
  const installed = await installPgsync(say);
  const index = `${bed.indexPrefix}movies`;
  const schema = join(bed.folder, 'schema.json');
  await writeFile(schema, JSON.stringify(await pgsyncSchema(bed.name, index), null, 2));
  const env = {
    PATH: process.env['PATH'] ?? '',
    PYTHONUNBUFFERED: '1',
    // SQLAlchemy knows this scheme alone.
    PG_URL: bed.adminUrl.replace(/^postgres:/, 'postgresql:'),
    PG_DATABASE: bed.name,
    ELASTICSEARCH_URL: bed.servers.elasticsearchUrl,
    REDIS_URL: bed.servers.redisUrl,
    CHECKPOINT_PATH: bed.folder,
    CONSOLE_LOGGING_HANDLER_MIN_LEVEL: 'WARNING',
    ...tuned,
    ...JSON.parse(process.env['PGSYNC_TRY'] ?? '{}'),
  };
  const start = (script: string, ...args: string[]): PeerProcess =>
    startPeer(installed.python, [script, '--config', schema, ...args], { cwd: bed.folder, env });
  const target = `${bed.servers.elasticsearchUrl}/${index}`;
  const unhook = (): Promise<void> => start(installed.bootstrap, '--teardown').ended;
  const teardown = async (): Promise<void> => {
    await unhook();
    await fetch(target, { method: 'DELETE' });
  };
  return {
    bootstrap: () => start(installed.bootstrap).ended,
    start: (...args) => start(installed.pgsync, ...args),
    count: async () => {
      await fetch(`${target}/_refresh`, { method: 'POST' });
      return ((await (await fetch(`${target}/_count`)).json()) as { count: number }).count;
    },
    unhook,
    teardown,
    [Symbol.asyncDispose]: teardown,
  };
}
