import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { connect } from '../../dev/stack/database.ts';
import { openPostgres } from '../../dev/stack/postgres.ts';
import { wantedVersions } from '../../dev/stack/versions.ts';
import { checkout } from './compose-file.ts';

const postgresConf = join(checkout, 'postgres.conf');

/** A Postgres of its own that runs with the very `postgres.conf`; only its port is another. */
async function startPostgres(folder: string) {
  const postgres = await openPostgres({ folder, temporary: true, settings: { include: postgresConf } });
  await postgres.start();
  return postgres;
}

const isOlder = wantedVersions().postgres.exact !== null;
const skip = isOlder && 'postgres.conf is for the newest Postgres';

test('Postgres runs with postgres.conf, for the films of deploy/postgres/init.sh', { skip }, async (t) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'projector-conf-'));
  await using postgres = await startPostgres(join(folder.path, 'postgres'));

  await t.test('every line of it is taken', async () => {
    await using client = await connect(postgres.url);
    const { rows: wrong } = await client.query(
      'select name, setting from pg_file_settings where sourcefile = $1 and (error is not null or not applied)',
      [postgresConf],
    );
    assert.deepEqual(wrong, []);
    const { rows } = await client.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings where sourcefile = $1',
      [postgresConf],
    );
    assert.ok(rows.some(({ name, setting }) => name === 'wal_level' && setting === 'logical'));
  });

  const hasPsql = spawnSync('psql', ['--version']).status === 0;
  await t.test(
    'init.sh may run twice, and the service follows a slot with its password',
    { skip: !hasPsql && 'no psql' },
    async () => {
      const films = join(folder.path, 'films');
      mkdirSync(films);
      symlinkSync(join(checkout, 'sql'), join(films, 'sql'));
      symlinkSync(join(checkout, 'deploy/postgres/passwords.sql'), join(films, 'passwords.sql'));
      const passwordFile = join(folder.path, 'projector_password');
      writeFileSync(passwordFile, `${postgres.password}\n`);
      const env = {
        ...process.env,
        PGHOST: postgres.host,
        PGPORT: String(postgres.port),
        PGPASSWORD: postgres.password,
        POSTGRES_USER: 'postgres',
        POSTGRES_DB: 'postgres',
        PROJECTOR_PASSWORD_FILE: passwordFile,
        FILMS_ADMIN_PASSWORD: "it's",
        FILMS_DIRECTORY: films,
      };
      const init = join(checkout, 'deploy/postgres/init.sh');
      await promisify(execFile)(init, { env });
      await promisify(execFile)(init, { env });

      await using service = await connect(postgres.urlOf('postgres', 'projector'));
      const { rows } = await service.query(
        "select slot_name from pg_create_logical_replication_slot('trial', 'pgoutput', true)",
      );
      assert.deepEqual(rows, [{ slot_name: 'trial' }]);
    },
  );
});
