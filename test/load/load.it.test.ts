import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Client } from 'pg';
import { generatedFilms } from '../../dev/load/generated-films.ts';
import { identity } from '../../dev/load/identity.ts';
import { LoadError } from '../../dev/load/load-error.ts';
import { loadFilms } from '../../dev/load/load.ts';
import { ndjsonFilms } from '../../dev/load/ndjson-films.ts';
import { realFilms } from '../../dev/load/real-films.ts';
import { tables, type Batch, type Table } from '../../dev/load/rows.ts';
import { openSqliteFilms } from '../../dev/load/sqlite-films.ts';
import { createDatabase, type TestDatabase } from '../support/servers.ts';
import { oldDatabase, oldRows, oldTables } from './old-database.ts';

const nothing = { genre: 0, person: 0, film_work: 0, genre_film_work: 0, person_film_work: 0 };

describe('loading', () => {
  let database: TestDatabase;
  let client: Client & AsyncDisposable;

  before(async () => {
    database = await createDatabase();
    client = await database.connect();
  });

  beforeEach(() => client.query('truncate content.film_work, content.genre, content.person cascade'));

  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
  });

  /** A digest of every row of every table. */
  async function digest(): Promise<unknown> {
    const { rows } = await client.query(`
      select (select md5(string_agg(t::text, '' order by id)) from content.film_work as t) as films,
             (select md5(string_agg(t::text, '' order by id)) from content.genre as t) as genres,
             (select md5(string_agg(t::text, '' order by id)) from content.person as t) as persons,
             (select md5(string_agg(t::text, '' order by id)) from content.genre_film_work as t) as genre_links,
             (select md5(string_agg(t::text, '' order by id)) from content.person_film_work as t) as person_links`);
    return rows[0];
  }

  async function counts(): Promise<Record<Table, number>> {
    const { rows } = await client.query<Record<Table, number>>(`
      select (select count(*)::int from content.genre) as genre,
             (select count(*)::int from content.person) as person,
             (select count(*)::int from content.film_work) as film_work,
             (select count(*)::int from content.genre_film_work) as genre_film_work,
             (select count(*)::int from content.person_film_work) as person_film_work`);
    assert.ok(rows[0]);
    return rows[0];
  }

  /** Loads twice and checks that the report is true and that the second time changes nothing. */
  async function loadTwice(open: () => AsyncIterable<Batch>): Promise<void> {
    const before = await counts();
    const first = await loadFilms(client, open());
    const after = await counts();
    for (const table of tables) assert.equal(after[table] - before[table], first.inserted[table], table);
    assert.ok(first.inserted.film_work > 0);
    const loaded = await digest();
    assert.deepEqual(await loadFilms(client, open()), { films: first.films, inserted: nothing });
    assert.deepEqual(await digest(), loaded);
  }

  it('the real films twice changes nothing', async () => {
    await loadTwice(realFilms);
    const { rows } = await client.query(`
      select f.rating, f.creation_date::text,
             (select array_agg(g.name order by g.name)
                from content.genre_film_work l join content.genre g on g.id = l.genre_id
               where l.film_work_id = f.id) as genres,
             (select array_agg(p.full_name || ', ' || l.role order by p.full_name)
                from content.person_film_work l join content.person p on p.id = l.person_id
               where l.film_work_id = f.id) as persons
        from content.film_work f
       where f.title = 'Fargo'`);
    assert.deepEqual(rows, [
      {
        rating: 8.3,
        creation_date: '1996-03-08',
        genres: ['Crime', 'Drama', 'Thriller'],
        persons: ['Joel Coen, director'],
      },
    ]);
  });

  it('generated films twice changes nothing, and more of them adds the further ones', async () => {
    await loadTwice(() => generatedFilms({ films: 5000, seed: 1 }));
    const before = await digest();
    const { films, inserted } = await loadFilms(client, generatedFilms({ films: 5200, seed: 1 }));
    assert.equal(films, 5200);
    assert.equal(inserted.film_work, 200);
    assert.notDeepEqual(await digest(), before);
  });

  it('a file of JSON lines twice changes nothing, nor does what its text looks like to COPY', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'load-'));
    const path = join(folder.path, 'films.ndjson');
    const title = `Tab\there, line\nthere, \\N and \\. and 'quotes' and "these" and Ёлка 🎬`;
    await writeFile(path, JSON.stringify({ title, year: 2001, genres: ['\\N'], cast: ['A\\tB'] }));
    await loadTwice(() => ndjsonFilms(path));
    const { rows } = await client.query(`
      select title, creation_date::text as date, (select name from content.genre) as genre,
             (select full_name from content.person) as person
        from content.film_work`);
    assert.deepEqual(rows, [{ title, date: '2001-01-01', genre: '\\N', person: 'A\\tB' }]);
  });

  it('an older SQLite database twice changes nothing; its times are kept, and are UTC without a zone', async () => {
    await using old = await oldDatabase(oldTables, oldRows);
    using films = openSqliteFilms(old.path);
    await client.query(`set timezone = 'America/New_York'`);
    await loadTwice(() => films.batches());
    await client.query(`set timezone = 'UTC'`);
    const { rows } = await client.query(`
      select f.title, f.type, f.created::text, f.modified::text, p.created::text as person
        from content.film_work f, content.person p where f.title = 'Star Wars'`);
    assert.deepEqual(rows, [
      {
        title: 'Star Wars',
        type: 'movie',
        created: '2021-06-16 20:14:09.221838+00',
        modified: '2021-06-16 22:00:00+00',
        person: '2021-06-16 20:14:09+00',
      },
    ]);
    const { rows: unknown } = await client.query(`
      select type, rating, creation_date, now() - created < '1 minute' as just_now, modified = created as same
        from content.film_work where title = 'Trek'`);
    assert.deepEqual(unknown, [
      { type: null, rating: null, creation_date: null, just_now: true, same: true },
    ]);
  });

  it('leaves alone what somebody has edited since', async () => {
    await loadFilms(client, generatedFilms({ films: 20, seed: 1 }));
    await client.query(`
      update content.film_work set title = 'Mine', rating = 1;
      update content.genre set name = 'My ' || name;
      update content.person set full_name = 'Me'`);
    const edited = await digest();
    const { inserted } = await loadFilms(client, generatedFilms({ films: 20, seed: 1 }));
    assert.deepEqual(inserted, nothing);
    assert.deepEqual(await digest(), edited);
  });

  it('links to the genre that has the name already, also under another id', async () => {
    await client.query(`insert into content.genre (name) values ('Adventure'), ('Drama')`);
    await using old = await oldDatabase(oldTables, oldRows);
    using films = openSqliteFilms(old.path);
    await loadTwice(() => films.batches());
    const { rows } = await client.query(`
      select g.name, count(*)::int as films
        from content.genre_film_work l join content.genre g on g.id = l.genre_id group by g.name`);
    assert.deepEqual(rows, [{ name: 'Adventure', films: 2 }]);
  });

  it('tells of its progress, film by film loaded', async () => {
    const progress: number[] = [];
    await loadFilms(client, generatedFilms({ films: 4500, seed: 1 }), {
      onProgress: (films) => progress.push(films),
    });
    assert.deepEqual(progress, [2000, 4000, 4500]);
  });

  describe('loads nothing', () => {
    const film = {
      id: identity('a film'),
      title: 'T',
      description: null,
      creation_date: null,
      certificate: null,
      file_path: null,
      rating: null,
      type: null,
      created: null,
      modified: null,
    };
    const empty = { genre: [], person: [], film_work: [], genre_film_work: [], person_film_work: [] };

    async function* goodThen(next: () => Batch): AsyncGenerator<Batch> {
      yield* generatedFilms({ films: 10, seed: 1 });
      await Promise.resolve();
      yield next();
    }

    it('when the source fails', async () => {
      const failed = new Error('The disk is gone');
      await assert.rejects(
        loadFilms(
          client,
          goodThen(() => {
            throw failed;
          }),
        ),
        failed,
      );
      assert.deepEqual(await counts(), nothing);
    });

    it('when Postgres refuses a row, in COPY or after it', async () => {
      const badId = goodThen(() => ({ ...empty, film_work: [{ ...film, id: 'no uuid' }] }));
      await assert.rejects(loadFilms(client, badId), { code: '22P02' });
      assert.deepEqual(await counts(), nothing);

      const badRating = goodThen(() => ({ ...empty, film_work: [{ ...film, rating: 11 }] }));
      await assert.rejects(loadFilms(client, badRating), { code: '23514' });
      assert.deepEqual(await counts(), nothing);
    });

    it('when it is aborted', async () => {
      const abort = new AbortController();
      await assert.rejects(
        loadFilms(client, generatedFilms({ films: 6000, seed: 1 }), {
          signal: abort.signal,
          onProgress: () => abort.abort(),
        }),
        { name: 'AbortError' },
      );
      assert.deepEqual(await counts(), nothing);
    });

    it('and the connection serves on', async () => {
      await assert.rejects(
        loadFilms(
          client,
          goodThen(() => ({ ...empty, film_work: [{ ...film, id: 'x' }] })),
        ),
      );
      assert.equal((await loadFilms(client, generatedFilms({ films: 10, seed: 1 }))).inserted.film_work, 10);
    });
  });

  it("asks for the films' schema where there is none", async () => {
    await using without = await createDatabase({ schema: 'none' });
    await using connected = await without.connect();
    await assert.rejects(
      loadFilms(connected, realFilms()),
      new LoadError(
        'The database lacks content.genre, content.person, content.film_work, content.genre_film_work, ' +
          'content.person_film_work. Run the files of sql/ on it first, in the order of their names.',
      ),
    );
  });

  it("may be done by the admin site's role", async () => {
    await client.query('set role films_admin');
    try {
      const { inserted } = await loadFilms(client, generatedFilms({ films: 10, seed: 1 }));
      assert.equal(inserted.film_work, 10);
    } finally {
      await client.query('reset role');
    }
  });
});
