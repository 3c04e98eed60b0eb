import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatLsn } from '../../src/shared/lsn.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { currentLsn, openSetting, type Setting } from '../service/support/setting.ts';
import { bad, definition, insert, items, limitNested, nested, readLetters } from './items.ts';

const few = { DEAD_LETTERS_PER_MINUTE: '3' };
const many = Array.from({ length: 20 }, (_, at) => `bad ${at}`);

describe('more dead letters in a minute than are allowed', () => {
  it('end the service with an error, and once the rows are mended it goes on from where it was', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using ready = await watchReadiness(t);
    await using service = setting.run({ ...few, ...ready.settings });
    await service.untilStreaming();
    await ready.isReady();
    await ready.turns('a document is refused', async () => {
      await insert(setting, [bad('first'), bad('second')]);
      await service.until(({ deadLetters }) => deadLetters['items'] === 2);
    });
    await setting.covered();
    let end = 0n;
    await ready.turns('more documents are refused than are allowed', async () => {
      await insert(setting, [...many.map(bad), { id: 'good' }]);
      end = await currentLsn(setting.admin);
      assert.deepEqual(await service.ended, { code: 1, signal: null });
    });
    assert.match(service.log, /PROJ_TOO_MANY_DEAD_LETTERS: more than 3 documents .* field \[made\]/);
    assert.match(service.log, /fix: .*DEAD_LETTERS_PER_MINUTE/);
    const stored = (await setting.checkpoint())?.lsn ?? 0n;
    assert.ok(stored < end, `${formatLsn(stored)} is not before ${formatLsn(end)}`);
    await assertKept(setting, ['first', 'second']);

    await setting.admin.query(
      `update shop.item set made = '2020-01-01', is_bad = false where id like 'bad %'`,
    );
    await using next = setting.run(few);
    await setting.assertConverged();
    assert.deepEqual([...(await readLetters(setting)).keys()].sort(), ['first', 'second']);
    await next.stop();
  });

  it('end a snapshot too, and an index with a mended mapping is built anew, without letters', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await insert(setting, [bad('first'), { id: 'good' }]);
    await using first = setting.run(few);
    await first.untilStreaming();
    await setting.assertConverged();
    await first.stop();

    await insert(setting, many.map(bad));
    const { code, stderr } = await setting.command(['snapshot'], few);
    assert.equal(code, 1);
    assert.match(stderr, /PROJ_TOO_MANY_DEAD_LETTERS/);
    await assertKept(setting, ['first']);

    await setting.define({ definitions: { 'items.yaml': definition({ made: 'keyword' }) } });
    await setting.admin.query('update shop.item set is_bad = false');
    await using service = setting.run(few);
    await service.untilStreaming();
    await setting.assertConverged();
    assert.equal((await readLetters(setting)).size, 0);
    await service.stop();
  });

  it('end it too when they come of what a command asked for', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await insert(
      setting,
      many.map((id) => nested(id, 3)),
    );
    await using service = setting.run(few);
    await service.untilStreaming();
    await limitNested(setting, 2);
    const { code } = await setting.command(['snapshot']);
    assert.equal(code, 1);
    assert.deepEqual(await service.ended, { code: 1, signal: null });
    assert.match(service.log, /PROJ_TOO_MANY_DEAD_LETTERS: .* limit of \[2\]/);

    await limitNested(setting, 3);
    await using next = setting.run(few);
    await next.untilStreaming();
    await setting.assertConverged();
    assert.equal((await readLetters(setting)).size, 0);
    await next.stop();
  });
});

/** These have letters, and perhaps others: a batch may be as small as one. But not more than are allowed. */
async function assertKept(setting: Setting, ids: readonly string[]): Promise<void> {
  const letters = await readLetters(setting);
  assert.ok(letters.size <= 3, `there are ${letters.size}`);
  for (const id of ids) assert.ok(letters.has(id), id);
}
