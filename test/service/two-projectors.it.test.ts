import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { items, physicals, serving, SLOW_SNAPSHOT } from './support/items.ts';
import { openMeetingPoint } from './support/meeting-point.ts';
import { openSetting, type Setting } from './support/setting.ts';

type Env = Readonly<Record<string, string>>;

describe('a second projector is refused, and makes nothing, when', () => {
  it('another one serves the index already, or is about to', async (t) => {
    await using first = await openSetting(t, { own: items });
    await using second = await openSetting(t, { own: items });
    const sameIndexes = { INDEX_PREFIX: first.database.indexPrefix };
    const owner = new RegExp(
      `PROJ_INDEX_FOREIGN: .*the projector ${first.database.name} of the database ${first.database.name},`,
    );
    await using building = first.run(SLOW_SNAPSHOT);
    await building.until(({ written }) => written >= 20);
    await assertRefused(second, sameIndexes, owner);
    await building.untilStreaming();
    await assertRefused(second, { ...sameIndexes, RESYNC: 'auto' }, owner);
    // That drops indexes of nobody's, and not another's.
    await assertRefused(second, { ...sameIndexes, ES_SHOULD_DROP_INDEX: 'TRUE' }, owner);
    assert.deepEqual(await physicals(first), await serving(first));
    await first.assertConverged();
    await building.stop();

    const teardown = await second.command(['teardown', '--yes'], sameIndexes);
    assert.equal(teardown.code, 0, teardown.stderr);
    await using again = first.run();
    await again.untilStreaming();
    await first.assertConverged();
    await again.stop();
    assert.equal((await first.command(['teardown', '--yes'])).code, 0);
    await second.command(['init']);
    await using alone = second.run(sameIndexes);
    await alone.untilStreaming();
    await alone.stop();
  });

  it('the name belongs to one of another database', async (t) => {
    await using first = await openSetting(t, { own: items });
    await using second = await openSetting(t, { own: items });
    await using service = first.run();
    await service.untilStreaming();
    const sameName = {
      PROJECTOR_NAME: first.database.name,
      INDEX_PREFIX: `${first.database.indexPrefix}second-`,
    };
    const owner = new RegExp(`PROJ_NAME_TAKEN: .*the database ${first.database.name}`);
    await assertRefused(second, sameName, owner);
    await using standby = second.run(sameName, { isStandby: true });
    assert.deepEqual(await standby.ended, { code: 3, signal: null }, standby.log);
    await service.stop();
    await assertRefused(second, { ...sameName, RESYNC: 'auto' }, owner);
    for (const command of [['resync'], ['snapshot']])
      assert.match((await second.command(command, sameName)).stderr, owner);
    const teardown = await second.command(['teardown', '--yes'], sameName);
    assert.equal(teardown.code, 0, teardown.stderr);
    assert.match(teardown.stdout, /slot .*: left, it is none of this database\n/);
    assert.match(teardown.stdout, /resume point: left, it belongs to the database/);

    await using again = first.run();
    await again.untilStreaming();
    assert.ok(!again.log.includes('snapshot begins'));
    await first.assertConverged();
    await again.stop();
  });
});

it('of two projectors that begin at the same time one serves, and the other leaves nothing', async (t) => {
  await using one = await openSetting(t, { own: items });
  await using other = await openSetting(t, { own: items });
  const { indexPrefix, elasticsearchUrl } = one.database;
  // Each has looked before the other has made its index, and looks again before the other has had the alias moved.
  await using meeting = await openMeetingPoint(elasticsearchUrl, (method, url) => {
    if (method === 'PUT' && /-items-\d{8}t\d{9}$/.test(url)) return 'create';
    return method === 'POST' && url.startsWith('/_aliases') ? 'swap' : null;
  });
  const together = { INDEX_PREFIX: indexPrefix, ELASTICSEARCH_URL: meeting.url };
  await using first = one.run(together);
  await using second = other.run(together);
  const { code } = await Promise.race([first.ended, second.ended]);
  assert.equal(code, 3, first.log + second.log);
  const isFirst = first.log.includes('PROJ_INDEX_FOREIGN');
  const [loser, winner, service] = isFirst ? [one, other, second] : [other, one, first];
  assert.match(isFirst ? first.log : second.log, /the slot that this start has made is dropped again/);
  assert.equal(await loser.slot(), null);
  assert.deepEqual(await loser.redis.keys(`projector:${loser.database.name}:checkpoint`), []);
  await service.untilStreaming();
  await winner.covered();
  assert.deepEqual(await physicals(one), await serving(one));
  await service.stop();
  await using again = winner.run(together);
  await again.untilStreaming();
  await again.stop();
});

/** It ends by exit code 3 with these words, `check` says the same, and nothing is made. */
async function assertRefused(setting: Setting, settings: Env, why: RegExp): Promise<void> {
  const { admin, database } = setting;
  const publication = settings['PROJECTOR_NAME'] ?? database.name;
  await admin.query(`drop publication if exists ${publication}`);
  // As the owner of everything: it might make the publication.
  const asOwner = { ...settings, DATABASE_URL: database.adminUrl };
  await using service = setting.run(asOwner);
  assert.deepEqual(await service.ended, { code: 3, signal: null }, service.log);
  assert.match(service.log, why);
  const checked = await setting.command(['check'], asOwner);
  assert.equal(checked.code, 3, checked.stdout);
  assert.match(checked.stderr, why);
  const { rows } = await admin.query(`select from pg_publication where pubname = $1`, [publication]);
  assert.equal(rows.length, 0);
  assert.equal(await setting.slot(), null);
  if (!settings['PROJECTOR_NAME']) assert.equal(await setting.checkpoint(), null);
}
