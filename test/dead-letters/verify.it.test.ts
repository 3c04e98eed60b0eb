import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openSetting } from '../service/support/setting.ts';
import { differing, verify } from '../verify/support/verify.ts';
import { bad, insert, items, nested, readLetters } from './items.ts';

/** None of these can be an id: it is empty, it is too long, it is longer than a term of Lucene's. */
const noIds = ['', 'k'.repeat(600), 'k'.repeat(40_000)];

it('projector verify tells dead letters from drift, and a repair leaves them', async (t) => {
  await using setting = await openSetting(t, { own: items });
  await using service = setting.run();
  await service.untilStreaming();
  const impossible = noIds.map((id) => ({ id, is_bad: true }));
  await insert(setting, [bad('absent'), nested('old', 1), nested('good', 2), ...impossible]);
  await setting.covered();
  await setting.admin.query(`update shop.item set made = 'never' where id = 'old'`);
  await service.until(({ deadLetters }) => deadLetters['items'] === 5);
  await setting.admin.query(`delete from shop.item where id = 'good'`);
  await setting.covered();

  for (const flags of [[], ['--repair']]) {
    const found = await verify(setting, ...flags);
    assert.equal(found.code, 0, found.stderr);
    assert.deepEqual(differing(found.of('items')), { deadLettered: [...noIds, 'absent', 'old'].sort() });
  }
  assert.match((await setting.command(['verify'])).stdout, /^ {2}""$/m);

  for (const id of noIds) {
    const shown = await setting.command(['dead-letters', 'show', id, '--json']);
    assert.deepEqual(
      (JSON.parse(shown.stdout) as { id: string }[]).map((letter) => letter.id),
      [id],
    );
    const retried = await setting.command(['dead-letters', 'retry', '--id', id]);
    assert.match(retried.stdout, /^1 dead letter, read again: 0 accepted or gone, 1 refused again$/m);
    const dropped = await setting.command(['dead-letters', 'drop', '--id', id, '--json']);
    assert.deepEqual(JSON.parse(dropped.stdout), { dropped: 1 });
  }
  assert.deepEqual([...(await readLetters(setting)).keys()].sort(), ['absent', 'old']);
  // Without its letter it is drift like any other, and a repair comes to the letter again.
  assert.deepEqual(differing((await verify(setting)).of('items')), {
    missing: noIds,
    deadLettered: ['absent', 'old'],
  });
  assert.equal((await verify(setting, '--repair')).code, 0);
  assert.deepEqual([...(await readLetters(setting)).keys()].sort(), [...noIds, 'absent', 'old'].sort());

  await setting.admin.query(`delete from shop.item where id = any($1)`, [noIds]);
  await setting.admin.query(`update shop.item set made = '2020-01-01', is_bad = false`);
  await setting.assertConverged();
  await service.stop();
});
