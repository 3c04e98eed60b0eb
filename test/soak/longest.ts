import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readLetters } from '../dead-letters/items.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';

/**
 * `make longest`: documents that are longer than Projector reads, and than Postgres can hold. Apart from the other tests,
 * since Postgres takes up to 5 GB of memory while it makes one.
 */
const texts: OwnSchema = {
  sql: `
    create schema shop;
    create table shop.text (id integer primary key, n integer not null default 0, words text, is_bad boolean not null default false);
    insert into shop.text (id, words) select i, 'words' from generate_series(1, 3) i`,
  definitions: {
    'texts.yaml':
      'index: texts\nroot: shop.text\nfields: { n: n, words: words }\nmappings: { dynamic: false }\n',
  },
  expected: {
    texts: `
      select id::text, jsonb_build_object('n', n, 'words', words) from shop.text where not is_bad
      union all select id::text, '{"n": 0, "words": "words"}' from shop.text where is_bad`,
  },
};

const PATIENCE_MS = 240_000;

for (const { words, type } of [
  // More than a string of Node's may be; escaped, more than Postgres can hold.
  { words: `repeat('x', 560 * 1024 * 1024)`, type: 'document_too_long' },
  { words: `repeat(E'\\x01', 190 * 1024 * 1024)`, type: 'sqlstate_54000' },
]) {
  it(`a document that is too long is set aside as ${type}, and the others go on`, async (t) => {
    await using setting = await openSetting(t, { own: texts });
    const { admin } = setting;
    await using service = setting.spawn({ REQUEST_TIMEOUT_MS: '120000' });
    await service.untilStreaming();
    await admin.query(`
      update shop.text set words = ${words}, is_bad = true where id = 1;
      update shop.text set n = 1 where id = 2`);
    await setting.assertConverged(PATIENCE_MS);
    const letters = [...(await readLetters(setting)).values()];
    assert.deepEqual(
      letters.map((letter) => [letter.id, letter.type]),
      [['1', type]],
    );
    await admin.query(`update shop.text set words = 'words', is_bad = false where id = 1`);
    await setting.assertConverged(PATIENCE_MS);
    assert.equal((await readLetters(setting)).size, 0);
    await service.stop();
  });
}
