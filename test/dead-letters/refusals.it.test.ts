import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchReadiness } from '../service/support/readiness.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { waitFor } from '../support/wait.ts';
import type { DeadLetter } from '../../src/loader/dead-letter-index.ts';
import { bad, insert, items, readLetters } from './items.ts';

const long = 'k'.repeat(600);

/** Rows that make documents which Elasticsearch refuses, and how it says so. None of their values may be said. */
const refused: readonly (readonly [row: Readonly<Record<string, unknown>>, reason: RegExp])[] = [
  [{ id: 'date', made: 'secret day' }, /^failed to parse field \[made\] of type \[date\]/],
  [{ id: 'float', price: 1.5e300 }, /^failed to parse field \[price\] of type \[float\]/],
  [{ id: 'term', tag: 'secret'.repeat(6_000) }, /immense term in field=|field \[tag\] of type \[keyword\]/],
  [{ id: 'nested', parts: [1, 2, 3, 4, 5].map((n) => ({ n })) }, /limit of \[4\]/],
  [{ id: 'conflict', extra: { size: { secret: 1 } } }, /\[extra\.size\]/],
  [
    { id: 'fields', extra: Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, 1])) },
    /Limit of total fields \[20\] has been exceeded/,
  ],
  [{ id: long, tag: 'other' }, /id \[k+/],
  [{ id: '', tag: 'other' }, /must not be empty/],
];

const good = Array.from({ length: 40 }, (_, at) => ({ id: `good ${at}`, made: '2020-02-02', price: at }));

async function open(t: Parameters<typeof openSetting>[0]): Promise<Setting> {
  const setting = await openSetting(t, { own: items });
  await insert(setting, [{ id: 'first', extra: { size: 1 } }]);
  return setting;
}

