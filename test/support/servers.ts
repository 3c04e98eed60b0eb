import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { connect, prepareFilmsDatabase, roles } from '../../dev/stack/database.ts';
import { postgresAt, type PostgresAddress } from '../../dev/stack/postgres.ts';
import { wantedVersions } from '../../dev/stack/versions.ts';
import { sharedServers } from './shared-servers.ts';
import { waitFor } from './wait.ts';

/**
 * A database of one's own on real servers, and a name that keeps everything else of a projector apart from all other
 * tests: slot, publication, Redis keys, indexes. Disposing removes it all, and throws when somebody is still connected:
 * then the test has left something running.
 */
export interface TestDatabase extends AsyncDisposable {
  /** The database's name, and the PROJECTOR_NAME. */
  readonly name: string;
  /** The INDEX_PREFIX. */
  readonly indexPrefix: string;
  /** The superuser's. */
  readonly adminUrl: string;
  /** The service's own role's. */
  readonly url: string;
  readonly redisUrl: string;
  readonly elasticsearchUrl: string;
  /** The service's settings for all of this, to be passed to a command or to `loadSettings`. */
  readonly env: Readonly<Record<string, string>>;
  /** A client of one's own, as the superuser unless told otherwise. */
  connect(url?: string): Promise<Client & AsyncDisposable>;
}

export interface TestDatabaseOptions {
  /** `films`: the films' schema without rows, as `sql/` makes it. `none`: an empty database. `films` by default. */
  readonly schema?: 'films' | 'none';
  /** Of a database without a schema, where it is another than UTF8. */
  readonly encoding?: 'SQL_ASCII';
  /** Servers of the test's own in place of the shared ones. Nothing is removed from them: they are temporary anyway. */
  readonly postgres?: PostgresAddress;
  readonly redis?: { readonly url: string };
  readonly elasticsearch?: { readonly url: string };
}

export async function createDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { schema = 'films' } = options;
  const shared = sharedServers();
  const postgres = options.postgres ?? postgresAt(shared.postgresUrl);
  const redisUrl = options.redis?.url ?? shared.redisUrl;
  const elasticsearchUrl = options.elasticsearch?.url ?? shared.elasticsearchUrl;
  const name = `t_${randomBytes(6).toString('hex')}`;
  const indexPrefix = `${name}-`;

  if (schema === 'films' && options.postgres !== undefined) {
    await prepareFilmsDatabase(postgres, name);
  } else {
    await using client = await connect(postgres.url);
    const template = schema === 'films' ? shared.filmsTemplate : 'template0';
    const encoding = options.encoding ? await encodedIn(client, options.encoding) : '';
    await client.query(`create database ${name} template ${template} ${encoding}`);
  }
  const adminUrl = postgres.urlOf(name);
  const url = postgres.urlOf(name, roles.service);
  return {
    name,
    indexPrefix,
    adminUrl,
    url,
    redisUrl,
    elasticsearchUrl,
    env: {
      DATABASE_URL: url,
      ADMIN_DATABASE_URL: adminUrl,
      REDIS_URL: redisUrl,
      ELASTICSEARCH_URL: elasticsearchUrl,
      PROJECTOR_NAME: name,
      INDEX_PREFIX: indexPrefix,
      // Whoever looks at it by HTTP chooses a port.
      HTTP_PORT: '0',
      ...(wantedVersions().wal2json && { DECODER: 'wal2json' }),
    },
    connect: (as = adminUrl) => connect(as),
    [Symbol.asyncDispose]: async () => {
      const leftOpen = options.postgres === undefined ? await dropDatabase(postgres, name) : [];
      if (options.redis === undefined) await deleteKeys(redisUrl, name);
      if (options.elasticsearch === undefined) await deleteIndexes(elasticsearchUrl, indexPrefix);
      if (leftOpen.length > 0)
        throw new Error(`Still connected to the test's database: ${leftOpen.join(', ')}`);
    },
  };
}

/** The options for a database in another encoding, which needs a locale that goes with any. */
async function encodedIn(client: Client, encoding: string): Promise<string> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const provider = (rows[0]?.version ?? 0) < 150_000 ? '' : 'locale_provider libc';
  return `encoding '${encoding}' ${provider} lc_collate 'C' lc_ctype 'C'`;
}

/** Drops the database with its slots, whoever is connected; gives who still was, after a moment to go by themselves. */
async function dropDatabase(postgres: PostgresAddress, name: string): Promise<string[]> {
  await rollBackPrepared(postgres, name);
  await using client = await connect(postgres.url);
  const connected = async (): Promise<string[]> => {
    const { rows } = await client.query<{ who: string }>(
      `select format('%s (%s) %L', usename, backend_type, query) as who
         from pg_stat_activity
        where datname = $1 and backend_type in ('client backend', 'walsender')`,
      [name],
    );
    return rows.map(({ who }) => who);
  };
  const leftOpen = await waitFor(async () => (await connected()).length === 0, { timeoutMs: 3_000 }).then(
    () => [],
    connected,
  );
  await client.query(`alter database ${name} allow_connections false`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  // Drops the slots with it, but none that is in use.
  await waitFor(() => client.query(`drop database ${name} with (force)`), { what: `drop database ${name}` });
  return leftOpen;
}

async function rollBackPrepared(postgres: PostgresAddress, name: string): Promise<void> {
  await using client = await connect(postgres.urlOf(name));
  const { rows } = await client.query<{ statement: string }>(
    `select format('rollback prepared %L', gid) as statement from pg_prepared_xacts where database = $1`,
    [name],
  );
  for (const { statement } of rows) await client.query(statement);
}

async function deleteIndexes(elasticsearchUrl: string, prefix: string): Promise<void> {
  const listed = await fetch(
    `${elasticsearchUrl}/_cat/indices/${prefix}*?h=index&format=json&expand_wildcards=all`,
  );
  const names = ((await listed.json()) as { index: string }[]).map(({ index }) => index);
  if (names.length === 0) return;
  const url = `${elasticsearchUrl}/${names.join(',')}?ignore_unavailable=true`;
  const response = await fetch(url, { method: 'DELETE' });
  if (!response.ok) throw new Error(`Elasticsearch answers ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function deleteKeys(redisUrl: string, name: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    for await (const keys of redis.scanStream({ match: `*${name}*` }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
}
