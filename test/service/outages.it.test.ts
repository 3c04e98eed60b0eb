import { describe, it } from 'node:test';
import { startElasticsearch, startRedis } from '../../dev/stack/stack.ts';
import type { Server } from '../../dev/stack/server.ts';
import { openSetting, type Setting } from './support/setting.ts';
import type { Service } from './support/service.ts';

describe('the service goes on by itself, with nothing lost', () => {
  it('when Elasticsearch was away', async (t) => {
    await using elasticsearch = await startElasticsearch();
    await using setting = await openSetting(t, { elasticsearch });
    await using service = setting.run();
    await service.untilStreaming();
    await editWhileAway(setting, service, elasticsearch, 'elasticsearch');
    await setting.assertConverged();
    await service.stop();
  });

  it('when Redis was away', async (t) => {
    await using redis = await startRedis();
    await using setting = await openSetting(t, { redis });
    await using service = setting.run();
    await service.untilStreaming();
    await redis.kill('SIGKILL');
    await edit(setting);
    await redis.start();
    await edit(setting);
    await setting.assertConverged();
    await service.stop();
  });
});

async function editWhileAway(
  setting: Setting,
  service: Service,
  server: Server,
  wait: string,
): Promise<void> {
  await server.stop();
  await edit(setting);
  await service.until(({ waits }) => waits[wait]);
  await server.start();
}

async function edit({ admin }: Setting): Promise<void> {
  await admin.query(
    `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 20) i`,
  );
  await admin.query(`delete from content.film_work where id in (select id from content.film_work limit 5)`);
  await admin.query(
    `update content.film_work set rating = 5 where id in (select id from content.film_work limit 5)`,
  );
}
