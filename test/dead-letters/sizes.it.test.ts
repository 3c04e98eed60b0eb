import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startElasticsearch } from '../../dev/stack/stack.ts';
import { openSetting } from '../service/support/setting.ts';
import { insert, items, readLetters } from './items.ts';

const text = (kilobytes: number): object => ({ extra: { text: 'words '.repeat((kilobytes * 1_000) / 6) } });

it('what is too large at once is cut, and what is too large alone is set aside', async (t) => {
  await using elasticsearch = await startElasticsearch({
    'http.max_content_length': '4mb',
    'indexing_pressure.memory.limit': '2mb',
  });
  await using setting = await openSetting(t, { own: items, elasticsearch });
  await using service = setting.run();
  await service.untilStreaming();
  const rows = Array.from({ length: 50 }, (_, at) => ({ id: `good ${at}`, ...text(100) }));
  await insert(setting, [
    ...rows.slice(0, 45),
    // More than a request may be; and more than Elasticsearch has room for while it indexes.
    { id: 'request', ...text(5_000), is_bad: true },
    { id: 'pressure', ...text(2_500), is_bad: true },
    ...rows.slice(45),
  ]);
  await setting.assertConverged();
  const letters = await readLetters(setting);
  assert.deepEqual([...letters.keys()].sort(), ['pressure', 'request']);
  assert.equal(letters.get('request')?.status, 413);
  assert.equal(letters.get('pressure')?.type, 'es_rejected_execution_exception');

  await setting.admin.query(`update shop.item set extra = '{}', is_bad = false where id = 'request'`);
  await setting.admin.query(`delete from shop.item where id = 'pressure'`);
  await setting.assertConverged();
  assert.equal((await readLetters(setting)).size, 0);
  await service.stop();
});
