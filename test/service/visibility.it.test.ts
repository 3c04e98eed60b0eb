import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Client } from 'pg';
import { startPostgres } from '../../dev/stack/stack.ts';
import { connect } from '../../dev/stack/database.ts';
import { waitFor } from '../support/wait.ts';
import { currentLsn, openSetting, type Setting } from './support/setting.ts';

const film = '00000000-0000-4000-8000-000000000001';
const person = '00000000-0000-4000-8000-000000000002';

/**
 * A commit that waits for a synchronous standby is in the WAL, and decoded, but no other session sees it. No ordinary
 * test does: without a standby a commit is visible before anybody can have read its event.
 */
describe('behind a synchronous standby that does not answer', () => {
  it('a commit is neither written nor acknowledged before it is visible (invariant 2)', async (t) => {
    await using scene = await openScene(t);
    const { setting, admin } = scene;
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();

    await scene.hideCommits();
    const start = await currentLsn(admin);
    const hidden = scene.commit(`insert into content.film_work (id, title) values ('${film}', 'Solaris')`);
    await service.until(({ waits }) => waits['gate'], { what: 'the gate to wait' });
    assert.equal(await setting.document('movies', film), null);
    assert.ok(
      ((await setting.slot())?.confirmedFlush ?? 0n) <= start,
      'the slot is acknowledged past the commit',
    );
    assert.ok(((await setting.checkpoint())?.lsn ?? 0n) <= start, 'the resume point is past the commit');

    await scene.showCommits();
    await hidden;
    await setting.assertConverged();
    assert.notEqual(await setting.document('movies', film), null);
    await service.stop();
  });

  it('a link and the renaming of its person are found although both are committed and not visible yet', async (t) => {
    await using scene = await openScene(t);
    const { setting, admin } = scene;
    await admin.query(`insert into content.film_work (id, title) values ('${film}', 'Solaris')`);
    await admin.query(`insert into content.person (id, full_name) values ('${person}', 'A. Tarkovsky')`);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();

    await scene.hideCommits();
    const link = scene.commit(
      `insert into content.person_film_work (film_work_id, person_id, role) values ('${film}', '${person}', 'director')`,
    );
    await service.until(({ waits }) => waits['gate'], { what: 'the gate to wait for the link' });
    const rename = scene.commit(`update content.person set full_name = 'Andrei Tarkovsky'`);
    await scene.waitingCommits(2);
    await scene.showCommits();
    await Promise.all([link, rename]);
    await setting.assertConverged();
    await service.stop();
  });

  it('a snapshot waits for a commit that the new slot passes over and nobody sees yet (invariant 3)', async (t) => {
    await using scene = await openScene(t);
    const { setting } = scene;
    // A new slot waits for the transactions that are open, then once more for those that were open by then. What begins
    // and commits during the second wait lies before its consistent point, and is never sent.
    await using first = await scene.openTransaction();
    await using service = setting.run();
    await first.awaited();
    await using second = await scene.openTransaction();
    await scene.hideCommits();
    await first.end();
    await second.awaited();
    const hidden = scene.commit(`insert into content.film_work (id, title) values ('${film}', 'Solaris')`);
    await scene.waitingCommits(1);
    await second.end();

    await service.until(({ waits }) => waits['barrier'], { what: 'the snapshot to wait at the barrier' });
    await scene.showCommits();
    await hidden;
    await service.untilStreaming();
    await setting.assertConverged();
    assert.notEqual(await setting.document('movies', film), null);
    await service.stop();
  });
});

interface OpenTransaction extends AsyncDisposable {
  /** Resolves once another session waits for this transaction to end. */
  awaited(): Promise<void>;
  end(): Promise<void>;
}

interface Scene extends AsyncDisposable {
  readonly setting: Setting;
  /** A session whose own commits wait for nobody. */
  readonly admin: Client;
  /** From now on the commits of `commit` stay invisible. */
  hideCommits(): Promise<void>;
  /** Lets all of them be seen. */
  showCommits(): Promise<void>;
  /** Commits a statement in a session of its own; settles once it is visible. */
  commit(sql: string): Promise<unknown>;
  /** Begins a transaction that has an id. */
  openTransaction(): Promise<OpenTransaction>;
  /** Resolves once so many commits wait for the standby. */
  waitingCommits(count: number): Promise<void>;
}

/** A Postgres of its own, since the setting concerns the whole server. */
async function openScene(t: TestContext): Promise<Scene> {
  await using opening = new AsyncDisposableStack();
  const postgres = opening.use(await startPostgres());
  const setting = opening.use(await openSetting(t, { postgres }));
  const { admin } = setting;
  await admin.query('set synchronous_commit = local');
  const standbys = async (value: string): Promise<void> => {
    await admin.query(`alter system set synchronous_standby_names = '${value}'`);
    await admin.query('select pg_reload_conf()');
    await until(admin, `select current_setting('synchronous_standby_names') = '${value}' as ok`);
  };
  opening.defer(() => standbys(''));
  const resources = opening.move();
  return {
    setting,
    admin,
    hideCommits: () => standbys('nobody'),
    showCommits: () => standbys(''),
    commit: async (sql) => {
      await using session = await connect(setting.database.adminUrl);
      await session.query(sql);
    },
    openTransaction: async () => {
      const session = await connect(setting.database.adminUrl);
      await session.query('begin');
      const { rows } = await session.query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid');
      return {
        awaited: () =>
          until(
            admin,
            `select exists (select from pg_locks where not granted and transactionid = '${rows[0]?.xid}') as ok`,
          ),
        end: async () => {
          await session.query('rollback');
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    waitingCommits: (count) =>
      until(admin, `select count(*) >= ${count} as ok from pg_stat_activity where wait_event = 'SyncRep'`),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function until(client: Client, sql: string): Promise<void> {
  await waitFor(async () => (await client.query<{ ok: boolean }>(sql)).rows[0]?.ok, { what: sql });
}
