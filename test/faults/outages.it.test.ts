import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import type { Server } from '../../dev/stack/server.ts';
import { startElasticsearch, startRedis } from '../../dev/stack/stack.ts';
import { seedRows } from '../service/support/edits.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { startWriters } from '../service/support/writers.ts';
import { assertRefuses, assertResyncMends } from './support/refusal.ts';

const EDITS = 150;
const SLOW_SNAPSHOT = { SNAPSHOT_CHUNK_SIZE: '20', SNAPSHOT_MAX_RATE: '200' };

describe('Elasticsearch', () => {
  let elasticsearch: Server;
  before(async () => {
    elasticsearch = await startElasticsearch();
  });
  after(() => elasticsearch[Symbol.asyncDispose]());

  it('may be stopped, and killed, under load', async (t) => {
    await using setting = await openSetting(t, { elasticsearch });
    await seedRows(setting.admin, randomOf(1, 0));
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await using writers = startWriters(setting.database, 2, 1);
    for (const end of [() => elasticsearch.stop(), () => elasticsearch.kill('SIGKILL')]) {
      const meanwhile = writers.goOn(EDITS);
      await end();
      await meanwhile;
      await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
      await ready.turns('Elasticsearch is away', async (turned) => {
        await service.until(({ waits }) => waits['elasticsearch']);
        await turned();
        await elasticsearch.start();
      });
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('may be another one for a while: the indexes of the first are read again', async (t) => {
    await using setting = await openSetting(t);
    await seedRows(setting.admin, randomOf(1, 0));
    const follow = async (rating: number, settings = {}): Promise<string> => {
      await using service = setting.run(settings);
      await service.untilStreaming();
      await setting.admin.query('update content.film_work set rating = $1', [rating]);
      await setting.covered();
      await service.stop();
      return service.log;
    };
    await follow(1);
    await follow(2, { ELASTICSEARCH_URL: elasticsearch.url });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    assert.match(service.log, /the resume point does not cover this index/);
    await service.stop();
  });
});

describe('Redis', () => {
  let redis: Server;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis[Symbol.asyncDispose]());

  it('may be stopped, killed and emptied under load', async (t) => {
    await using setting = await openSetting(t, { redis });
    await seedRows(setting.admin, randomOf(1, 0));
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await using writers = startWriters(setting.database, 2, 1);
    const isAway = (end: () => Promise<unknown>): Promise<void> =>
      ready.turns('Redis is away', async (turned) => {
        await end();
        await turned();
        await redis.start();
      });
    for (const happens of [
      () => isAway(() => redis.stop()),
      () => isAway(() => redis.kill('SIGKILL')),
      () => ready.turns('Redis is emptied', () => setting.redis.flushall()),
    ]) {
      const meanwhile = writers.goOn(EDITS);
      await happens();
      await meanwhile;
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('may be emptied while nothing changes, and the service killed then', async (t) => {
    await using setting = await openSetting(t, { redis });
    await using first = setting.spawn();
    await first.untilStreaming();
    await setting.covered();
    await setting.redis.flushall();
    await first.kill();
    await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
    await using next = setting.run();
    await setting.assertConverged();
    await next.stop();
  });

  it('may be emptied in the middle of a snapshot, and the service killed then', async (t) => {
    await using setting = await openSetting(t, { redis });
    await seedRows(setting.admin, randomOf(1, 0));
    await using first = setting.spawn(SLOW_SNAPSHOT);
    await first.until(({ written }) => written > 40);
    await setting.redis.flushall();
    await first.kill();
    await using next = setting.run();
    await next.untilStreaming();
    await setting.assertConverged();
    await next.stop();
  });

  it('is not believed when an older copy of it was put back while the service was stopped', async (t) => {
    await using setting = await openSetting(t, { redis });
    const putBack = await followBeyondCopy(setting, redis);
    await putBack();
    await using service = setting.run();
    await assertRefuses(setting, service);
    await assertResyncMends(setting);
  });

  it('may be put back to an older copy of this run while the service runs', async (t) => {
    await using setting = await openSetting(t, { redis });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const copy = await copyRedis(redis);
    await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
    await setting.covered();
    await copy.putBack();
    await setting.admin.query(`insert into content.film_work (title) values ('Solaris')`);
    await setting.assertConverged();
    await service.stop();
    assert.equal((await setting.slot())?.confirmedFlush, (await setting.checkpoint())?.lsn);
  });
});

/** Has a service follow the database, beyond where it was when Redis was copied. Gives what puts the copy back. */
async function followBeyondCopy(setting: Setting, redis: Server): Promise<() => Promise<void>> {
  await using service = setting.run();
  await service.untilStreaming();
  await setting.covered();
  const copy = await copyRedis(redis);
  await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
  await setting.covered();
  await service.stop();
  return () => copy.putBack();
}

/** A copy of everything that Redis holds, made while it does not run. */
async function copyRedis(redis: Server): Promise<{ putBack(): Promise<void> }> {
  const data = join(dirname(redis.log), 'data');
  const copy = `${data}.copy`;
  await redis.stop();
  await rm(copy, { recursive: true, force: true });
  await cp(data, copy, { recursive: true });
  await redis.start();
  return {
    async putBack() {
      await redis.stop();
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
      await redis.start();
    },
  };
}
