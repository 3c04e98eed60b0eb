import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatLsn } from '../../src/shared/lsn.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { bad, insert, items, limitNested, nested, readLetters } from './items.ts';

const rows = [bad('a'), bad('b'), { ...nested('c', 5), is_bad: true }, { id: 'd' }];

describe('projector dead-letters', () => {
  it('lists and shows them', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await insert(setting, rows);
    await using service = setting.run();
    await service.untilStreaming();
    await service.stop();
    const letter = (await readLetters(setting)).get('c');
    assert.ok(letter);

    const listed = await setting.command(['dead-letters']);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, /^items a \S+Z document_parsing_exception: failed to parse field \[made\]/m);
    assert.match(listed.stdout, /^3 dead letters$/m);
    const json = [{ ...letter, version: formatLsn(letter.version) }];
    const some = await setting.command(['dead-letters', 'list', '--index', 'items', '--id', 'c', '--json']);
    assert.deepEqual(JSON.parse(some.stdout), json);
    const shown = await setting.command(['dead-letters', 'show', 'c', '--json']);
    assert.deepEqual(JSON.parse(shown.stdout), json);
    assert.match((await setting.command(['dead-letters', 'show', 'c'])).stdout, /^reason +.*limit of \[4\]/m);

    const unknown = await setting.command(['dead-letters', 'show', 'd']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /PROJ_DEAD_LETTER_UNKNOWN/);
  });

  for (const isAlone of [false, true]) {
    it(`retries and drops them ${isAlone ? 'by itself' : 'through the running service'}`, async (t) => {
      await using setting = await openSetting(t, { own: items });
      await insert(setting, rows);
      await using service = setting.run();
      await service.untilStreaming();
      await setting.assertConverged();
      if (isAlone) await service.stop();

      await limitNested(setting, 5);
      const retried = await setting.command(['dead-letters', 'retry']);
      assert.equal(retried.code, 1, retried.stderr);
      assert.match(retried.stdout, /^3 dead letters, read again: 1 accepted or gone, 2 refused again$/m);
      assert.deepEqual(await ids(setting), ['a', 'b']);
      assert.ok(await setting.document('items', 'c'));

      const dropped = await setting.command(['dead-letters', 'drop', '--id', 'a', '--json']);
      assert.equal(dropped.code, 0, dropped.stderr);
      assert.deepEqual(JSON.parse(dropped.stdout), { dropped: 1 });
      assert.deepEqual(await ids(setting), ['b']);
      if (!isAlone) {
        await service.until(({ deadLetters }) => deadLetters['items'] === 1);
        await service.stop();
      }
      await setting.admin.query(`update shop.item set is_bad = false where id = 'c'`);
      await using next = setting.run();
      await setting.assertConverged();
      await next.stop();
    });
  }

  it('does not forget all of them unless it is told so, nor what it does not know', async (t) => {
    await using setting = await openSetting(t, { own: items });
    for (const words of [['drop'], ['mend'], ['show'], ['list', '--index', 'things']]) {
      const { code, stderr } = await setting.command(['dead-letters', ...words]);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, /PROJ_USAGE/);
    }
    const { stdout } = await setting.command(['dead-letters', 'drop', '--yes']);
    assert.match(stdout, /^no dead letters forgotten; their documents stay absent or old until/);
  });
});

async function ids(setting: Setting): Promise<string[]> {
  return [...(await readLetters(setting)).keys()].sort();
}
