import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { createCheckpointStore, type Checkpoint } from '../../../src/checkpoint/store.ts';
import { loadSettings, type Environment } from '../../../src/config/settings.ts';
import { preparePlan } from '../../../src/definition/prepare.ts';
import { readSlot, type SlotState } from '../../../src/replication/slot.ts';
import { withClient } from '../../../src/servers/postgres.ts';
import { findProblems, mend } from '../../../src/service/preflight.ts';
import { readStatus } from '../../../src/service/status.ts';
import { formatLsn, parseLsn, type Lsn } from '../../../src/shared/lsn.ts';
import { createDatabase, type TestDatabase, type TestDatabaseOptions } from '../../support/servers.ts';
import { waitFor } from '../../support/wait.ts';
import { shippedDefinitions } from './child.ts';
import { runCommand, type CommandOutcome } from './command.ts';
import { getDocument, readDocuments, type StoredDocument } from './documents.ts';
import { expectedDocuments } from './expected-documents.ts';
import { createTables, openDefinitionsFolder, readExpected, type OwnSchema } from './own-schema.ts';
import { PATIENCE_MS, startService, type Service } from './service.ts';
import { startServiceProcess, type ServiceProcess } from './service-process.ts';

export interface SettingOptions extends Omit<TestDatabaseOptions, 'schema'> {
  /** In place of the films' schema, definitions and documents. */
  readonly own?: OwnSchema;
}

/**
 * A database, the films' unless told otherwise, prepared as `projector init` does, and everything to watch a service
 * that follows it.
 */
export interface Setting extends AsyncDisposable {
  readonly database: TestDatabase;
  /** A session of the superuser; another one after `reconnect`. */
  readonly admin: Client;
  readonly redis: Redis;
  /** Opens another session, when Postgres has ended the one before. */
  reconnect(): Promise<void>;
  /** Starts the service, with these settings beside the usual ones. */
  run(settings?: Readonly<Record<string, string>>, options?: { readonly isStandby: boolean }): Service;
  /** Starts `projector run` as a process of its own, which can be killed, with these options. */
  spawn(settings?: Readonly<Record<string, string>>, options?: readonly string[]): ServiceProcess;
  /** Runs another command to its end, with these settings beside the usual ones. */
  command(args: readonly string[], settings?: Readonly<Record<string, string>>): Promise<CommandOutcome>;
  /** What Redis holds as the resume point. */
  checkpoint(): Promise<Checkpoint | null>;
  slot(): Promise<SlotState | null>;
  /** Waits until the slot's confirmed position has reached the LSN. */
  confirmedUpTo(lsn: Lsn): Promise<void>;
  documents(index: string): Promise<StoredDocument[]>;
  document(index: string, id: string): Promise<StoredDocument | null>;
  /** Waits until the stored resume point covers everything that is committed now. */
  covered(timeoutMs?: number): Promise<void>;
  /**
   * Waits until the stored resume point covers everything that is committed now; by then, at once, every document of
   * every index must be what the rows make it, and there must be no other.
   */
  assertConverged(timeoutMs?: number): Promise<void>;
  /** Changes the definitions of an own schema, and what their documents are. */
  define(changed: Partial<Pick<OwnSchema, 'definitions' | 'expected'>>): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openSetting(t: TestContext, options: SettingOptions = {}): Promise<Setting> {
  const { own, ...servers } = options;
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await createDatabase({ ...servers, schema: own ? 'none' : 'films' }));
  let admin = await database.connect();
  opening.defer(() => admin.end());
  const folder = own && opening.use(await openDefinitionsFolder());
  const env = { ...database.env, ...(folder && { DEFINITIONS_DIR: folder.path }) };
  let expected = own?.expected;
  if (own) {
    await createTables(admin, own.sql);
    await folder?.write(own.definitions);
  }
  const redis = new Redis(database.redisUrl);
  // A test may stop Redis meanwhile.
  redis.on('error', () => undefined);
  opening.defer(() => redis.disconnect());
  const checkpoints = createCheckpointStore(redis, database.name, '');
  const { elasticsearchUrl, indexPrefix, name } = database;

