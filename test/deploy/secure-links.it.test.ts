import assert from 'node:assert/strict';
import { it } from 'node:test';
import pg from 'pg';
import { choosePort } from '../../dev/stack/ports.ts';
import { findRoleProblems } from '../../src/service/preflight.ts';
import { connectionConfig } from '../../src/servers/postgres-connection.ts';
import { startProjector } from '../service/support/child.ts';
import { PATIENCE_MS } from '../service/support/service.ts';
import { openSetting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';
import { openSecureServers, readRequests, readRights } from './secure-links.ts';

const passwords = {
  postgres: 'of-postgres/ß@1',
  admin: 'of-admin?2',
  redis: 'of-redis#3',
  elasticsearch: 'of-elasticsearch:4',
  wrong: 'not-the-password%5',
};
const apiKey = Buffer.from(`key-id:${passwords.elasticsearch}`).toString('base64');
const wrongApiKey = Buffer.from(`key-id:${passwords.wrong}`).toString('base64');
const basic = Buffer.from(`elastic:${passwords.elasticsearch}`).toString('base64');

/** Every form in which one of them could be said. */
const secrets = [
  ...Object.values(passwords).flatMap((password) => [password, encodeURIComponent(password)]),
  ...[apiKey, wrongApiKey, basic],
];

const role = 'secure_service';
const adminRole = 'secure_admin';

it('over TLS, with the rights that docs/deploy.md gives and no others', async (t) => {
  await using servers = await openSecureServers(sharedServers().elasticsearchUrl, role);
  const { caFile, otherCaFile, postgres, redis, redisTlsPort, elasticsearchTlsPort } = servers;
  await using setting = await openSetting(t, { postgres, redis });
  const { admin, database } = setting;

  /** The page's, for this test's names and passwords. */
  const rightsOf = (of: 'service' | 'admin' | 'redis', password: string): string =>
    readRights(of)
      .replaceAll('projector:projector:', `projector:${database.name}:`)
      .replaceAll(/\bprojector_admin\b/g, adminRole)
      .replaceAll(/\bprojector(?=[ ;\n])/g, role)
      .replaceAll(/\bfilms\b/g, database.name)
      .replace(/'password'/, pg.escapeLiteral(password))
      .replace('>password', `>${password}`);
  await admin.query(`revoke all on database ${database.name} from public`);
  await admin.query(rightsOf('service', passwords.postgres));
  await admin.query(rightsOf('admin', passwords.admin));
  const [, , ...rule] = rightsOf('redis', passwords.redis).trim().split(/\s+/);
  await setting.redis.call('ACL', 'SETUSER', ...rule);
  servers.expectAuthorization(`ApiKey ${apiKey}`);

  /** A URL of the Postgres, as the service's role unless told otherwise. */
  const postgresUrl = (
    query: string,
    { host = 'localhost', port = postgres.port, user = role } = {},
  ): string => {
    const password = user === role ? passwords.postgres : passwords.admin;
    return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database.name}${query}`;
  };
  const verified = `?sslmode=verify-full&sslrootcert=${caFile}`;
  const redisUrl = (host: string, port = redisTlsPort, password = passwords.redis): string =>
    `rediss://${role}:${encodeURIComponent(password)}@${host}:${port}/0`;
  const secure = {
    DATABASE_URL: postgresUrl(verified),
    ADMIN_DATABASE_URL: postgresUrl(verified, { user: adminRole }),
    REDIS_URL: redisUrl('localhost'),
    REDIS_CA_FILE: caFile,
    ELASTICSEARCH_URL: `https://localhost:${elasticsearchTlsPort}`,
    ELASTICSEARCH_API_KEY: apiKey,
    ELASTICSEARCH_CA_FILE: caFile,
    LOG_LEVEL: 'trace',
  };

  /** Everything that anything has said. */
  const said: string[] = [];
  const command = async (args: readonly string[], settings: Readonly<Record<string, string>> = {}) => {
    const { ended, output } = startProjector(args, { ...database.env, ...secure, ...settings });
    const { code } = await ended;
    said.push(output.stdout, output.stderr);
    return { code, ...output };
  };
  const succeeds = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await command(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const listen = async (port: number): Promise<void> => {
    for (const path of ['status', 'readyz', 'metrics'])
      said.push(await (await fetch(`http://127.0.0.1:${port}/${path}`)).text());
    said.push((await setting.redis.get(`projector:${database.name}:status`)) ?? '');
  };

  await t.test('Postgres is prepared by the role for it', async () => {
    await admin.query(`drop publication ${database.name}`);
    await admin.query('alter table content.person_film_work replica identity default');
    await succeeds('init');
    await succeeds('check');
  });

  await t.test('a role may replicate by the attribute, or by the role of Amazon RDS', async () => {
    const problemsOf = async (name: string, prepared: string): Promise<string[]> => {
      await admin.query(`create role ${name}; ${prepared}; set role ${name}`);
      const problems = await findRoleProblems(admin);
      await admin.query('reset role');
      return problems.map(({ sql }) => sql);
    };
    assert.deepEqual(await problemsOf('neither', ''), ['alter role "neither" replication;']);
    assert.deepEqual(await problemsOf('by_attribute', 'alter role by_attribute replication'), []);
    const onRds = 'create role rds_replication; grant rds_replication to by_role';
    assert.deepEqual(await problemsOf('by_role', onRds), []);
  });

  await t.test('the service snapshots, streams, and does what its commands ask for', async () => {
    await admin.query("insert into content.film_work (title) values ('Solaris')");
    const port = await choosePort();
    await using service = setting.run({ ...secure, HTTP_PORT: String(port) });
    await service.untilStreaming();
    await admin.query("insert into content.film_work (title) values ('Stalker')");
    await setting.assertConverged();

    const { rows } = await admin.query<{ type: string; ssl: boolean }>(
      `select distinct backend_type as type, ssl
       from pg_stat_activity join pg_stat_ssl using (pid) where usename = '${role}' order by 1`,
    );
    assert.deepEqual(rows, [
      { type: 'client backend', ssl: true },
      { type: 'walsender', ssl: true },
    ]);
    const clients = String(await setting.redis.call('CLIENT', 'LIST')).split('\n');
    const own = clients.filter((client) => client.includes(`user=${role} `));
    assert.ok(own.length > 0);
    for (const client of own) assert.ok(client.includes(`laddr=127.0.0.1:${redisTlsPort} `), client);

    for (const words of [
      'snapshot',
      'reindex --index genres',
      'verify',
      'pause',
      'resume',
      'dead-letters list',
    ])
      await succeeds(...words.split(' '));

    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`);
    await setting.redis.call('CLIENT', 'KILL', 'USER', role);
    await admin.query("insert into content.film_work (title) values ('Mirror')");
    await setting.assertConverged();
    await listen(port);
    await service.stop();
    said.push(service.log);
    assert.deepEqual(await setting.redis.call('ACL', 'LOG'), [], 'what Redis has denied');
  });

  await t.test('Elasticsearch is asked for what the page lists, and nothing else', () => {
    const listed = readRequests();
    assert.deepEqual(
      [...servers.requests].filter((one) => !listed.has(one)),
      [],
    );
    assert.ok(servers.requests.size > 12, [...servers.requests].join());
  });

  await t.test('a user and a password in the URL of Elasticsearch do, too', async () => {
    servers.expectAuthorization(`Basic ${basic}`);
    const url = `https://elastic:${encodeURIComponent(passwords.elasticsearch)}@localhost:${elasticsearchTlsPort}`;
    const { code, stderr } = await command(['check'], { ELASTICSEARCH_URL: url, ELASTICSEARCH_API_KEY: '' });
    assert.equal(code, 0, stderr);
    servers.expectAuthorization(`ApiKey ${apiKey}`);
  });

  const plain = new URL(sharedServers().postgresUrl);
  const refusals: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
    'Postgres by another CA': [
      { DATABASE_URL: postgresUrl(`?sslmode=verify-ca&sslrootcert=${otherCaFile}`) },
      /^PROJ_TLS: no TLS to postgres at \S+:\d+: .*certificate.*\n {2}fix: .*sslrootcert/m,
    ],
    'Postgres by another name': [
      { DATABASE_URL: postgresUrl(verified, { host: '127.0.0.1' }) },
      /^PROJ_TLS: no TLS to postgres at \S+:\d+: .*altnames/m,
    ],
    'a Postgres without TLS': [
      { DATABASE_URL: postgresUrl('?sslmode=require', { host: '127.0.0.1', port: Number(plain.port) }) },
      /^PROJ_TLS: no TLS to postgres at \S+:\d+: .*does not support SSL/m,
    ],
    'Postgres with another password': [
      { DATABASE_URL: secure.DATABASE_URL.replace(/:[^:@]+@/, `:${encodeURIComponent(passwords.wrong)}@`) },
      /^PROJ_ACCESS_DENIED: postgres at \S+:\d+ refuses: password authentication failed/m,
    ],
    'Redis by another CA': [
      { REDIS_CA_FILE: otherCaFile },
      /^PROJ_TLS: no TLS to redis at \S+:\d+: .*certificate.*\n {2}fix: .*REDIS_CA_FILE/m,
    ],
    'Redis by another name': [
      { REDIS_URL: redisUrl('127.0.0.1') },
      /^PROJ_TLS: no TLS to redis at \S+:\d+: .*altnames/m,
    ],
    'a Redis without TLS': [
      { REDIS_URL: redisUrl('localhost', redis.port) },
      /^PROJ_TLS: no TLS to redis at \S+:\d+: it answers in clear text/m,
    ],
    'Redis with another password': [
      { REDIS_URL: redisUrl('localhost', redisTlsPort, passwords.wrong) },
      /^PROJ_ACCESS_DENIED: redis at \S+:\d+ refuses: WRONGPASS/m,
    ],
    'Elasticsearch by another CA': [
      { ELASTICSEARCH_CA_FILE: otherCaFile },
      /^PROJ_TLS: no TLS to elasticsearch at \S+:\d+: .*certificate.*\n {2}fix: .*ELASTICSEARCH_CA_FILE/m,
    ],
    'Elasticsearch by another name': [
      { ELASTICSEARCH_URL: `https://127.0.0.1:${elasticsearchTlsPort}` },
      /^PROJ_TLS: no TLS to elasticsearch at \S+:\d+: .*altnames/m,
    ],
    'an Elasticsearch without TLS': [
      { ELASTICSEARCH_URL: sharedServers().elasticsearchUrl.replace('http:', 'https:') },
      /^PROJ_TLS: no TLS to elasticsearch at \S+:\d+: wrong version number/m,
    ],
    'Elasticsearch with another API key': [
      { ELASTICSEARCH_API_KEY: wrongApiKey },
      /^PROJ_ACCESS_DENIED: elasticsearch at \S+:\d+ refuses: unable to authenticate/m,
    ],
  };
  await t.test('the service ends at once, with a fix, where it is refused', async () => {
    const wrong: string[] = [];
    for (const [what, [settings, expected]] of Object.entries(refusals)) {
      await using service = setting.run({ ...secure, ...settings });
      const end: { code?: number | null } = {};
      void service.ended.then(({ code }) => (end.code = code));
      await waitFor(() => end.code !== undefined, { timeoutMs: PATIENCE_MS }).catch(() => undefined);
      said.push(service.log);
      if (end.code !== 2 || !expected.test(service.log)) wrong.push(`${what}: ${end.code}: ${service.log}`);
    }
    assert.deepEqual(wrong, []);
  });

  await t.test('sslmode means what it means to libpq', async () => {
    const ca = `&sslrootcert=${caFile}`;
    const otherCa = `&sslrootcert=${otherCaFile}`;
    const address = { host: '127.0.0.1' };
    const client = `&sslcert=${servers.clientFiles.cert}&sslkey=${servers.clientFiles.key}`;
    const cases = [
      [postgresUrl(''), { ssl: false, by: null }],
      [postgresUrl(`?sslmode=disable${ca}`), { ssl: false, by: null }],
      [postgresUrl('?sslmode=require', address), { ssl: true, by: null }],
      [postgresUrl(`?sslmode=require${ca}`, address), { ssl: true, by: null }],
      [postgresUrl(`?sslmode=require${otherCa}`), 'refused'],
      [postgresUrl(`?sslmode=verify-ca${ca}`, address), { ssl: true, by: null }],
      [postgresUrl(`?sslmode=verify-ca${otherCa}`), 'refused'],
      [postgresUrl(`?sslmode=verify-full${ca}${client}`), { ssl: true, by: `/CN=${role}` }],
      [postgresUrl(`?sslmode=verify-full${ca}`, address), 'refused'],
      [postgresUrl('?sslmode=verify-full'), 'refused'],
      [postgresUrl('?sslrootcert=system&sslmode=verify-full'), 'refused'],
    ] as const;
    for (const [url, expected] of cases) assert.deepEqual(await encryptionOf(url), expected, url);
  });

  await t.test(
    'a server that is away, settings that are wrong: no secret is said, here or above',
    async () => {
      const away = await choosePort();
      const to = (url: string): string => {
        const moved = new URL(url);
        moved.hostname = '127.0.0.1';
        moved.port = String(away);
        return moved.href;
      };
      const unreachable = [
        { DATABASE_URL: to(secure.DATABASE_URL) },
        { REDIS_URL: to(secure.REDIS_URL) },
        { ELASTICSEARCH_URL: to(secure.ELASTICSEARCH_URL) },
      ];
      await Promise.all(
        unreachable.map(async (settings) => {
          const { code, stderr } = await command(['check'], settings);
          assert.equal(code, 1);
          assert.match(stderr, /ECONNREFUSED/);
          assert.match((await command(['status'], settings)).stdout, /ECONNREFUSED/);
        }),
      );
      const port = await choosePort();
      await using service = setting.run({
        ...secure,
        ELASTICSEARCH_URL: to(secure.ELASTICSEARCH_URL),
        HTTP_PORT: String(port),
      });
      await waitFor(async () =>
        (await (await fetch(`http://127.0.0.1:${port}/readyz`)).text()).includes('ECONNREFUSED'),
      );
      await listen(port);
      await service.stop();
      said.push(service.log);

      const malformed = startProjector(['check'], {
        DATABASE_URL: `postgres://${role}:${passwords.postgres}@db:port/films`,
        REDIS_URL: `redis://:${passwords.redis}@cache:port`,
        ELASTICSEARCH_URL: `https://elastic:${passwords.elasticsearch}@search:port`,
        ELASTICSEARCH_API_KEY: `not base64: ${passwords.elasticsearch}`,
      });
      assert.equal((await malformed.ended).code, 2);
      said.push(malformed.output.stdout, malformed.output.stderr);

      const all = said.join('\n');
      assert.ok(all.includes(role), 'something was said');
      assert.deepEqual(
        secrets.filter((secret) => all.includes(secret)),
        [],
      );
    },
  );

  await t.test('all is removed by the role for it', async () => {
    await succeeds('teardown', '--yes');
    assert.equal(await setting.slot(), null);
    assert.deepEqual(await setting.redis.keys('projector:*'), []);
  });
});

/** What Postgres says of a connection by this URL; `refused` where TLS does not come about. */
async function encryptionOf(url: string): Promise<{ ssl: boolean; by: string | null } | 'refused'> {
  const client = new pg.Client(connectionConfig(url, 'test', 5_000));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ ssl: boolean; by: string | null }>(
      'select ssl, client_dn as by from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0] ?? assert.fail();
  } catch (error) {
    assert.match(String(error), /certificate/);
    return 'refused';
  } finally {
    client.connection.stream.destroy();
  }
}
