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
 * Settings beyond those that it has by itself.
 *
 * @see https://pgsync.com/env-vars/
 */
const tuned = {
  // Its ten seconds are too few for a bulk of its own on two busy cores, and then it ends.
  ELASTICSEARCH_TIMEOUT: '120',
  // Over the loopback, compressing costs more than it saves.
  ELASTICSEARCH_HTTP_COMPRESS: 'False',
  // One thread sends: the other way starts a pool of threads for each bulk, and a backlog is hundreds of small ones.
  ELASTICSEARCH_STREAMING_BULK: 'True',
  // Each of its workers takes so many changes at a time, which by itself is a thousand: then few workers have any.
  REDIS_READ_CHUNK_SIZE: '100',
  NUM_WORKERS: '4',
  // How often it says how far it is, by which a drain's end is measured.
  LOG_INTERVAL: '0.1',
};

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