  await prepare({ DEFINITIONS_DIR: shippedDefinitions, ...env });

  const services: Service[] = [];
  const covered = async (timeoutMs = PATIENCE_MS): Promise<void> => {
    const lsn = await currentLsn(admin);
    // So that the stream goes past what is committed now, and not just up to it.
    await admin.query(`select pg_logical_emit_message(true, 'test', '')`);
    await waitFor(async () => ((await checkpoints.read())?.lsn ?? 0n) >= lsn, {
      what: `the resume point to reach ${formatLsn(lsn)}`,
      timeoutMs,
    }).catch((error: unknown) => {
      throw new Error(`The last of the services logged:\n${services.at(-1)?.log ?? ''}`, { cause: error });
    });
  };
  const documents = (index: string): Promise<StoredDocument[]> =>
    readDocuments(elasticsearchUrl, `${indexPrefix}${index}`);

  const confirmedUpTo = async (lsn: Lsn): Promise<void> => {
    await waitFor(async () => ((await readSlot(admin, name))?.confirmedFlush ?? 0n) >= lsn, {
      what: `the slot to reach ${formatLsn(lsn)}`,
      timeoutMs: PATIENCE_MS,
    });
  };

  const resources = opening.move();
  return {
    database,
    get admin() {
      return admin;
    },
    async reconnect() {
      await admin.end().catch(() => undefined);
      admin = await database.connect();
    },
    redis,
    command: (args, settings) => runCommand(args, { ...env, ...settings }),
    covered,
    confirmedUpTo,
    documents,
    run(settings = {}, options) {
      const service = startService(t, { ...env, ...settings }, options);
      services.push(service);
      return service;
    },
    spawn(settings = {}, options) {
      const service = startServiceProcess(t, { ...env, ...settings }, () => readStatus(redis, name), options);
      services.push(service);
      return service;
    },
    checkpoint: () => checkpoints.read(),
    slot: () => readSlot(admin, name),
    document: (index, id) => getDocument(elasticsearchUrl, `${indexPrefix}${index}`, id),
    assertConverged: async (timeoutMs) => {
      await covered(timeoutMs);
      const made = expected ? await readExpected(admin, expected) : await expectedDocuments(admin);
      for (const [index, rows] of Object.entries(made)) assertSame(index, await documents(index), rows);
    },
    async define(changed) {
      if (changed.definitions) await folder?.write(changed.definitions);
      expected = changed.expected ?? expected;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** What `projector init` does, without the time that a process takes to start. */
async function prepare(env: Environment): Promise<void> {
  const settings = loadSettings(env);
  await withClient(settings.adminDatabaseUrl, 'test', async (client) => {
    const plan = await preparePlan(client, settings.definitionsDir);
    await mend(client, await findProblems(client, plan, settings));
  });
}

/** The end of the WAL: every commit that has been answered ends at or before it. */
export async function currentLsn(client: Client): Promise<Lsn> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  return parseLsn(rows[0]?.lsn ?? '');
}

/** Names the first few documents that differ; a comparison of thousands at once could not be read. */
function assertSame(
  index: string,
  stored: readonly StoredDocument[],
  expected: ReadonlyMap<string, unknown>,
): void {
  const sources = new Map(stored.map(({ id, source }) => [id, source]));
  const ids = new Set([...sources.keys(), ...expected.keys()]);
  const differing = [...ids].filter((id) => !isDeepStrictEqual(sources.get(id), expected.get(id)));
  const shown = differing.slice(0, 3);
  assert.deepEqual(
    shown.map((id) => ({ id, document: sources.get(id) ?? 'absent' })),
    shown.map((id) => ({ id, document: expected.get(id) ?? 'absent' })),
    `${differing.length} of ${ids.size} documents of ${index} differ`,
  );
  assert.equal(sources.size, expected.size);
}
