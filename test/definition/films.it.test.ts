import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { identityProblems } from '../../src/definition/identity.ts';
import { preparePlan } from '../../src/definition/prepare.ts';
import { createDatabase } from '../support/servers.ts';
import { type Documents, prepare, readDocuments, readPages } from './database.ts';

const shipped = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../definitions');

const rowsSql = `
insert into content.genre (id, name, description)
  select md5('g' || i)::uuid, 'Genre ' || i, nullif('about ' || i, 'about 2') from generate_series(1, 6) as i;
insert into content.person (id, full_name)
  select md5('p' || i)::uuid, (array['Ann', 'Bo "B" Bo', 'Cy\\D'])[1 + i % 3] || ' ' || i % 7 from generate_series(1, 40) as i;
insert into content.film_work (id, title, description, creation_date, rating, type)
  select md5('f' || i)::uuid, 'Film' || chr(9) || i, case when i % 3 > 0 then E'two\\nlines' end,
         case when i % 5 > 0 then make_date(1900 + i, 1, i % 28 + 1) end,
         case when i % 4 > 0 then (i % 10) + 0.1 end, case when i % 2 > 0 then 'movie' end
    from generate_series(1, 60) as i;
insert into content.genre_film_work (film_work_id, genre_id)
  select md5('f' || i)::uuid, md5('g' || j)::uuid from generate_series(1, 60) as i, generate_series(1, 5) as j where i % (j + 1) = 0;
insert into content.person_film_work (film_work_id, person_id, role)
  select md5('f' || i)::uuid, md5('p' || j)::uuid, role
    from generate_series(1, 60) as i, generate_series(1, 40) as j, unnest(array['actor', 'writer', 'director']) as role
   where (i * 7 + j * 3 + length(role)) % 23 = 0;`;

interface Row {
  readonly [column: string]: string | number | null;
}

/** The documents of the shipped definitions, put together from the rows here. */
async function assemble(read: (table: string) => Promise<Row[]>): Promise<Record<string, Documents>> {
  const [films, genres, persons] = [await read('film_work'), await read('genre'), await read('person')];
  const [filmGenres, filmPersons] = [await read('genre_film_work'), await read('person_film_work')];
  const find = (rows: Row[], id: unknown): Row => rows.find((row) => row['id'] === id) ?? assert.fail();
  const compare = (a: unknown[], b: unknown[]): number => {
    const at = a.findIndex((value, i) => value !== b[i]);
    return at < 0 ? 0 : String(a[at]) < String(b[at]) ? -1 : 1;
  };
  const people = (film: Row, role: string): { id: unknown; name: unknown }[] =>
    filmPersons
      .filter((link) => link['film_work_id'] === film['id'] && link['role'] === role)
      .map((link) => ({ id: link['person_id'], name: find(persons, link['person_id'])['full_name'] }))
      .sort((a, b) => compare([a.name, a.id], [b.name, b.id]));
  const byId = (rows: Row[], document: (row: Row) => object): Documents =>
    new Map(rows.map((row) => [String(row['id']), document(row)]));
  return {
    movies: byId(films, (film) => ({
      id: film['id'],
      imdb_rating: film['rating'],
      genres: filmGenres
        .filter((link) => link['film_work_id'] === film['id'])
        .map((link) => find(genres, link['genre_id'])['name'])
        .sort(),
      title: film['title'],
      description: film['description'],
      creation_date: film['creation_date'],
      type: film['type'],
      directors: people(film, 'director'),
      actors: people(film, 'actor'),
      writers: people(film, 'writer'),
      actors_names: people(film, 'actor').map(({ name }) => name),
      writers_names: people(film, 'writer').map(({ name }) => name),
    })),
    genres: byId(genres, (genre) => ({
      id: genre['id'],
      name: genre['name'],
      description: genre['description'],
      film_count: filmGenres.filter((link) => link['genre_id'] === genre['id']).length,
    })),
    persons: byId(persons, (person) => ({
      id: person['id'],
      full_name: person['full_name'],
      films: filmPersons
        .filter((link) => link['person_id'] === person['id'])
        .map((link) => ({
          id: link['film_work_id'],
          title: find(films, link['film_work_id'])['title'],
          role: link['role'],
        }))
        .sort((a, b) => compare([a.title, a.id, a.role], [b.title, b.id, b.role])),
    })),
  };
}

