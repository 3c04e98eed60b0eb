import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { openRedis } from '../../dev/stack/redis.ts';
import { startPostgres, startRedis } from '../../dev/stack/stack.ts';
import { wantedVersions } from '../../dev/stack/versions.ts';
import { changeItems, items } from '../service/support/items.ts';
import { openSetting } from '../service/support/setting.ts';
import { waitFor } from '../support/wait.ts';

describe('Redis', () => {
  it('is waited for while it is full, has too few replicas, or is a replica', async (t) => {
    await using redis = await startRedis();
    await using setting = await openSetting(t, { own: items, redis });
    await using service = setting.run();
    await service.untilStreaming();
    const call = (command: string): Promise<unknown> => {
      const [name = '', ...args] = command.split(' ');
      return setting.redis.call(name, ...args);
    };
    const ways = [
      ['CONFIG SET maxmemory 1', 'CONFIG SET maxmemory 0', /OOM/],
      ['CONFIG SET min-replicas-to-write 1', 'CONFIG SET min-replicas-to-write 0', /NOREPLICAS/],
      ['REPLICAOF 127.0.0.1 1', 'REPLICAOF NO ONE', /READONLY/],
    ] as const;
    for (const [ordinal, [begin, end, says]] of ways.entries()) {
      await call(begin);
      await changeItems(setting, ordinal + 1);
      const { waits } = await service.until(
        ({ waits: { redis: why } }) => why !== undefined && says.test(why),
      );
      assert.match(waits['redis'] ?? '', /^redis at 127\.0\.0\.1:\d+: /);
      if (begin.startsWith('REPLICAOF')) {
        const checked = await setting.command(['check']);
        assert.equal(checked.code, 1);
        assert.match(
          checked.stderr,
          /^PROJ_SERVER_UNAVAILABLE: redis at \S+: it is a replica.*\n {2}fix: Name the master/,
        );
      }
      await call(end);
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('is refused as a node of a cluster, which leaves no slot behind', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'projector-cluster-'));
    await using redis = await openRedis({ folder, temporary: true, settings: { 'cluster-enabled': 'yes' } });
    await redis.start();
    await using setting = await openSetting(t, { own: items, redis });
    const says = /^PROJ_WRONG_SERVER: redis at \S+: it is a node of a Redis Cluster.*\n {2}fix: .+/m;
    const checked = await setting.command(['check']);
    assert.deepEqual([checked.code, says.test(checked.stderr)], [2, true], checked.stderr);
    await using service = setting.run();
    assert.deepEqual(await service.ended, { code: 2, signal: null });
    assert.match(service.log, says);
    assert.equal(await setting.slot(), null);
  });
});

describe('Postgres', () => {
  it('is waited for as long as it is a standby, and followed once it is promoted', async (t) => {
    await using postgres = await startPostgres();
    await using setting = await openSetting(t, { own: items, postgres });
    await postgres.stop();
    await writeFile(join(dirname(postgres.log), 'data', 'standby.signal'), '');
    await postgres.start();
    await setting.reconnect();
    const checked = await setting.command(['check']);
    assert.equal(checked.code, 1);
    assert.match(
      checked.stderr,
      /^PROJ_SERVER_UNAVAILABLE: postgres at 127\.0\.0\.1:\d+: it is a standby.*\n {2}fix: Name the primary/,
    );
    await using service = setting.run();
    await service.until(({ waits }) => /^postgres at \S+: it is a standby/.test(waits['postgres'] ?? ''));
    await setting.admin.query('select pg_promote()');
    await service.untilStreaming();
    await setting.assertConverged();
    assert.match(service.log, /postgres answers again|postgres is back/);
    await service.stop();
  });

  it('is told from one with no slot left, with a physical slot of that name, or without WAL senders', async (t) => {
    await using postgres = await startPostgres({ max_replication_slots: 1, max_wal_senders: 1 });
    await using setting = await openSetting(t, { own: items, postgres });
    const { admin, database } = setting;
    const bothSay = async (code: number, says: RegExp): Promise<void> => {
      const checked = await setting.command(['check']);
      assert.deepEqual([checked.code, says.test(checked.stderr)], [code, true], checked.stderr);
      await using service = setting.run();
      assert.deepEqual(await service.ended, { code, signal: null });
      assert.match(service.log, says);
    };
    await admin.query(`select pg_create_physical_replication_slot('somebodys')`);
    await bothSay(3, /PROJ_PREFLIGHT: .*all replication slots are in use \(max_replication_slots is 1\)/);
    await admin.query(`select pg_drop_replication_slot('somebodys')`);
    await admin.query(`select pg_create_physical_replication_slot('${database.name}')`);
    await bothSay(3, /PROJ_NAME_TAKEN: .*is a physical one/);
    const { rows } = await admin.query('select slot_type as type from pg_replication_slots');
    assert.deepEqual(rows, [{ type: 'physical' }]);
    await admin.query(`select pg_drop_replication_slot('${database.name}')`);
    await admin.query('alter system set max_wal_senders = 0');
    await postgres.stop();
    await postgres.start();
    await setting.reconnect();
    await bothSay(3, /PROJ_PREFLIGHT: .*max_wal_senders is 0/);
  });

  const { major } = wantedVersions().postgres;
  it(
    'tells by which limit a slot was lost that nobody used',
    { skip: major < 18 && 'idle_replication_slot_timeout is of Postgres 18' },
    async (t) => {
      await using postgres = await startPostgres({ idle_replication_slot_timeout: '1s' });
      await using setting = await openSetting(t, { own: items, postgres });
      await using first = setting.run();
      await first.untilStreaming();
      await first.stop();
      await waitFor(async () => {
        await setting.admin.query('checkpoint');
        return (await setting.slot())?.lost;
      });
      const says = /PROJ_RESYNC_REQUIRED: .*not in use for longer than idle_replication_slot_timeout/;
      const checked = await setting.command(['check']);
      assert.deepEqual([checked.code, says.test(checked.stderr)], [5, true], checked.stderr);
      assert.match((await setting.command(['status'])).stdout, /LOST \(.*idle_replication_slot_timeout\)/);
      await using service = setting.run();
      assert.deepEqual(await service.ended, { code: 5, signal: null });
      assert.match(service.log, says);
      assert.equal((await setting.command(['resync'])).code, 0);
      await using next = setting.run();
      await setting.assertConverged();
      await next.stop();
    },
  );
});