describe('documents that Elasticsearch refuses for their content', () => {
  it('are set aside with the reason, while the others of their batch are written and the stream goes on', async (t) => {
    await using setting = await open(t);
    await using service = setting.run();
    await service.untilStreaming();
    const rows = [
      ...good.slice(0, 20),
      ...refused.map(([row]) => ({ ...row, is_bad: true })),
      ...good.slice(20),
    ];
    await insert(setting, rows);

    await setting.assertConverged();
    const letters = await readLetters(setting);
    assert.deepEqual([...letters.keys()].sort(), refused.map(([{ id }]) => id).sort());
    for (const [{ id }, reason] of refused) {
      const letter = letters.get(String(id));
      assert.equal(letter?.status, 400);
      assert.match(letter.reason, reason);
      assert.doesNotMatch(letter.reason, /secret|1\.5E300|1\.5e300/);
      assert.ok(letter.reason.length < 600);
    }
    const { deadLetters } = await service.until((status) => status.deadLetters['items'] === refused.length);
    assert.deepEqual(deadLetters, { items: refused.length });
    assert.doesNotMatch(service.log, /secret/);
    await service.stop();
    assert.match((await setting.command(['status'])).stdout, /items: 41 documents, 8 refused/);
  });

  it('are set aside in a snapshot too, and looked at again when the service starts', async (t) => {
    await using setting = await open(t);
    await insert(setting, [...good, bad('a'), bad('b')]);
    await using service = setting.spawn({ SNAPSHOT_CHUNK_SIZE: '7' });
    await service.untilStreaming();
    await setting.assertConverged();
    assert.deepEqual([...(await readLetters(setting)).keys()].sort(), ['a', 'b']);
    await service.kill();

    await using next = setting.run();
    await next.until(({ deadLetters }) => deadLetters['items'] === 2);
    await setting.admin.query(`update shop.item set made = '2021-01-01', is_bad = false where id = 'b'`);
    await next.until(({ deadLetters }) => deadLetters['items'] === 1);
    await setting.assertConverged();
    await next.stop();
  });

  it('leave by themselves when their rows are mended, or gone', async (t) => {
    await using setting = await open(t);
    await using service = setting.run();
    await service.untilStreaming();
    await insert(setting, [...good, bad('mended'), bad('deleted'), bad('stays'), bad(long), bad('')]);
    await service.until(({ deadLetters }) => deadLetters['items'] === 5);
    await setting.admin.query(`update shop.item set made = '2021-01-01', is_bad = false where id = 'mended'`);
    await setting.admin.query(`delete from shop.item where id in ('deleted', '', $1)`, [long]);
    await setting.assertConverged();
    assert.deepEqual([...(await readLetters(setting)).keys()], ['stays']);
    await service.until(({ deadLetters }) => deadLetters['items'] === 1);
    await service.stop();
  });

  it('leave when their rows are gone by a TRUNCATE, or unseen by the stream', async (t) => {
    await using setting = await open(t);
    await using service = setting.run();
    await service.untilStreaming();
    await insert(setting, [bad('a'), { ...bad('b'), made: '2020-01-01' }]);
    await setting.covered();
    await setting.admin.query(`update shop.item set made = 'never' where id = 'b'`);
    await service.until(({ deadLetters }) => deadLetters['items'] === 2);
    await setting.admin.query('truncate shop.item');
    await setting.assertConverged();
    assert.deepEqual(await letters(setting, 0), []);

    await insert(setting, [bad('c')]);
    await service.until(({ deadLetters }) => deadLetters['items'] === 1);
    await service.stop();
    const { admin, database } = setting;
    await admin.query(`alter publication ${database.name} drop table shop.item`);
    await admin.query('delete from shop.item');
    await admin.query(`alter publication ${database.name} add table shop.item`);
    await using next = setting.run();
    await next.untilStreaming();
    await setting.assertConverged();
    assert.deepEqual(await letters(setting, 0), []);
    await next.stop();
  });

  it('leave the document that was there before as it was, until their rows are mended', async (t) => {
    await using setting = await open(t);
    await using service = setting.run();
    await service.untilStreaming();
    await insert(setting, [{ id: 'old', made: '2020-01-01' }]);
    await setting.assertConverged();
    await setting.admin.query(`update shop.item set made = 'never', tag = 'new' where id = 'old'`);
    const [letter] = await waitFor(async () => letters(setting, 1));
    assert.equal((await setting.document('items', 'old'))?.source?.['made' as never], '2020-01-01');

    // Since when it is refused stays; as of when it was refused last does not.
    await setting.admin.query(`update shop.item set made = 'not yet' where id = 'old'`);
    await setting.covered();
    const [again] = await letters(setting, 1);
    assert.equal(again?.at, letter?.at);
    assert.notEqual(again?.version, letter?.version);
    await setting.admin.query(`update shop.item set made = '2022-01-01' where id = 'old'`);
    await setting.assertConverged();
    assert.deepEqual(await letters(setting, 0), []);
    await service.stop();
  });
});

it('documents that Elasticsearch does not take now are waited with, and no dead letters', async (t) => {
  await using setting = await open(t);
  await using ready = await watchReadiness(t);
  await using service = setting.run(ready.settings);
  await service.untilStreaming();
  await setting.covered();
  const byHand = async (action: string): Promise<void> => {
    const { elasticsearchUrl, indexPrefix } = setting.database;
    const response = await fetch(`${elasticsearchUrl}/${indexPrefix}items/${action}`, { method: 'POST' });
    assert.equal(response.status, 200, await response.text());
  };
  await ready.turns('an index is closed, or read-only', async (turned) => {
    await byHand('_close');
    await insert(setting, good);
    await service.until(({ waits }) => waits['elasticsearch']?.includes('index_closed_exception'));
    await turned();
    await byHand('_open');
  });
  await setting.assertConverged();
  assert.deepEqual(await letters(setting, 0), []);
  await service.stop();
});

async function letters(setting: Setting, count: number): Promise<DeadLetter[]> {
  const found = [...(await readLetters(setting)).values()];
  assert.equal(found.length, count);
  return found;
}