describe('the shipped definitions', () => {
  it('give the documents that the rows make', async () => {
    await using database = await createDatabase();
    await using admin = await database.connect();
    await admin.query(rowsSql);
    await using service = await database.connect(database.url);
    const plan = await preparePlan(service, shipped);
    const expected = await assemble(async (table) =>
      (await admin.query<{ row: Row }>(`select to_json(t) as row from content.${table} as t`)).rows.map(
        ({ row }) => row,
      ),
    );
    assert.deepEqual(plan.indexes.map(({ name }) => name).sort(), ['genres', 'movies', 'persons']);
    for (const index of plan.indexes) {
      const documents = await readDocuments(service, index);
      assert.deepEqual(
        [...documents].sort(([a], [b]) => (a < b ? -1 : 1)),
        [...(expected[index.name] ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    }
  });

  it("find the films' replica identities in order", async () => {
    await using database = await createDatabase();
    await using service = await database.connect(database.url);
    const plan = await preparePlan(service, shipped);
    assert.deepEqual(identityProblems(plan.catalog, plan.tables), []);
    assert.deepEqual(
      plan.tables.map(({ schema, name }) => `${schema}.${name}`),
      ['film_work', 'genre', 'genre_film_work', 'person', 'person_film_work'].map(
        (name) => `content.${name}`,
      ),
    );
  });

  it('page the films of several persons, each once, in order', async () => {
    await using database = await createDatabase();
    await using admin = await database.connect();
    await admin.query(rowsSql);
    const plan = await preparePlan(admin, shipped);
    const person = plan.tables.find(({ name }) => name === 'person');
    const lookup = person?.routes.find(({ index }) => index === 'movies')?.lookup;
    assert.ok(lookup);
    const ids = ['p1', 'p2', 'p3'].map((name) => `md5('${name}')::uuid`).join(', ');
    const { rows } = await admin.query<{ film_work_id: string }>(
      `select distinct film_work_id from content.person_film_work where person_id in (${ids}) order by 1`,
    );
    const given = await admin.query<{ ids: string[] }>(`select array[${ids}]::text[] as ids`);
    const keys = await readPages(admin, lookup, [given.rows[0]?.ids], 2);
    assert.deepEqual(
      keys,
      rows.map((row) => [row.film_work_id]),
    );
  });
});

describe('a document', () => {
  it('may have any number of fields', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
    await client.query(`
      create schema s;
      create table s.wide (id integer primary key, ${names.map((name) => `${name} integer`).join(', ')});
      create table s.leaf (id integer primary key references s.wide);
      insert into s.wide values (1, ${names.map((_, i) => (i % 2 ? String(i) : 'null')).join(', ')});
      insert into s.leaf values (1);`);
    const fields = `{ ${names.map((name) => `${name}: ${name}`).join(', ')} }`;
    const plan = await prepare(client, {
      'wide.yaml': `index: wide\nroot: s.wide\nfields: ${fields}\n`,
      'leaf.yaml': `index: leaf\nroot: s.leaf\nfields: { wide: { one: wide, fields: ${fields} } }\n`,
    });
    const expected = Object.fromEntries(names.map((name, i) => [name, i % 2 ? i : null]));
    const [leaf, wide] = plan.indexes;
    assert.ok(leaf && wide);
    assert.deepEqual((await readDocuments(client, wide)).get('1'), expected);
    assert.deepEqual((await readDocuments(client, leaf)).get('1'), { wide: expected });
  });

  it('has every type of value as to_json writes it, and its id as the stream does', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      set timezone to 'UTC';
      create schema s;
      create type s.pair as (x integer, y text);
      create domain s.positive as integer check (value > 0);
      create table s.t (
        k1 boolean, k2 char(4), k3 numeric, k4 timestamptz, primary key (k1, k2, k3, k4),
        a bytea, b numeric, c jsonb, d json, e text[], f s.pair, g s.positive, h interval, i double precision,
        j time, k inet, l boolean, m "char", n text
      );
      insert into s.t values (true, 'a:', 1.50, '2024-01-01 00:00Z', '\\x01', 'NaN', '{"a": 1}', E'[1,\\n2]',
        '{a,"b,c",null}', '(1,x)', 3, '1 day', 'Infinity', '01:02', '10.0.0.1', false, 'q', E'\\u2028"\\\\\\t');`);
    const columns = 'a b c d e f g h i j k l m n'.split(' ');
    const text = `index: x\nroot: s.t\nfields: { ${columns.map((name) => `${name}: ${name}`).join(', ')}, k1: k1, k2: k2, k3: k3 }\n`;
    const plan = await prepare(client, { 'x.yaml': text });
    const documents = await readDocuments(client, plan.indexes[0] ?? assert.fail());
    const { rows } = await client.query<{ row: unknown }>(`select to_jsonb(t) - 'k4' as row from s.t`);
    assert.deepEqual([...documents], [['t:a%3A  :1.50:2024-01-01 00%3A00%3A00+00', rows[0]?.row]]);
  });
});
