import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings, type Environment, type Settings } from '../../src/config/settings.ts';
import { ProjectorError } from '../../src/ops/errors.ts';

const required = {
  DATABASE_URL: 'postgres://projector:hunter2@db:5432/films',
  REDIS_URL: 'redis://cache:6379/0',
  ELASTICSEARCH_URL: 'http://search:9200',
};

function load(env: Environment, files: Record<string, string> = {}): Settings {
  return loadSettings({ ...required, ...env }, (path) => {
    const content = files[path];
    if (content === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return content;
  });
}

/** The lines of the error that `env` gives, the first without its indent. */
function problemsOf(env: Environment, files: Record<string, string> = {}): string[] {
  try {
    load(env, files);
  } catch (error) {
    assert.ok(error instanceof ProjectorError);
    assert.equal(error.code, 'PROJ_SETTINGS_INVALID');
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return assert.fail('these settings are valid');
}

test('three URLs are enough, and everything else has its default', () => {
  assert.deepEqual(load({}), {
    databaseUrl: required.DATABASE_URL,
    adminDatabaseUrl: required.DATABASE_URL,
    redisUrl: required.REDIS_URL,
    redisCaFile: '',
    elasticsearchUrls: [required.ELASTICSEARCH_URL],
    elasticsearchApiKey: '',
    elasticsearchCaFile: '',
    definitionsDir: 'definitions',
    name: 'projector',
    indexPrefix: '',
    shouldDropIndex: false,
    resync: 'manual',
    definitionChanged: 'rebuild',
    logLevel: 'info',
    decoder: 'pgoutput',
    schemaCheckIntervalMs: 10_000,
    batchSize: 500,
    debounceQuietMs: 0,
    debounceMaxWaitMs: 1000,
    maxInFlight: 4,
    refresh: 'adaptive',
    refreshesPerSecond: 10,
    checkpointIntervalMs: 200,
    snapshotParallelism: 4,
    snapshotChunkSize: 1000,
    snapshotMaxRate: 0,
    httpHost: '127.0.0.1',
    httpPort: 9464,
    httpNames: [],
    consoleToken: '',
    heartbeatIntervalMs: 5_000,
    bulkBytes: 5 * 1024 * 1024,
    deadLettersPerMinute: 100,
    queueBytes: 16 * 1024 * 1024,
    maxPending: 200_000,
    postgresMaxConnections: 15,
    requestTimeoutMs: 30_000,
    stallTimeoutMs: 300_000,
    shutdownTimeoutMs: 20_000,
  });
});

test('an empty variable counts as unset', () => {
  assert.equal(load({ BATCH_SIZE: '' }).batchSize, 500);
  assert.match(problemsOf({ REDIS_URL: '' }).join(), /^REDIS_URL \(or REDIS_URL_FILE\) is not set/);
});

test('everything wrong is listed at once, by name, with what was expected', () => {
  assert.deepEqual(
    problemsOf({ DATABASE_URL: undefined, BATCH_SIZE: 'many', PROJECTOR_NAME: 'Films!', LOG_LEVEL: 'loud' }),
    [
      'DATABASE_URL (or DATABASE_URL_FILE) is not set; it must be a postgres:// or postgresql:// URL',
      'PROJECTOR_NAME must be 1 to 40 of a-z, 0-9 and _ (not "Films!")',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent (not "loud")',
      'BATCH_SIZE must be a whole number of documents from 1 to 10000 (not "many")',
    ],
  );
});

test("a secret's value is in no error, wherever it came from", () => {
  const secret = 'mysql://root:hunter2@db/films';
  const fromVariables = problemsOf({
    DATABASE_URL: secret,
    REDIS_URL: secret,
    ELASTICSEARCH_URL: `http://a,${secret}`,
  });
  const fromFile = problemsOf(
    { DATABASE_URL: '', DATABASE_URL_FILE: '/run/secrets/db' },
    { '/run/secrets/db': secret },
  );
  assert.equal(fromVariables.length, 3);
  assert.match(fromFile.join(), /^DATABASE_URL_FILE must be a postgres:\/\/ or postgresql:\/\/ URL/);
  assert.doesNotMatch([...fromVariables, ...fromFile].join(), /hunter2|mysql/);
});

test('a secret may come from a file, without the newline at its end', () => {
  const env = { REDIS_URL: undefined, REDIS_URL_FILE: '/run/secrets/redis' };
  assert.equal(
    load(env, { '/run/secrets/redis': 'redis://:s3cret@cache\n' }).redisUrl,
    'redis://:s3cret@cache',
  );
});

test('a secret given twice, in an empty file or in none is an error that names the variable', () => {
  assert.match(problemsOf({ REDIS_URL_FILE: '/x' }).join(), /^REDIS_URL and REDIS_URL_FILE are both set/);
  const env = { REDIS_URL: undefined, REDIS_URL_FILE: '/x' };
  assert.match(problemsOf(env, { '/x': '\n' }).join(), /^REDIS_URL_FILE: \/x is empty/);
  assert.match(problemsOf(env).join(), /^REDIS_URL_FILE cannot be read: ENOENT/);
});

test('an admin URL stands for itself, and for nothing when it is wrong', () => {
  const adminDatabaseUrl = 'postgres://postgres@db/films';
  assert.equal(load({ ADMIN_DATABASE_URL: adminDatabaseUrl }).adminDatabaseUrl, adminDatabaseUrl);
  assert.equal(problemsOf({ ADMIN_DATABASE_URL: 'db' }).length, 1);
});

test('several Elasticsearch nodes stand with commas between', () => {
  assert.deepEqual(load({ ELASTICSEARCH_URL: 'https://u:p@a:9200, https://b:9200' }).elasticsearchUrls, [
    'https://u:p@a:9200',
    'https://b:9200',
  ]);
  assert.equal(problemsOf({ ELASTICSEARCH_URL: 'http://a,' }).length, 1);
});

test('what is said of TLS must go together, and is told without the URL', () => {
  const url = 'postgres://projector:hunter2@db/films';
  const ofPostgres = (query: string): string => {
    const problems = problemsOf({ DATABASE_URL: url + query, ADMIN_DATABASE_URL: url });
    return problems.join('; ');
  };
  assert.equal(
    ofPostgres('?sslmode=prefer'),
    'DATABASE_URL: sslmode must be one of disable, require, verify-ca, verify-full',
  );
  assert.match(ofPostgres('?sslmode=verify-ca'), /^DATABASE_URL: sslmode=verify-ca needs sslrootcert/);
  assert.match(
    ofPostgres('?sslrootcert=/ca.pem'),
    /^DATABASE_URL: sslrootcert means nothing without sslmode$/,
  );
  assert.match(ofPostgres('?sslmode=require&sslrootcert=system'), /^DATABASE_URL: sslrootcert=system needs/);
  assert.match(ofPostgres('?ssl=true'), /^DATABASE_URL: libpq knows no ssl; say sslmode$/);
  assert.match(
    problemsOf({ ADMIN_DATABASE_URL: `${url}?sslmode=on` }).join('; '),
    /^ADMIN_DATABASE_URL: sslmode/,
  );
  assert.match(problemsOf({ REDIS_CA_FILE: '/ca.pem' }).join('; '), /^REDIS_CA_FILE is for .* rediss:\/\//);
  assert.match(
    problemsOf({ ELASTICSEARCH_CA_FILE: '/ca.pem' }).join('; '),
    /^ELASTICSEARCH_CA_FILE is for .* https:\/\//,
  );
  assert.match(
    problemsOf({ ELASTICSEARCH_API_KEY: 'aWQ6a2V5', ELASTICSEARCH_URL: 'https://u:p@a:9200' }).join('; '),
    /^ELASTICSEARCH_API_KEY and a user in ELASTICSEARCH_URL are both set/,
  );
  for (const sound of ['', '?sslmode=disable', '?sslmode=require', '?sslmode=verify-full&sslrootcert=system'])
    assert.equal(load({ DATABASE_URL: url + sound }).databaseUrl, url + sound);
});

test('TRUE and FALSE may have any case, and nothing else will do', () => {
  assert.equal(load({ ES_SHOULD_DROP_INDEX: 'True' }).shouldDropIndex, true);
  assert.equal(load({ ES_SHOULD_DROP_INDEX: 'false' }).shouldDropIndex, false);
  assert.equal(problemsOf({ ES_SHOULD_DROP_INDEX: '1' }).length, 1);
});

test('a size may be written in bytes, KiB, MiB or GiB', () => {
  assert.equal(load({ BULK_BYTES: '65536' }).bulkBytes, 65536);
  assert.equal(load({ BULK_BYTES: '64KiB' }).bulkBytes, 65536);
  assert.equal(load({ QUEUE_BYTES: '1 gib' }).queueBytes, 2 ** 30);
  for (const size of ['5MB', '5.5MiB', '-1', 'MiB', '1TiB']) {
    assert.equal(problemsOf({ BULK_BYTES: size }).length, 1, size);
  }
});

test('a number out of its range, or not whole, is an error', () => {
  for (const connections of ['5', '1e2', '6.5', ' 6', '9999999999999999999']) {
    assert.equal(problemsOf({ POSTGRES_MAX_CONNECTIONS: connections }).length, 1, connections);
  }
});

test('an index prefix is what Elasticsearch lets an index name begin with', () => {
  assert.equal(load({ INDEX_PREFIX: 'staging-2_' }).indexPrefix, 'staging-2_');
  for (const prefix of ['Staging', '-a', '_a', '.a', 'a*', 'a b', 'a/b', 'a'.repeat(65)]) {
    assert.equal(problemsOf({ INDEX_PREFIX: prefix }).length, 1, prefix);
  }
});

test('host names stand with commas between, without ports', () => {
  assert.deepEqual(load({ HTTP_NAMES: 'Ops.Example.com, projector.svc' }).httpNames, [
    'ops.example.com',
    'projector.svc',
  ]);
  for (const names of ['ops.example.com:9464', 'https://ops.example.com', '*.example.com'])
    assert.match(problemsOf({ HTTP_NAMES: names }).join(), /^HTTP_NAMES must be host names/);
});

test("the console's token may come from a file, is no short one, and is in no error", () => {
  const env = { CONSOLE_TOKEN_FILE: '/run/secrets/token' };
  assert.equal(load(env, { '/run/secrets/token': 'sixteen-or-more.\n' }).consoleToken, 'sixteen-or-more.');
  for (const token of ['fifteen-or-less', 'sixteen with a space', 'sixteen-and-a-\u00fc-more']) {
    const problem = problemsOf({ CONSOLE_TOKEN: token }).join();
    assert.match(problem, /^CONSOLE_TOKEN must be empty, or 16 or more/);
    assert.doesNotMatch(problem, new RegExp(token));
  }
});

test('a quiet time that the longest wait always cuts short is an error', () => {
  assert.match(
    problemsOf({ DEBOUNCE_QUIET_MS: '2000' }).join(),
    /^DEBOUNCE_QUIET_MS must not be longer than/,
  );
});
