import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatedFilms } from '../../dev/load/generated-films.ts';
import { loadFilms } from '../../dev/load/load.ts';
import { connect, prepareFilmsDatabase, roles } from '../../dev/stack/database.ts';
import { checkout } from '../../dev/stack/paths.ts';
import { postgresAt } from '../../dev/stack/postgres.ts';
import type { Servers } from './servers.ts';
import { runService } from './service.ts';

/** A database of generated films, and all that a projector of its own needs. Disposing removes it all. */
export interface Bed extends AsyncDisposable {
  readonly servers: Servers;
  readonly films: number;
  /** The superuser's URL of the database. */
  readonly adminUrl: string;
  /** The PROJECTOR_NAME. */
  readonly name: string;
  readonly indexPrefix: string;
  /** The service's settings. */
  readonly env: Readonly<Record<string, string>>;
  /** Holds whatever a figure writes. */
  readonly folder: string;
}

export interface BedOptions {
  readonly films: number;
  readonly seed: number;
  /** Which of `definitions/` the projector follows, by file name. */
  readonly definitions: readonly string[];
}

/** Makes the database and loads the films. */
export async function makeBed(servers: Servers, options: BedOptions): Promise<Bed> {
  const { films, seed } = options;
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const postgres = postgresAt(servers.postgresUrl);
  const adminUrl = postgres.urlOf(name);
  const indexPrefix = `${name}-`;
  await using undo = new AsyncDisposableStack();

  const folder = await mkdtemp(join(tmpdir(), 'projector-bench-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const definitionsDir = join(folder, 'definitions');
  await mkdir(definitionsDir);
  for (const file of options.definitions)
    await cp(join(checkout, 'definitions', file), join(definitionsDir, file));

  undo.defer(async () => {
    await using client = await connect(servers.postgresUrl);
    await client.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1',
      [name],
    );
    await client.query(`drop database if exists ${name} with (force)`);
  });
  await prepareFilmsDatabase(postgres, name);
  {
    await using client = await connect(adminUrl);
    await loadFilms(client, generatedFilms({ films, seed }));
    await client.query('vacuum analyze');
  }
  const kept = undo.move();
  const bed: Bed = {
    servers,
    films,
    adminUrl,
    name,
    indexPrefix,
    folder,
    env: {
      DATABASE_URL: postgres.urlOf(name, roles.service),
      ADMIN_DATABASE_URL: adminUrl,
      REDIS_URL: servers.redisUrl,
      ELASTICSEARCH_URL: servers.elasticsearchUrl,
      DEFINITIONS_DIR: definitionsDir,
      PROJECTOR_NAME: name,
      INDEX_PREFIX: indexPrefix,
      HTTP_PORT: '0',
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
  kept.defer(() => runService(bed, 'teardown', '--yes'));
  return bed;
}

/** What Elasticsearch answers to a POST; the path stands behind the bed's own prefix. Throws where it is an error. */
export async function ask<T>({ servers, indexPrefix }: Bed, path: string, body?: object): Promise<T> {
  const response = await fetch(`${servers.elasticsearchUrl}/${indexPrefix}${path}`, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
