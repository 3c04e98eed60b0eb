import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { LoadError } from '../../dev/load/load-error.ts';
import { openSqliteFilms } from '../../dev/load/sqlite-films.ts';
import { gather } from './gather.ts';
import { oldDatabase, oldRows, oldTables } from './old-database.ts';

/** Reads the database that these statements make; `FILE` stands for its path in messages. */
async function read(...statements: readonly string[]) {
  await using database = await oldDatabase(...statements);
  try {
    using films = openSqliteFilms(database.path);
    return { rows: await gather(films.batches()), repeatedLinks: films.repeatedLinks };
  } catch (error) {
    throw error instanceof LoadError ? new LoadError(error.message.replaceAll(database.path, 'FILE')) : error;
  }
}

/** The faults of a database of good rows and these statements, as lines. */
async function faults(...statements: readonly string[]): Promise<string[]> {
  try {
    await read(oldTables, oldRows, ...statements);
  } catch (error) {
    assert.ok(error instanceof LoadError);
    const [head, ...lines] = error.message.split('\n  ');
    assert.equal(head, 'FILE cannot be loaded:');
    return lines;
  }
  return [];
}

const film = "'3d825f60-9fff-4dfe-b294-1a45fa1e115d'";
const genre = "'120a21cf-9097-479e-904a-13dd7198c1dd'";
const person = "'26e83050-29ef-4163-a99d-b546cac208f8'";
const other = "'ffffffff-0000-4000-8000-00000000000a'";

