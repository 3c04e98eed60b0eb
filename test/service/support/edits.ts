import type { Client } from 'pg';
import { below, chance, pick, type Random } from '../../../dev/load/random.ts';

/** One random statement on the films' tables. It may find nothing to change. */
export type Edit = (client: Client, random: Random) => Promise<unknown>;

type Table = 'film_work' | 'genre' | 'person' | 'genre_film_work' | 'person_film_work';

export function randomUuid(random: Random): string {
  const hex = randomHex(random);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** 32 digits. */
function randomHex(random: Random): string {
  const digits = (): string => below(random, 2 ** 32).toString(16);
  return Array.from({ length: 4 }, () => digits().padStart(8, '0')).join('');
}

/** A name that is new each time, now and then with what JSON has to escape. */
function randomName(random: Random): string {
  return `${pick(random, ['Solaris', 'Зеркало', 'Le "Miroir"', 'a\\b\n\tc', '🎬'])} ${below(random, 1e9)}`;
}

/**
 * A text that is now and then long enough to be stored apart from its row. It is of few words, since the words are what
 * Elasticsearch's time goes to.
 */
function randomText(random: Random): string {
  const text = randomName(random);
  return chance(random, 0.05) ? text + Array.from({ length: 150 }, () => randomHex(random)).join('') : text;
}

/** Selects the id of some row: the first at or after a random one. Null when there is none. */
function some(table: Table, parameter: number): string {
  return `(select id from content.${table} where id >= $${parameter} order by id limit 1)`;
}

const role = (random: Random): string => pick(random, ['actor', 'writer', 'director']);

const insertFilm: Edit = (client, random) =>
  client.query('insert into content.film_work (id, title, description, rating) values ($1, $2, $3, $4)', [
    randomUuid(random),
    randomText(random),
    chance(random, 0.3) ? null : randomText(random),
    chance(random, 0.3) ? null : below(random, 100) / 10,
  ]);

const insertGenre: Edit = (client, random) =>
  client.query('insert into content.genre (id, name) values ($1, $2) on conflict do nothing', [
    randomUuid(random),
    randomName(random),
  ]);

const insertPerson: Edit = (client, random) =>
  client.query('insert into content.person (id, full_name) values ($1, $2)', [
    randomUuid(random),
    randomText(random),
  ]);

const setColumn =
  (table: Table, column: string, value: (random: Random) => unknown): Edit =>
  (client, random) =>
    client.query(`update content.${table} set ${column} = $2 where id = ${some(table, 1)}`, [
      randomUuid(random),
      value(random),
    ]);

const deleteSome =
  (table: Table): Edit =>
  (client, random) =>
    client.query(`delete from content.${table} where id = ${some(table, 1)}`, [randomUuid(random)]);

/** The links cascade. */
const changeKey =
  (table: Table): Edit =>
  (client, random) =>
    client.query(`update content.${table} set id = $2 where id = ${some(table, 1)}`, [
      randomUuid(random),
      randomUuid(random),
    ]);

const linkGenre: Edit = (client, random) =>
  client.query(
    `insert into content.genre_film_work (id, film_work_id, genre_id)
     select $1, f.id, g.id
     from (select ${some('film_work', 2)} as id) f, (select ${some('genre', 3)} as id) g
     where f.id is not null and g.id is not null
     on conflict do nothing`,
    [randomUuid(random), randomUuid(random), randomUuid(random)],
  );

const linkPerson: Edit = (client, random) =>
  client.query(
    `insert into content.person_film_work (id, film_work_id, person_id, role)
     select $1, f.id, p.id, $4
     from (select ${some('film_work', 2)} as id) f, (select ${some('person', 3)} as id) p
     where f.id is not null and p.id is not null
     on conflict do nothing`,
    [randomUuid(random), randomUuid(random), randomUuid(random), role(random)],
  );

/** Moves a link to another film, genre or person, where there is one. */
const moveLink =
  (table: 'genre_film_work' | 'person_film_work', column: string, to: Table): Edit =>
  (client, random) =>
    client.query(
      `update content.${table} l set ${column} = t.id
       from (select ${some(to, 2)} as id) t
       where l.id = ${some(table, 1)} and t.id is not null`,
      [randomUuid(random), randomUuid(random)],
    );

/** Swaps the films of two links in one statement each, by way of a deletion. */
const replaceLink: Edit = async (client, random) => {
  await client.query(
    `with gone as (
       delete from content.person_film_work where id = ${some('person_film_work', 1)} returning *
     )
     insert into content.person_film_work (id, film_work_id, person_id, role)
     select $2, film_work_id, person_id, $3 from gone
     on conflict do nothing`,
    [randomUuid(random), randomUuid(random), role(random)],
  );
};

/** Touches many documents at once. */
const rateMany: Edit = (client, random) =>
  client.query(
    `update content.film_work set rating = $2
     where id in (select id from content.film_work where id >= $1 order by id limit 60)`,
    [randomUuid(random), below(random, 100) / 10],
  );

const castMany: Edit = (client, random) =>
  client.query(
    `insert into content.person_film_work (film_work_id, person_id, role)
     select f.id, p.id, $3
     from (select id from content.film_work where id >= $1 order by id limit 30) f,
          (select ${some('person', 2)} as id) p
     where p.id is not null
     on conflict do nothing`,
    [randomUuid(random), randomUuid(random), role(random)],
  );

const changeNothing: Edit = (client, random) =>
  client.query(`update content.person set full_name = full_name where id = ${some('person', 1)}`, [
    randomUuid(random),
  ]);

const truncate =
  (what: string): Edit =>
  (client) =>
    client.query(`truncate ${what}`);

/** The links go too; other rows take their place. */
const replaceAll =
  (table: 'film_work' | 'genre', insert: Edit, count: number): Edit =>
  async (client, random) => {
    await client.query(`truncate content.${table} cascade`);
    for (let row = 0; row < count; row++) await insert(client, random);
  };

/** The edits, and how often each happens among all. */
const weighted: readonly (readonly [weight: number, edit: Edit])[] = [
  [70, insertFilm],
  [12, insertGenre],
  [50, insertPerson],
  [40, setColumn('film_work', 'title', randomText)],
  [20, setColumn('film_work', 'description', (random) => (chance(random, 0.2) ? null : randomText(random)))],
  [20, setColumn('film_work', 'rating', (random) => (chance(random, 0.2) ? null : below(random, 100) / 10))],
  [15, setColumn('genre', 'name', randomName)],
  [10, setColumn('genre', 'description', randomText)],
  [40, setColumn('person', 'full_name', randomText)],
  [25, deleteSome('film_work')],
  [6, deleteSome('genre')],
  [20, deleteSome('person')],
  [100, linkGenre],
  [180, linkPerson],
  [30, deleteSome('genre_film_work')],
  [40, deleteSome('person_film_work')],
  [25, moveLink('genre_film_work', 'film_work_id', 'film_work')],
  [25, moveLink('genre_film_work', 'genre_id', 'genre')],
  [40, moveLink('person_film_work', 'film_work_id', 'film_work')],
  [40, moveLink('person_film_work', 'person_id', 'person')],
  [25, setColumn('person_film_work', 'role', role)],
  [20, replaceLink],
  [20, changeKey('film_work')],
  [6, changeKey('genre')],
  [20, changeKey('person')],
  [10, changeKey('genre_film_work')],
  [10, changeKey('person_film_work')],
  [5, rateMany],
  [10, castMany],
  [10, changeNothing],
  [1.5, truncate('content.genre_film_work')],
  [1.5, truncate('content.person_film_work')],
  [0.5, replaceAll('genre', insertGenre, 15)],
  [0.5, replaceAll('film_work', insertFilm, 200)],
];

const total = weighted.reduce((sum, [weight]) => sum + weight, 0);

export function randomEdit(random: Random): Edit {
  let at = random() * total;
  for (const [weight, edit] of weighted) {
    at -= weight;
    if (at < 0) return edit;
  }
  return changeNothing;
}

/** Films, genres and persons with links between them, to begin with. */
export async function seedRows(client: Client, random: Random): Promise<void> {
  const edits = [
    ...new Array<Edit>(300).fill(insertFilm),
    ...new Array<Edit>(15).fill(insertGenre),
    ...new Array<Edit>(150).fill(insertPerson),
    ...new Array<Edit>(500).fill(linkGenre),
    ...new Array<Edit>(900).fill(linkPerson),
  ];
  await client.query('begin');
  for (const edit of edits) await edit(client, random);
  await client.query('commit');
}

/**
 * Lets the primary keys of films, genres and persons change while there are links to them: the links follow. The
 * schema that ships forbids it.
 */
export async function cascadeKeyChanges(client: Client): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(
    `select format('alter table %s drop constraint %I, add constraint %2$I %s on update cascade',
                   conrelid::regclass, conname, pg_get_constraintdef(oid)) as sql
     from pg_constraint where contype = 'f' and connamespace = 'content'::regnamespace`,
  );
  for (const { sql } of rows) await client.query(sql);
}
