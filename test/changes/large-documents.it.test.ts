import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { peakMemoryMib } from '../../bench/bed/process-usage.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';

const MIB = 20;
const DOCUMENTS = 6;
/** All of them at once would take several times as much. */
const MAX_RESIDENT_MIB = 450;
const TIMEOUT_MS = 180_000;

/** Documents that are large by one value, and by many rows. */
const archive: OwnSchema = {
  sql: `
    create schema archive;
    create table archive.book (id integer primary key, title text, body text);
    create table archive.page (id serial primary key, book_id integer not null references archive.book, text text);
    alter table archive.page replica identity full;
    create index on archive.page (book_id);
    insert into archive.book select i, 'Book ' || i, repeat('ж word ', ${MIB * 2 ** 17})
      from generate_series(1, ${DOCUMENTS}) i;
    insert into archive.book values (100, 'Small', 'words'), (101, 'Paged', null);
    insert into archive.page (book_id, text) select 101, i || repeat(' word', 200) from generate_series(1, ${MIB * 2 ** 10}) i`,
  definitions: {
    'books.yaml': `
index: books
root: archive.book
fields: { title: title, body: body, pages: { many: page, value: text } }
mappings: { dynamic: false, properties: { title: { type: keyword } } }
`,
  },
  expected: {},
};

it(`documents of ${MIB} MiB are followed, in bounded memory`, async (t) => {
  await using setting = await openSetting(t, { own: archive });
  const { admin } = setting;
  await using service = setting.spawn();
  await service.until(({ state }) => state === 'streaming', { timeoutMs: TIMEOUT_MS });
  await assertSame(setting);
  await admin.query(`
    update archive.book set title = title || '!';
    insert into archive.page (book_id, text) values (100, 'last'), (101, 'last')`);
  await assertSame(setting);
  const peak = peakMemoryMib(service.pid);
  t.diagnostic(`${Math.round(peak)} MiB resident at most`);
  assert.ok(peak < MAX_RESIDENT_MIB, `${peak} MiB resident`);
  await service.stop();
});

interface Book {
  readonly title: string;
  readonly body: string | null;
  readonly pages: readonly string[];
}

/** Compares digests, one document after the other. */
async function assertSame(setting: Setting): Promise<void> {
  await setting.covered(TIMEOUT_MS);
  const { rows } = await setting.admin.query<{ id: string; title: string; body: string; pages: string }>(
    `select b.id::text, b.title, md5(coalesce(b.body, '')) as body, md5(coalesce(p.pages, '')) as pages
     from archive.book b
     left join (select book_id, string_agg(text, '|' order by id) as pages from archive.page group by book_id) p
       on p.book_id = b.id`,
  );
  for (const { id, ...expected } of rows) {
    const { title, body, pages } = (await setting.document('books', id))?.source as Book;
    assert.deepEqual({ title, body: md5(body ?? ''), pages: md5(pages.join('|')) }, expected);
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
