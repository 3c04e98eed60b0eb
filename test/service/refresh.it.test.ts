import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { waitFor } from '../support/wait.ts';
import { openSetting, type Setting } from './support/setting.ts';

const never = {
  sql: 'create schema book; create table book.words (id int primary key, word text not null)',
  definitions: {
    'words.yaml': `
index: words
root: book.words
fields: { id: id, word: word }
settings: { refresh_interval: 1h }
`,
  },
  expected: {},
};

const count = z.object({ count: z.number() });

describe('searches see a change', () => {
  it('at once, where few are written', async (t) => {
    await using setting = await openSetting(t, { own: never });
    await using service = setting.run();
    await service.untilStreaming();
    for (const word of ['one', 'two', 'three']) {
      await setting.admin.query('insert into book.words select count(*), $1 from book.words', [word]);
      await waitFor(() => finds(setting, word), { what: `a search to find ${word}` });
    }
    await setting.admin.query('delete from book.words where id = 0');
    await waitFor(async () => !(await finds(setting, 'one')), { what: 'no search to find what is gone' });
    await service.stop();
  });

  it("by the index's own interval, where many are written", async (t) => {
    await using setting = await openSetting(t, { own: never });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.admin.query(`insert into book.words select i, 'many' from generate_series(1, 2000) i`);
    await setting.covered();
    assert.equal(await finds(setting, 'many'), 0);
    assert.notEqual(await setting.document('words', '2000'), null);
    await service.stop();
  });

  it("by the index's own interval, where that is set", async (t) => {
    await using setting = await openSetting(t, { own: never });
    await using service = setting.run({ REFRESH: 'interval' });
    await service.untilStreaming();
    await setting.admin.query(`insert into book.words values (1, 'one')`);
    await setting.covered();
    assert.equal(await finds(setting, 'one'), 0);
    assert.notEqual(await setting.document('words', '1'), null);
    await service.stop();
  });
});

/** How many documents a search finds. */
async function finds({ database }: Setting, word: string): Promise<number> {
  const index = `${database.elasticsearchUrl}/${database.indexPrefix}words`;
  const response = await fetch(`${index}/_count?q=word:${word}`);
  return count.parse(await response.json()).count;
}
