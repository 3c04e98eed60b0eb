import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openSetting } from '../service/support/setting.ts';
import { differing, verify } from '../verify/support/verify.ts';
import { bad, insert, items, nested, readLetters } from './items.ts';

it('projector verify tells dead letters from drift, and a repair leaves them', async (t) => {
  await using setting = await openSetting(t, { own: items });
  await using service = setting.run();
  await service.untilStreaming();
  await insert(setting, [bad('absent'), nested('old', 1), nested('good', 2)]);
  await setting.covered();
  await setting.admin.query(`update shop.item set made = 'never' where id = 'old'`);
  await service.until(({ deadLetters }) => deadLetters['items'] === 2);

  for (const flags of [[], ['--repair']]) {
    const found = await verify(setting, ...flags);
    assert.equal(found.code, 0, found.stderr);
    assert.deepEqual(differing(found.of('items')), { deadLettered: ['absent', 'old'] });
  }
  assert.deepEqual([...(await readLetters(setting)).keys()].sort(), ['absent', 'old']);
  await setting.admin.query(`update shop.item set made = '2020-01-01', is_bad = false`);
  await setting.assertConverged();
  await service.stop();
});
