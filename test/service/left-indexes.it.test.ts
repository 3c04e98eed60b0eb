import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeItems, items, physicals, serving, SLOW_SNAPSHOT } from './support/items.ts';
import { openSetting, type Setting } from './support/setting.ts';

describe('an index that was not followed for a while has missed nothing in the end', () => {
  it('because of another INDEX_PREFIX, whether it serves or is half filled', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const elsewhere = { INDEX_PREFIX: `${setting.database.indexPrefix}v2-` };
    {
      await using service = setting.run(SLOW_SNAPSHOT);
      await service.until(({ written }) => written >= 100);
      await service.stop();
    }
    await follow(setting, 1, elsewhere);
    await follow(setting, 2);
    const before = await serving(setting);

    await follow(setting, 3, elsewhere);
    // It serves meanwhile, and what is interrupted is not forgotten.
    {
      await using service = setting.spawn(SLOW_SNAPSHOT);
      await service.until(({ written, state }) => state === 'snapshotting' && written >= 40);
      assert.deepEqual(await serving(setting), before);
      await service.kill();
    }
    const { log } = await follow(setting, 4);
    assert.match(log, /snapshot begins/);
    assert.deepEqual(await physicals(setting), before);

    // It is covered by now.
    assert.doesNotMatch((await follow(setting, 5)).log, /snapshot begins/);
  });

  it('and is not read again for being named by no resume point of an older version', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await follow(setting, 1);
    const key = `projector:${setting.database.name}:checkpoint`;
    const { coverage, ...older } = JSON.parse((await setting.redis.get(key)) ?? '') as Record<
      string,
      unknown
    >;
    assert.ok(coverage);
    await setting.redis.set(key, JSON.stringify(older));
    assert.doesNotMatch((await follow(setting, 2)).log, /snapshot begins/);
  });
});

/** Runs the service until it has followed everything, changes of this ordinal too; under its own prefix it must be right. */
async function follow(
  setting: Setting,
  ordinal: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ log: string }> {
  await using service = setting.run(settings);
  await service.untilStreaming();
  await changeItems(setting, ordinal);
  if (settings['INDEX_PREFIX'] === undefined) await setting.assertConverged();
  else await setting.covered();
  await service.stop();
  return { log: service.log };
}
