import type { ClientBase } from 'pg';
import {
  filmIsCalled,
  filmIsGone,
  filmIsOf,
  genreCounts,
  personIsCalled,
  titlesSay,
  type Evidence,
} from './evidence.ts';
import { count } from './screen.ts';

/** One edit of the films' database, made in one transaction. */
export interface Edit {
  readonly what: string;
  /** Makes the edit in the open transaction, and says what a search has to find once it has arrived. */
  readonly make: () => Promise<Evidence[]>;
}

const manyFilms = 5_000;

/** A minute in the life of the demo's films, in this order. */
export async function scriptEdits(client: ClientBase): Promise<Edit[]> {
  const film = (title: string, year: number): Promise<string> =>
    text(
      client,
      'select id from content.film_work where title = $1 and extract(year from creation_date) = $2',
      [title, year],
    );
  const [raiders, cranes, alien, gigli] = [
    await film('Raiders of the Lost Ark', 1981),
    await film('The Cranes Are Flying', 1957),
    await film('Alien', 1979),
    await film('Gigli', 2003),
  ];
  const wachowski = await text(client, 'select id from content.person where full_name = $1', [
    'Andy Wachowski',
  ]);
  const [busiest, busiestName] = await firstRow(
    client,
    `select person_id, full_name
       from content.person_film_work
       join content.person on person.id = person_id
      group by person_id, full_name
      order by count(distinct film_work_id) desc, person_id
      limit 1`,
  );
  const films = await number(
    client,
    'select count(distinct film_work_id) from content.person_film_work where person_id = $1',
    [busiest],
  );

  return [
    {
      what: 'Put "Indiana Jones and the" before "Raiders of the Lost Ark"',
      make: () => retitle(client, raiders, 'Indiana Jones and the Raiders of the Lost Ark'),
    },
    {
      what: 'Give "The Cranes Are Flying" its Russian title back',
      make: () => retitle(client, cranes, 'Летят журавли (The Cranes Are Flying)'),
    },
    {
      what: 'Rename Andy Wachowski to Lilly Wachowski',
      make: () => rename(client, wachowski, 'Lilly Wachowski'),
    },
    {
      what: `Rename ${busiestName}, who has ${count(films)} films`,
      make: () => rename(client, busiest, `${busiestName} the Tireless`),
    },
    { what: 'Add the genre Thriller to "Alien"', make: () => addGenre(client, alien, 'Thriller') },
    { what: 'Remove it again', make: () => removeGenre(client, alien, 'Thriller') },
    { what: 'Delete "Gigli", its links going with it', make: () => deleteFilm(client, gigli) },
    {
      what: `Mark the ${count(manyFilms)} oldest titles "(restored in 4K)", in one transaction`,
      make: () => restoreOldest(client, manyFilms),
    },
  ];
}

async function retitle(client: ClientBase, film: string, title: string): Promise<Evidence[]> {
  await client.query('update content.film_work set title = $2 where id = $1', [film, title]);
  return filmIsCalled(
    film,
    title,
    await number(
      client,
      'select count(distinct person_id) from content.person_film_work where film_work_id = $1',
      [film],
    ),
  );
}

async function rename(client: ClientBase, person: string, name: string): Promise<Evidence[]> {
  await client.query('update content.person set full_name = $2 where id = $1', [person, name]);
  return personIsCalled(
    person,
    name,
    await number(
      client,
      'select count(distinct film_work_id) from content.person_film_work where person_id = $1',
      [person],
    ),
  );
}

async function addGenre(client: ClientBase, film: string, genre: string): Promise<Evidence[]> {
  await client.query(
    `insert into content.genre_film_work (film_work_id, genre_id)
     select $1, id from content.genre where name = $2`,
    [film, genre],
  );
  return [filmIsOf(genre, film, true), await countOf(client, genre)];
}

async function removeGenre(client: ClientBase, film: string, genre: string): Promise<Evidence[]> {
  await client.query(
    `delete from content.genre_film_work
      where film_work_id = $1
        and genre_id = (select id from content.genre where name = $2)`,
    [film, genre],
  );
  return [filmIsOf(genre, film, false), await countOf(client, genre)];
}

async function deleteFilm(client: ClientBase, film: string): Promise<Evidence[]> {
  const { rows } = await client.query<{ name: string }>(
    `select name
       from content.genre
       join content.genre_film_work on genre_id = genre.id
      where film_work_id = $1
      order by name`,
    [film],
  );
  await client.query('delete from content.film_work where id = $1', [film]);
  const counts: Evidence[] = [];
  for (const { name } of rows) counts.push(await countOf(client, name));
  return [...filmIsGone(film), ...counts];
}

async function restoreOldest(client: ClientBase, films: number): Promise<Evidence[]> {
  await client.query(
    `update content.film_work
        set title = title || ' (restored in 4K)'
      where id in (select id from content.film_work order by creation_date, id limit $1)`,
    [films],
  );
  const people = await number(
    client,
    `select count(distinct person_id)
       from content.person_film_work
       join content.film_work on film_work.id = film_work_id
      where title like '% (restored in 4K)'`,
  );
  return titlesSay('restored in 4K', films, people);
}

async function countOf(client: ClientBase, genre: string): Promise<Evidence> {
  const films = await number(
    client,
    `select count(*)
       from content.genre_film_work
       join content.genre on genre.id = genre_id
      where name = $1`,
    [genre],
  );
  return genreCounts(genre, films);
}

async function firstRow(
  client: ClientBase,
  sql: string,
  values: readonly unknown[] = [],
): Promise<[string, string]> {
  const { rows } = await client.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' });
  const [first] = rows;
  if (first === undefined) throw new Error(`the films lack what the demo edits: ${values.join(', ')}`);
  return [String(first[0]), String(first[1])];
}

async function text(client: ClientBase, sql: string, values: readonly unknown[]): Promise<string> {
  return (await firstRow(client, sql, values))[0];
}

async function number(client: ClientBase, sql: string, values: readonly unknown[] = []): Promise<number> {
  return Number((await firstRow(client, sql, values))[0]);
}
