import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { seedRows } from '../service/support/edits.ts';
import { openSetting } from '../service/support/setting.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { startWriters } from '../service/support/writers.ts';
import { openTcpProxy, type LinkState } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

const servers = {
  Postgres: {
    variable: 'DATABASE_URL',
    key: 'url',
    cut: 'the link to Postgres is cut',
    halfOpen: 'the link to Postgres is half-open',
  },
  Redis: {
    variable: 'REDIS_URL',
    key: 'redisUrl',
    cut: 'the link to Redis is cut',
    halfOpen: 'the link to Redis is half-open',
  },
  Elasticsearch: {
    variable: 'ELASTICSEARCH_URL',
    key: 'elasticsearchUrl',
    cut: 'the link to Elasticsearch is cut',
    halfOpen: 'the link to Elasticsearch is half-open',
  },
} as const;

const EDITS = 100;
const IMPATIENT = { REQUEST_TIMEOUT_MS: '2000' };

describe('the service goes on by itself, with nothing lost, when the link', () => {
  for (const [name, { variable, key, cut, halfOpen }] of Object.entries(servers)) {
    it(`to ${name} is disturbed`, async (t) => {
      await using setting = await openSetting(t);
      const { admin, database } = setting;
      // The server by itself never finds out.
      await admin.query(`alter database ${database.name} set wal_sender_timeout = 0`);
      await seedRows(admin, randomOf(1, 0));
      await using link = await openTcpProxy(database[key]);
      await using ready = await watchReadiness(t);
      await using service = setting.run({ ...IMPATIENT, ...ready.settings, [variable]: link.url });
      await service.untilStreaming();
      await using writers = startWriters(database, 2, 1);

      /** Edits while the link is so, and again once it is well. */
      const disturb = async (state: LinkState, until: () => Promise<unknown>): Promise<void> => {
        const before = writers.goOn(EDITS);
        link.set(state);
        await before;
        await until();
        link.set({ kind: 'open' });
        await writers.goOn(EDITS);
        await setting.assertConverged();
      };
      const turn = (fault: string, state: LinkState): Promise<void> =>
        ready.turns(fault, (turned) => disturb(state, turned));
      const converged = (): Promise<void> => setting.assertConverged();

      await t.test('cut', () => turn(cut, { kind: 'cut' }));
      await t.test('slow to answer', () => disturb({ kind: 'delayed', ms: 50 }, converged));
      await t.test('narrow', () => disturb({ kind: 'throttled', bytesPerSecond: 500_000 }, converged));
      await t.test('half-open', () => disturb({ kind: 'frozen' }, () => Promise.resolve()));
      await t.test('half-open for long', () => turn(halfOpen, { kind: 'frozen' }));
      await service.stop();
    });
  }

  it('to Postgres is lost after the slot was asked for, which is made all the same', async (t) => {
    await using setting = await openSetting(t);
    const { admin, database } = setting;
    await seedRows(admin, randomOf(1, 0));
    await using link = await openTcpProxy(database.url);
    // A slot is made once the transactions of now have ended.
    await admin.query('begin; select pg_current_xact_id()');
    await using service = setting.run({ ...IMPATIENT, DATABASE_URL: link.url });
    await waitFor(async () => (await setting.slot())?.activePid);
    link.set({ kind: 'frozen' });
    await admin.query('commit');
    await waitFor(async () => (await setting.slot())?.activePid === null);
    link.set({ kind: 'open' });
    await service.until(({ state }) => state === 'streaming');
    await setting.assertConverged();
    await service.stop();
    assert.match(service.log, /has been made meanwhile/);
  });
});
