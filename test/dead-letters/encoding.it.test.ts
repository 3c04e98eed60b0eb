import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';
import { differing, verify } from '../verify/support/verify.ts';
import { readLetters } from './items.ts';

const notes: OwnSchema = {
  sql: `
    create schema shop;
    create table shop.note (id text primary key, words text, unread text, is_bad boolean not null default false);
    insert into shop.note values ('first', 'words')`,
  definitions: { 'notes.yaml': 'index: notes\nroot: shop.note\nfields: { words: words }\n' },
  expected: {
    notes: `select id, jsonb_build_object('words', words) from shop.note where not is_bad`,
  },
};

/** Bytes that are no UTF-8, as text. */
const bytes = (hex: string): string => `convert_from('\\x${hex}', 'SQL_ASCII')`;

it('in a database that takes any bytes for text, those that are none are set aside or named', async (t) => {
  await using setting = await openSetting(t, { own: notes, encoding: 'SQL_ASCII' });
  const { admin } = setting;
  const checked = await setting.command(['check']);
  assert.match(checked.stdout, /^The database is in SQL_ASCII, so Postgres takes any bytes for text: /m);

  await using service = setting.run();
  await service.untilStreaming();
  await admin.query(`
    insert into shop.note values ('bad', ${bytes('78e979')}, null, true);
    insert into shop.note values ('unread', 'läßt', ${bytes('78e979')}), ('after', 'words', null)`);
  await setting.assertConverged();
  const letters = await readLetters(setting);
  assert.deepEqual([...letters.keys()], ['bad']);
  assert.match(letters.get('bad')?.reason ?? '', /a byte is not text in the encoding.* \(SQLSTATE 22021\)$/);
  assert.deepEqual(differing((await verify(setting)).of('notes')), { deadLettered: ['bad'] });

  // A key of such bytes can be no id, and cannot be named.
  await admin.query(`insert into shop.note values (${bytes('6be9')}, 'words', null, true)`);
  assert.deepEqual(await service.ended, { code: 1, signal: null });
  assert.match(
    service.log,
    /PROJ_QUERY_REFUSED: Postgres cannot give the keys of shop.note, of which notes is made/,
  );
  await admin.query(`update shop.note set id = 'key', is_bad = false where id = ${bytes('6be9')}`);
  await using next = setting.run();
  await setting.assertConverged();
  await next.stop();
});
