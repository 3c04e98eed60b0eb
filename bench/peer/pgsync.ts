import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../dev/stack/database.ts';
import type { Bed } from '../bed/bed.ts';
import { installPgsync } from './install.ts';
import { startPeer, type PeerProcess } from './process.ts';
import { pgsyncSchema } from './schema.ts';

/** PGSync for the films of a bed. Disposing removes its triggers, its slot, what it has in Redis, and its index. */
export interface Pgsync extends AsyncDisposable {
  /** Makes its triggers and its slot, and has Postgres tell of changes as it needs it. */
  bootstrap(): Promise<void>;
  /** Starts `pgsync` with these arguments, and with settings of this time. */
  start(args?: readonly string[], settings?: Readonly<Record<string, string>>): PeerProcess;
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
  const start = (script: string, args: readonly string[] = [], settings = {}): PeerProcess =>
    startPeer(installed.python, [script, '--config', schema, ...args], {
      cwd: bed.folder,
      env: { ...env, ...settings },
    });
  const target = `${bed.servers.elasticsearchUrl}/${index}`;
  const unhook = (): Promise<void> => start(installed.bootstrap, ['--teardown']).ended;
  const teardown = async (): Promise<void> => {
    await unhook();
    await fetch(target, { method: 'DELETE' });
  };
  return {
    bootstrap: async () => {
      await identifyByPrimaryKey(bed);
      await start(installed.bootstrap).ended;
    },
    start: (args, settings) => start(installed.pgsync, args, settings),
    count: async () => {
      await fetch(`${target}/_refresh`, { method: 'POST' });
      return ((await (await fetch(`${target}/_count`)).json()) as { count: number }).count;
    },
    unhook,
    teardown,
    [Symbol.asyncDispose]: teardown,
  };
}

/** It ends at a change in its slot that is told without the row's primary key. */
async function identifyByPrimaryKey(bed: Bed): Promise<void> {
  await using client = await connect(bed.adminUrl);
  for (const table of ['person_film_work', 'genre_film_work'])
    await client.query(`alter table content.${table} replica identity default`);
}
