import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PostgresServer } from '../../dev/stack/postgres.ts';
import { run } from '../../dev/stack/run.ts';
import { startPostgres } from '../../dev/stack/stack.ts';
import { formatLsn } from '../../src/shared/lsn.ts';
import { currentLsn, openSetting, type Setting } from '../service/support/setting.ts';
import { createDatabase } from '../support/servers.ts';
import { waitFor } from '../support/wait.ts';
import { assertRefuses, assertResyncMends } from './support/refusal.ts';

describe('the service refuses to go on, and says what to do, when its database', () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());

  it('was restored to an earlier point', async (t) => {
    await using setting = await openSetting(t, { postgres });
    await followAndRestore(setting, postgres);
    await using service = setting.run();
    await assertRefuses(setting, service);
    await assertResyncMends(setting);
  });

  it('was restored to an earlier point, and has gone beyond the resume point since', async (t) => {
    await using setting = await openSetting(t, { postgres });
    await followAndRestore(setting, postgres);
    const resumePoint = (await setting.checkpoint())?.lsn ?? 0n;
    await waitFor(
      async () => {
        await insertFilms(setting);
        return (await currentLsn(setting.admin)) > resumePoint;
      },
      { what: `the restored database to pass ${formatLsn(resumePoint)}` },
    );
    await using service = setting.run();
    await assertRefuses(setting, service);
    await assertResyncMends(setting);
  });

  it('is restored to an earlier point while it runs', async (t) => {
    await using setting = await openSetting(t, { postgres });
    await using service = setting.run();
    await service.untilStreaming();
    await using copy = await copyOf(setting, postgres);
    await insertFilms(setting);
    await setting.assertConverged();
    await assertRefuses(setting, service, () => copy.putBack());
    await assertResyncMends(setting);
  });

  it('is replaced by one of another cluster, without the slot and with one of its name', async (t) => {
    await using other = await startPostgres();
    await using setting = await openSetting(t, { postgres });
    await using replacement = await createDatabase({ postgres: other });
    await using first = setting.run();
    await first.untilStreaming();
    await setting.covered();
    const replaced = { DATABASE_URL: replacement.url, ADMIN_DATABASE_URL: replacement.adminUrl };
    assert.equal((await setting.command(['init'], replaced)).code, 0);
    // As long as the first one runs, this is another projector, which is not to have its name.
    await using beside = setting.run({ ...replaced, RESYNC: 'auto' });
    assert.deepEqual(await beside.ended, { code: 3, signal: null }, beside.log);
    assert.match(beside.log, /PROJ_NAME_TAKEN: .*of another server, whose projector runs/);
    for (const command of ['resync', 'verify'])
      assert.match((await setting.command([command], replaced)).stderr, /PROJ_NAME_TAKEN/);
    await setting.assertConverged();
    await first.stop();

    await using withoutSlot = setting.run(replaced);
    await assertRefuses(setting, withoutSlot);
    {
      await using client = await replacement.connect();
      await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [
        setting.database.name,
      ]);
    }
    await using withSlot = setting.run(replaced);
    await assertRefuses(setting, withSlot);
    assert.match(withSlot.log, /another cluster/);

    // Nothing has been lost: the first one goes on.
    await using again = setting.run();
    await insertFilms(setting);
    await setting.assertConverged();
    await again.stop();
  });
});

interface CopiedPostgres extends AsyncDisposable {
  /** Has the database be as it was when it was copied. */
  putBack(): Promise<void>;
}

/** A copy of everything that Postgres has, made while it does not run. */
async function copyOf(setting: Setting, postgres: PostgresServer): Promise<CopiedPostgres> {
  const data = join(dirname(postgres.log), 'data');
  const copy = `${data}.copy`;
  await postgres.stop();
  await run('cp', ['-a', data, copy]);
  const start = async (): Promise<void> => {
    await postgres.start();
    await setting.reconnect();
  };
  await start();
  return {
    async putBack() {
      await postgres.stop();
      await rm(data, { recursive: true });
      await run('cp', ['-a', copy, data]);
      await start();
    },
    [Symbol.asyncDispose]: () => rm(copy, { recursive: true }),
  };
}

/** Has a service follow the database, which is then as it was some edits ago. */
async function followAndRestore(setting: Setting, postgres: PostgresServer): Promise<void> {
  await using service = setting.run();
  await service.untilStreaming();
  await insertFilms(setting);
  await setting.assertConverged();
  await using copy = await copyOf(setting, postgres);
  await insertFilms(setting);
  await setting.assertConverged();
  await service.stop();
  await copy.putBack();
}

async function insertFilms({ admin }: Setting): Promise<void> {
  await admin.query(
    `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 50) i`,
  );
}