describe('films from an older SQLite database', () => {
  it('come whole, with nulls as nulls and times as they are', async () => {
    const { rows, repeatedLinks } = await read(oldTables, oldRows);
    assert.equal(repeatedLinks, 0);
    assert.deepEqual(rows.film_work, [
      {
        id: '3d825f60-9fff-4dfe-b294-1a45fa1e115d',
        title: 'Star Wars',
        description: 'The Empire',
        creation_date: '1977-05-25',
        certificate: 'PG',
        file_path: 'films/sw.mp4',
        rating: 8.6,
        type: 'movie',
        created: '2021-06-16 20:14:09.221838+00',
        modified: '2021-06-17 01:00:00+03',
      },
      {
        id: '0312ed51-8833-413f-bff5-0e139c11264a',
        title: 'Trek',
        description: null,
        creation_date: null,
        certificate: null,
        file_path: null,
        rating: null,
        type: null,
        created: null,
        modified: null,
      },
    ]);
    assert.deepEqual(
      [rows.genre, rows.person, rows.genre_film_work, rows.person_film_work].map(({ length }) => length),
      [1, 1, 2, 1],
    );
  });

  it('may lack columns that may be null, and have others', async () => {
    const { rows } = await read(
      oldTables,
      oldRows,
      'alter table film_work drop column certificate; alter table person drop column birth_date;',
      'alter table genre add column colour text;',
    );
    assert.equal(rows.film_work[0]?.certificate, null);
    assert.equal(rows.person[0]?.birth_date, null);
  });

  it('may lie in tables without rowid', async () => {
    const { rows } = await read(
      oldTables
        .replace('id text, name text', 'id text primary key, name text')
        .replaceAll(/(create table genre \([^;]*\));/g, '$1 without rowid;'),
      oldRows,
    );
    assert.equal(rows.genre.length, 1);
  });

  it('have each link once, and say how many repeat another', async () => {
    const { rows, repeatedLinks } = await read(
      oldTables,
      oldRows,
      `insert into genre_film_work values (${other}, upper(${film}), ${genre}, null)`,
      `insert into person_film_work values (${other}, ${film}, ${person}, 'writer', null)`,
    );
    assert.equal(repeatedLinks, 1);
    assert.equal(rows.person_film_work.length, 2);
  });

  describe('are refused with table, row and column', () => {
    const one = `film_work row 3 (id "ffffffff-0000-4000-8000-00000000000a")`;
    const badFilms: readonly [columns: string, values: string, fault: string][] = [
      ['rating', '11', `${one}: rating: 11 is not from 0 to 10`],
      ['rating', '-0.5', `${one}: rating: -0.5 is not from 0 to 10`],
      ['rating', "'good'", `${one}: rating: "good" is not a number`],
      ['rating', '9e999', `${one}: rating: Infinity is not a number`],
      ['rating', '9223372036854775807', `${one}: rating: 9223372036854776000 is not from 0 to 10`],
      ['type', "'series'", `${one}: type: "series" is none of movie, tv_show`],
      ['creation_date', "'2021-02-30'", `${one}: creation_date: "2021-02-30" is not a date, YYYY-MM-DD`],
      ['creation_date', "'0000-01-01'", `${one}: creation_date: "0000-01-01" is not a date, YYYY-MM-DD`],
      ['creation_date', "''", `${one}: creation_date: "" is not a date, YYYY-MM-DD`],
      ['creation_date', "'1977'", `${one}: creation_date: 1977 is not a date, YYYY-MM-DD`],
      [
        'created_at',
        "'2021-06-16 25:00:00+00'",
        `${one}: created_at: "2021-06-16 25:00:00+00" is not a date and time`,
      ],
      ['updated_at', "'yesterday'", `${one}: updated_at: "yesterday" is not a date and time`],
      ['description', "x'00ff'", `${one}: description: a blob of 2 bytes is not text`],
    ];
    for (const [column, value, fault] of badFilms) {
      it(`${column} ${value}`, async () => {
        assert.deepEqual(
          await faults(`insert into film_work (id, title, ${column}) values (${other}, 'T', ${value})`),
          [fault],
        );
      });
    }

    it('ids that are none, come twice, or are null', async () => {
      assert.deepEqual(
        await faults(
          `insert into genre (id, name) values ('12', 'A'), (null, 'B'), (upper(${genre}), 'C')`,
          `insert into person_film_work values (${other}, ${film}, ${person}, 'writer', null),
                                               (${other}, ${film}, ${person}, 'director', null)`,
        ),
        [
          'genre row 2 (id "12"): id: "12" is not a UUID',
          'genre row 3 (id null): id: is null',
          'genre row 4 (id "120A21CF-9097-479E-904A-13DD7198C1DD"): id: "120A21CF-9097-479E-904A-13DD7198C1DD" is the id of row 1 already',
          'person_film_work row 3 (id "ffffffff-0000-4000-8000-00000000000a"): id: "ffffffff-0000-4000-8000-00000000000a" is the id of row 2 already',
        ],
      );
    });

    it('a title, a name or a role that is missing, and a name that two genres have', async () => {
      assert.deepEqual(
        await faults(
          `insert into film_work (id) values (${other})`,
          `insert into genre (id, name) values (${other}, 'Adventure')`,
          `insert into person (id) values (${other})`,
          `insert into person_film_work values (${other}, ${film}, ${person}, null, null)`,
          `insert into person_film_work values ('eeeeeeee-0000-4000-8000-00000000000a', ${film}, ${person}, 'producer', null)`,
        ),
        [
          'genre row 2 (id "ffffffff-0000-4000-8000-00000000000a"): name: "Adventure" is the name of row 1 already',
          'person row 2 (id "ffffffff-0000-4000-8000-00000000000a"): full_name: is null',
          'film_work row 3 (id "ffffffff-0000-4000-8000-00000000000a"): title: is null',
          'person_film_work row 2 (id "ffffffff-0000-4000-8000-00000000000a"): role: is null',
          'person_film_work row 3 (id "eeeeeeee-0000-4000-8000-00000000000a"): role: "producer" is none of actor, writer, director',
        ],
      );
    });

    it('links to what is not there', async () => {
      assert.deepEqual(
        await faults(
          `insert into genre_film_work values (${other}, ${film}, ${other}, null)`,
          `insert into person_film_work values (${other}, null, ${genre}, 'actor', null)`,
        ),
        [
          'genre_film_work row 3 (id "ffffffff-0000-4000-8000-00000000000a"): genre_id: "ffffffff-0000-4000-8000-00000000000a" is the id of no row of genre',
          'person_film_work row 2 (id "ffffffff-0000-4000-8000-00000000000a"): film_work_id: is null',
          'person_film_work row 2 (id "ffffffff-0000-4000-8000-00000000000a"): person_id: "120a21cf-9097-479e-904a-13dd7198c1dd" is the id of no row of person',
        ],
      );
    });

    it('up to twenty of them', async () => {
      const lines = await faults(
        `with recursive n(n) as (select 1 union all select n + 1 from n where n < 30)
         insert into person (id, full_name) select 'person ' || n, 'P' from n`,
      );
      assert.equal(lines.length, 21);
      assert.equal(lines[19], 'person row 21 (id "person 20"): id: "person 20" is not a UUID');
      assert.equal(lines[20], 'These are the first 20; there may be more.');
    });

    it('with long values cut short', async () => {
      const [line = ''] = await faults(
        `insert into film_work (id, title, type) values (${other}, 'T', '${'x'.repeat(500)}')`,
      );
      assert.ok(line.endsWith(`type: "${'x'.repeat(60)}…" is none of movie, tv_show`));
    });
  });

  it('are refused where tables or columns are missing', async () => {
    await assert.rejects(
      read(oldTables, 'drop table person; alter table person_film_work drop column role;'),
      new LoadError('FILE lacks table person, column person_film_work.role.'),
    );
  });

  it('are refused where the file is none, or no database', async () => {
    assert.throws(
      () => openSqliteFilms('no-such-file'),
      new LoadError('Cannot open no-such-file: unable to open database file'),
    );
    await using database = await oldDatabase();
    await writeFile(database.path, 'The quick brown fox '.repeat(100));
    assert.throws(
      () => openSqliteFilms(database.path),
      new LoadError(`Cannot read ${database.path}: file is not a database`),
    );
  });
});
