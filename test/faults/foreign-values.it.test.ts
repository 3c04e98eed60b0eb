import assert from 'node:assert/strict';
import { it } from 'node:test';
import { changeItems, items } from '../service/support/items.ts';
import { openSetting } from '../service/support/setting.ts';

it('what Redis keeps under a key of the service, and is not its own, is named, or of no consequence', async (t) => {
  await using setting = await openSetting(t, { own: items });
  const { redis, database } = setting;
  const keyOf = (name: string): string => `projector:${database.name}:${name}`;
  await using first = setting.run();
  await first.untilStreaming();
  await first.stop();
  const garbage: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    'another program’s text': (key) => redis.set(key, 'garbage'),
    'another JSON': (key) => redis.set(key, '{"version":2}'),
    'a list': (key) => redis.rpush(key, 'a'),
  };
  for (const [what, put] of Object.entries(garbage)) {
    for (const name of ['paused', 'rebuild', 'reindex:items']) {
      const key = keyOf(name);
      await put(key);
      await using service = setting.run();
      assert.deepEqual(await service.ended, { code: 1, signal: null }, `${what}, ${name}: ${service.log}`);
      assert.match(
        service.log,
        new RegExp(
          `^PROJ_REDIS_KEY: Redis keeps something under ${key} .*\\n {2}fix: .*redis-cli del ${key}`,
          'm',
        ),
      );
      await redis.del(key);
    }
    // Nothing is lost by these: a snapshot begins again, a status is written again.
    for (const name of ['snapshot:items', 'status']) {
      await redis.del(keyOf(name));
      await put(keyOf(name));
    }
    const status = await setting.command(['status']);
    assert.match(status.stdout, /problem {4}Redis keeps something under \S+:status /);
    const verified = await setting.command(['verify']);
    assert.equal(verified.code, 1);
    assert.match(verified.stderr, /^PROJ_REDIS_KEY: .*:status /m);
    await using service = setting.run();
    await service.untilStreaming();
    await changeItems(setting, 1 + Object.keys(garbage).indexOf(what));
    await setting.assertConverged();
    await service.stop();
  }
});

it('a request that a command of another version has made is answered', async (t) => {
  await using setting = await openSetting(t, { own: items });
  const { redis, database } = setting;
  await using service = setting.run();
  await service.untilStreaming();
  await redis.rpush(`projector:${database.name}:requests`, 'garbage', '{"id":"n","kind":"defragment"}');
  const snapshot = await setting.command(['snapshot']);
  assert.equal(snapshot.code, 0, snapshot.stderr);
  assert.match((await redis.get(`projector:${database.name}:answer:n`)) ?? '', /PROJ_OTHER_VERSION/);
  await redis.set(`projector:${database.name}:requests`, 'garbage');
  const refused = await setting.command(['snapshot']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^PROJ_REDIS_KEY: Redis keeps something under \S+:requests /m);
  await service.stop();
});
