import { randomBytes } from 'node:crypto';
import { appendFile, chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { findPostgres, type PostgresPrograms } from './postgres-program.ts';
import { run } from './run.ts';
import { openServer, type Command, type Ending, type Server, type ServerOptions } from './server.ts';
import { findUnprivilegedUser, runAs, type UnprivilegedUser } from './unprivileged.ts';

/** @see https://www.postgresql.org/docs/current/server-shutdown.html */
export type ShutdownMode = 'smart' | 'fast' | 'immediate';

/** Where a Postgres is, and how to log in. */
export interface PostgresAddress {
  /** The superuser's, to the database `postgres`. */
  readonly url: string;
  /** The password of the superuser, and of every role that this stack hands out. */
  readonly password: string;
  /** The connection URL of a database for a role: the superuser unless told otherwise. */
  urlOf(database: string, role?: string): string;
}

export interface PostgresServer extends Server, PostgresAddress {
  /** Ends it, by a fast shutdown unless told otherwise. */
  stop(mode?: ShutdownMode): Promise<void>;
}

export interface PostgresOptions extends ServerOptions {
  /** Settings on top of the usual ones. `ALTER SYSTEM` wins over both. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const superuser = 'postgres';

const usualSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_replication_slots: 50,
  max_wal_senders: 50,
  max_connections: 300,
  max_prepared_transactions: 20,
  max_slot_wal_keep_size: '4GB',
};

const shutdown: Readonly<Record<ShutdownMode, Ending>> = {
  smart: { signal: 'SIGTERM', timeoutMs: 30_000 },
  // A walsender whose client does not read any more holds it up.
  fast: { signal: 'SIGINT', timeoutMs: 15_000 },
  immediate: { signal: 'SIGQUIT', timeoutMs: 10_000 },
};

/** The address that the superuser's URL gives. */
export function postgresAt(url: string): PostgresAddress {
  return {
    url,
    password: new URL(url).password,
    urlOf: (database, role = superuser) => {
      const other = new URL(url);
      other.pathname = `/${database}`;
      other.username = role;
      return other.href;
    },
  };
}

/** A handle on the Postgres in the folder, which may be running already; it is not started here. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const password = await readPassword(join(folder, 'password'));
  const user = await findUnprivilegedUser();
  // So that the user can enter it; the password in it stays unreadable.
  if (user !== undefined) await chmod(folder, 0o711);
  const url = (port: number): string => `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;

  const server = await openServer(
    {
      name: 'Postgres',
      url,
      command: async (_folder, port) => {
        const programs = await findPostgres();
        const data = join(folder, 'data');
        await createCluster(data, programs, password, user);
        const { plugins } = programs;
        const libraries = plugins === null ? {} : { dynamic_library_path: `$libdir:${plugins}` };
        await writeSettings(data, { ...usualSettings, ...libraries, ...options.settings, port });
        return runAs(user, { file: programs.postgres, args: ['-D', data] }, [
          dirname(programs.postgres),
          folder,
          ...(plugins === null ? [] : [plugins]),
        ]);
      },
      probe: (port) => query(url(port)),
      startTimeoutMs: 60_000,
      endings: [shutdown.fast, shutdown.immediate],
      abandonSignal: shutdown.immediate.signal,
      // After kill -9, until the last of its processes has noticed.
      passing: /pre-existing shared memory block/,
    },
    options,
  );
  return Object.assign(server, postgresAt(server.url), {
    stop: (mode: ShutdownMode = 'fast') => server.endBy([shutdown[mode], shutdown.immediate]),
  });
}

async function readPassword(path: string): Promise<string> {
  const password = await readFile(path, 'utf8').catch(() => undefined);
  if (password !== undefined) return password;
  const fresh = randomBytes(16).toString('hex');
  await writeFile(path, fresh, { mode: 0o600 });
  return fresh;
}

/** Runs initdb unless it has been run to its end before. */
async function createCluster(
  data: string,
  { initdb, major }: PostgresPrograms,
  password: string,
  user: UnprivilegedUser | undefined,
): Promise<void> {
  const settingsFile = join(data, 'postgresql.conf');
  const complete = await readFile(settingsFile, 'utf8').catch(() => '');
  if (complete.includes(includeSettings)) return;

  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    await chown(data, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const args = [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts and compares alike on every machine, whatever locales it has.
    '--locale=C',
    ...(major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    '--no-sync',
  ];
  const command: Command = { file: initdb, args, env: { ...process.env, LC_ALL: 'C' } };
  const { file, args: allArgs, ...as } = await runAs(user, command, [dirname(initdb), dirname(data)]);
  try {
    await run(file, allArgs, { ...as, cwd: '/' });
  } finally {
    await rm(passwordFile);
  }
  await appendFile(settingsFile, `\n${includeSettings}\n`);
}

const includeSettings = "include 'stack.conf'";

async function writeSettings(
  data: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  );
  await writeFile(join(data, 'stack.conf'), `${lines.join('\n')}\n`);
}

async function query(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}
