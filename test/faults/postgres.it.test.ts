import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import type { PostgresServer } from '../../dev/stack/postgres.ts';
import { startPostgres } from '../../dev/stack/stack.ts';
import { seedRows } from '../service/support/edits.ts';
import { openHeldElasticsearch } from '../service/support/held-elasticsearch.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { startWriters } from '../service/support/writers.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';
import { assertRefuses, assertResyncMends } from './support/refusal.ts';

const EDITS = 150;

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

describe('the service goes on by itself, with nothing lost, when under load', () => {
  it('Postgres is restarted, fast and immediately, and killed', async (t) => {
    await using setting = await openSetting(t, { postgres });
    await seedRows(setting.admin, randomOf(1, 0));
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await using writers = startWriters(setting.database, 2, 1);
    for (const end of [
      () => postgres.stop('fast'),
      () => postgres.stop('immediate'),
      () => postgres.kill('SIGKILL'),
    ]) {
      const meanwhile = writers.goOn(EDITS);
      await ready.turns('Postgres restarts or crashes', async () => {
        await end();
        await postgres.start();
      });
      await meanwhile;
      await setting.reconnect();
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('Postgres is shut down while Elasticsearch does not answer', async (t) => {
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t, { postgres });
    await using ready = await watchReadiness(t);
    await using service = setting.run({ ...ready.settings, ELASTICSEARCH_URL: elasticsearch.url });
    await service.untilStreaming();
    elasticsearch.hold('movies');
    await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
    await waitFor(() => elasticsearch.held > 0);
    await ready.turns('Postgres is away', async (turned) => {
      // It waits for all that it has sent to be acknowledged, and would do so for ever.
      const pid = postgres.pid ?? 0;
      process.kill(pid, 'SIGINT');
      await waitFor(() => postgres.pid === undefined, { timeoutMs: 10_000 });
      await turned();
      elasticsearch.release();
      await postgres.start();
    });
    await setting.reconnect();
    await setting.assertConverged();
    await service.stop();
  });

  it('its connections are terminated, again and again', async (t) => {
    await using setting = await openSetting(t, { postgres });
    const { admin, database } = setting;
    await seedRows(admin, randomOf(1, 0));
    await using ready = await watchReadiness(t);
    await using service = setting.run({
      ...ready.settings,
      SNAPSHOT_CHUNK_SIZE: '20',
      SNAPSHOT_MAX_RATE: '300',
    });
    await service.until(({ written }) => written > 0);
    await using writers = startWriters(database, 2, 1);
    await ready.turns('Postgres ends the connections', async () => {
      for (let round = 1; round <= 5; round++) {
        const meanwhile = writers.goOn(EDITS);
        await waitFor(async () => {
          const { rowCount } = await admin.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = $1 and usename = 'projector'
               and exists (select from pg_replication_slots where slot_name = $1 and active)`,
            [database.name],
          );
          return rowCount;
        });
        await meanwhile;
      }
      await service.untilStreaming();
    });
    await setting.assertConverged();
    await service.stop();
  });
});

describe('the service refuses to go on, and says what to do, when', () => {
  it('its slot is dropped while it runs', async (t) => {
    await using setting = await openSetting(t, { postgres });
    const { admin, database } = setting;
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await setting.covered();
    await ready.turns('the slot is dropped', () =>
      assertRefuses(setting, service, () =>
        waitFor(async () => {
          const { activePid } = (await setting.slot()) ?? {};
          if (activePid) await admin.query('select pg_terminate_backend($1)', [activePid]);
          return admin.query('select pg_drop_replication_slot($1)', [database.name]);
        }),
      ),
    );
    await assertResyncMends(setting);
  });

  it('its slot has lost its WAL while it was stopped', async (t) => {
    await using limited = await startPostgres({ max_slot_wal_keep_size: '16MB' });
    await using setting = await openSetting(t, { postgres: limited });
    await using first = setting.run();
    await first.untilStreaming();
    await setting.covered();
    await first.stop();
    await loseWal(setting);
    const checked = await setting.command(['check']);
    assert.equal(checked.code, 5);
    assert.match(
      checked.stderr,
      /^PROJ_RESYNC_REQUIRED: .*more was written than max_slot_wal_keep_size keeps/,
    );
    await using service = setting.run();
    await assertRefuses(setting, service);
    assert.match(service.log, /max_slot_wal_keep_size/);
    await assertResyncMends(setting);
  });

  it('its slot loses its WAL while Elasticsearch does not answer', async (t) => {
    await using limited = await startPostgres({ max_slot_wal_keep_size: '16MB' });
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t, { postgres: limited });
    await using service = setting.run({ ELASTICSEARCH_URL: elasticsearch.url });
    await service.untilStreaming();
    await setting.covered();
    elasticsearch.hold('movies');
    await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
    await waitFor(() => elasticsearch.held > 0);
    await assertRefuses(setting, service, () => loseWal(setting));
    await assertResyncMends(setting);
  });
});

/** Writes more WAL than the slot may keep, until Postgres has given the slot up. */
async function loseWal(setting: Setting): Promise<void> {
  const { admin } = setting;
  await admin.query('create table filler (text text)');
  await waitFor(
    async () => {
      await admin.query(
        `insert into filler select repeat(md5(i::text), 30) from generate_series(1, 20000) i`,
      );
      await admin.query('select pg_switch_wal()');
      await admin.query('checkpoint');
      return (await setting.slot())?.lost;
    },
    { timeoutMs: 60_000 },
  );
}
