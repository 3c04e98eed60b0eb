import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import type { PostgresServer } from '../../dev/stack/postgres.ts';
import { startPostgres } from '../../dev/stack/stack.ts';
import { createPgoutputDecoder } from '../../src/replication/pgoutput.ts';
import type { Lsn } from '../../src/shared/lsn.ts';
import { eventually, waitFor } from '../support/wait.ts';
import { watchReadiness } from './support/readiness.ts';
import { openSetting, type Setting } from './support/setting.ts';

/**
 * A synchronous standby that nobody is: a commit is in the WAL, and decoded, and does not become visible until the
 * setting is taken back (or its wait is cancelled).
 */
describe('while commits are decoded but not visible', () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());

  it('nothing of them is written, stored or acknowledged', async (t) => {
    await using setting = await openSetting(t, { postgres });
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await setting.covered();
    await using probe = await createProbe(setting);
    await using hidden = await hideCommits(postgres);
    await ready.turns('Postgres shows a commit late', async (turned) => {
      await using commit = await hidden.commit(
        setting,
        `insert into content.film_work (title) values ('Nostalghia')`,
      );
      const { written } = await service.until(({ waits }) => waits['gate']);
      await turned();
      assert.equal(written, 0);
      assert.deepEqual(await setting.documents('movies'), []);
      // Others write WAL too, as far as which it may be stored and acknowledged.
      const begins = await probe.lastCommit();
      assert.ok(((await setting.checkpoint())?.lsn ?? 0n) <= begins);
      assert.ok(((await setting.slot())?.confirmedFlush ?? 0n) <= begins);
      await hidden.show();
      await commit.ended;
    });
    await setting.assertConverged();
    assert.equal((await setting.documents('movies')).length, 1);
    await service.stop();
  });

  it('no lookup misses a link among them', async (t) => {
    await using setting = await openSetting(t, { postgres });
    const { admin } = setting;
    await admin.query(`insert into content.film_work (title) values ('Ivan''s Childhood')`);
    await admin.query(`insert into content.person (full_name) values ('Nikolai')`);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    await using hidden = await hideCommits(postgres);
    await using link = await hidden.commit(
      setting,
      `insert into content.person_film_work (film_work_id, person_id, role)
       select f.id, p.id, 'actor' from content.film_work f, content.person p`,
    );
    await using rename = await hidden.commit(setting, `update content.person set full_name = 'Kolya'`);
    await service.until(({ waits }) => waits['gate']);

    // The link alone becomes visible: the film is read with the name of before.
    await link.show();
    await waitFor(async () =>
      JSON.stringify((await setting.documents('movies'))[0]?.source).includes('Nikolai'),
    );
    await hidden.show();
    await rename.ended;
    await setting.assertConverged();
    await service.stop();
  });

  it('a snapshot waits for those that were there before the slot', async (t) => {
    await using setting = await openSetting(t, { postgres });
    const { database } = setting;
    await using hidden = await hideCommits(postgres);
    await using ready = await watchReadiness(t);
    await using service = await (async () => {
      // The slot's creation waits for the transactions that it finds, twice; what begins between the two and commits
      // is before the slot's consistent point, and never delivered.
      await using first = await openTransaction(await database.connect());
      const starting = setting.run(ready.settings);
      await first.isWaitedFor();
      await using second = await openTransaction(await database.connect());
      await first.rollback();
      await second.isWaitedFor();
      await using commit = await hidden.commit(
        setting,
        `insert into content.film_work (title) values ('The Steamroller and the Violin')`,
      );
      await second.rollback();
      await starting.until(({ waits }) => waits['barrier']);
      await ready.turns('a transaction is open when a snapshot is to begin', async (turned) => {
        await turned();
        assert.equal((await setting.redis.keys(`projector:${database.name}:snapshot:*`)).length, 0);
        await hidden.show();
        await commit.ended;
        await starting.untilStreaming();
      });
      return starting;
    })();
    await setting.assertConverged();
    assert.equal((await setting.documents('movies')).length, 1);
    await service.stop();
  });
});

interface HiddenCommits extends AsyncDisposable {
  /** Runs a statement whose commit is in the WAL, and invisible, when this resolves. */
  commit(setting: Setting, sql: string): Promise<HiddenCommit>;
  /** Makes all of them visible, and later ones at once. */
  show(): Promise<void>;
}

interface HiddenCommit extends AsyncDisposable {
  /** Makes this one visible. */
  show(): Promise<void>;
  /** Resolves once it is visible. */
  readonly ended: Promise<unknown>;
}

async function hideCommits(postgres: PostgresServer): Promise<HiddenCommits> {
  const admin = await connect(postgres.url);
  const setStandby = async (names: string): Promise<void> => {
    await admin.query(`alter system set synchronous_standby_names = '${names}'`);
    await admin.query('select pg_reload_conf()');
    await waitFor(async () => {
      await using fresh = await connect(postgres.url);
      const { rows } = await fresh.query<{ names: string }>(
        `select current_setting('synchronous_standby_names') as names`,
      );
      return rows[0]?.names === names;
    });
  };
  await setStandby('nobody');
  return {
    async commit({ database }, sql) {
      const client = await database.connect();
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const pid = rows[0]?.pid;
      const ended = client.query(sql);
      await waitFor(async () => {
        const { rowCount } = await admin.query(
          `select from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'`,
          [pid],
        );
        return rowCount;
      });
      return {
        ended,
        async show() {
          // The wait is cancelled; committed it is already.
          await admin.query('select pg_cancel_backend($1)', [pid]);
          await ended;
        },
        [Symbol.asyncDispose]: async () => {
          await admin.query('select pg_terminate_backend($1)', [pid]);
          await Promise.allSettled([ended, client.end()]);
        },
      };
    },
    show: () => setStandby(''),
    [Symbol.asyncDispose]: async () => {
      await setStandby('');
      await admin.end();
    },
  };
}

interface Probe extends AsyncDisposable {
  /** Where the commit record of the last transaction begins that the service's tables have had, visible or not. */
  lastCommit(): Promise<Lsn>;
}

/** A slot of the test's own, beside the service's. */
async function createProbe({ admin, database: { name } }: Setting): Promise<Probe> {
  const slot = `${name}_probe`;
  await admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  const decoder = createPgoutputDecoder({ publication: name, track: () => undefined });
  return {
    async lastCommit() {
      const { rows } = await admin.query<{ data: Buffer }>(
        `select data from pg_logical_slot_peek_binary_changes(
           $1, null, null, 'proto_version', '1', 'publication_names', $2)`,
        [slot, name],
      );
      const messages = rows.map(({ data }) => decoder.decode(data));
      const begin = messages.findLast((message) => message?.tag === 'begin');
      return begin?.commitLsn ?? assert.fail('nothing was committed');
    },
    [Symbol.asyncDispose]: async () => {
      await admin.query('select pg_drop_replication_slot($1)', [slot]);
    },
  };
}

interface OpenTransaction extends AsyncDisposable {
  /** Resolves once the creation of a slot waits for it. */
  isWaitedFor(): Promise<void>;
  rollback(): Promise<void>;
}

async function openTransaction(client: Client): Promise<OpenTransaction> {
  await client.query('begin');
  const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  return {
    async isWaitedFor() {
      await eventually(
        async () => {
          const waiting = await client.query(
            `select from pg_locks where locktype = 'transactionid' and not granted and transactionid = $1::xid`,
            [rows[0]?.xid],
          );
          assert.equal(waiting.rowCount, 1);
        },
        { timeoutMs: 60_000 },
      );
    },
    async rollback() {
      await client.query('rollback');
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
