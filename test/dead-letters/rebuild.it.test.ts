import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from '../service/support/setting.ts';
import { bad, definition, insert, items, readLetters } from './items.ts';

describe('the dead letters of an index', () => {
  it('go with it when it is built anew, however that comes about; those of the new one stay', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await insert(setting, [bad('date'), { id: 'price', price: 1e300, is_bad: true }, { id: 'good' }]);
    await using first = setting.run();
    await first.untilStreaming();
    const before = await readLetters(setting);
    assert.equal(before.size, 2);
    await first.stop();

    // Another definition: beside the old index, which serves until then.
    await setting.define({ definitions: { 'items.yaml': definition({ made: 'keyword' }) } });
    await setting.admin.query(`update shop.item set is_bad = false where id = 'date'`);
    await using second = setting.run();
    await second.untilStreaming();
    await setting.assertConverged();
    const [letter, ...others] = (await readLetters(setting)).values();
    assert.equal(letter?.id, 'price');
    assert.deepEqual(others, []);
    assert.notEqual(letter.physical, before.get('price')?.physical);
    await second.stop();

    // From nothing.
    await using third = setting.run({ ES_SHOULD_DROP_INDEX: 'TRUE' });
    await third.untilStreaming();
    await setting.assertConverged();
    const [anew, ...none] = (await readLetters(setting)).values();
    assert.equal(anew?.id, 'price');
    assert.deepEqual(none, []);
    assert.notEqual(anew.physical, letter.physical);
    await third.stop();

    assert.equal((await setting.command(['teardown', '--yes'])).code, 0);
    assert.equal((await readLetters(setting)).size, 0);
    const { elasticsearchUrl, indexPrefix } = setting.database;
    const left = await fetch(`${elasticsearchUrl}/_cat/indices/${indexPrefix}*?expand_wildcards=all`);
    assert.equal(await left.text(), '');
  });
});
