import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from './support/setting.ts';

const BOOKS = 4_000;
const PAGES = 5;
/** What a transaction touches first is not held back: it may be a small one. */
const FIRST = 1_000;

const books = {
  sql: `create schema book;
        create table book.books (id int primary key);
        create table book.pages (book_id int references book.books, number int, primary key (book_id, number))`,
  definitions: {
    'books.yaml': `
index: books
root: book.books
fields:
  id: id
  pages: { many: pages, value: number, order: [value] }
`,
  },
  expected: {
    books: `select id::text, jsonb_build_object('id', id, 'pages', (
              select coalesce(jsonb_agg(number order by number), '[]') from book.pages where book_id = id
            )) from book.books`,
  },
};

describe('a large transaction', () => {
  it('has each document written once, in whatever order its rows come', async (t) => {
    await using setting = await openSetting(t, { own: books });
    await setting.admin.query(`insert into book.books select generate_series(1, ${BOOKS})`);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    const before = await service.until(() => true);

    // The first page of every book, then the second: the next row of a book is as far away as can be.
    await setting.admin.query(`insert into book.pages select book, page
                               from generate_series(1, ${PAGES}) page, generate_series(1, ${BOOKS}) book
                               order by page, book`);
    await setting.assertConverged();
    const after = await service.until(({ changes }) => changes >= before.changes + BOOKS * PAGES);
    const written = after.written - before.written;
    assert.ok(written >= BOOKS && written <= BOOKS + FIRST, `${written} documents were written`);
    await service.stop();
  });
});
