import { z } from 'zod';
import { filmTypes, maxRating, type Role } from '../../shared/limits.ts';
import { film, id, type Film, type Stored } from '../../shared/rows.ts';
import type { Query } from '../database.ts';
import { containing, paging, searchText, type Resource } from './resource.ts';

export type FilmRow = Film & Stored;

const filter = z.strictObject({
  ...paging,
  sort: z.enum(['title', 'creation_date', 'rating', 'type', 'modified']).default('title'),
  q: searchText,
  type: z.enum(filmTypes).optional(),
  genre: id.optional(),
  person: id.optional(),
  rating_from: z.coerce.number().min(0).max(maxRating).optional(),
  rating_to: z.coerce.number().min(0).max(maxRating).optional(),
  year_from: z.coerce.number().int().min(1).max(9999).optional(),
  year_to: z.coerce.number().int().min(1).max(9999).optional(),
});

type FilmFilter = z.output<typeof filter>;

/** With its links. */
const columns = `
  id, title, description, creation_date, certificate, file_path, rating, type, modified,
  array(
    select genre_id
      from content.genre_film_work
      join content.genre on genre.id = genre_id
     where film_work_id = film_work.id
     order by name
  ) as genres,
  array(
    select json_build_object('person_id', person_id, 'role', role)
      from content.person_film_work
      join content.person on person.id = person_id
     where film_work_id = film_work.id
     order by array_position(array['director', 'writer', 'actor'], role), full_name, person_id
  ) as people`;

export const films: Resource<Film, FilmRow, FilmFilter> = {
  name: 'films',
  table: 'film_work',
  input: film,
  filter,
  columns,
  matching: `
    ($1::text is null or title ilike $1)
    and ($2::text is null or type = $2)
    and ($3::uuid is null or exists (
      select from content.genre_film_work where film_work_id = film_work.id and genre_id = $3))
    and ($4::uuid is null or exists (
      select from content.person_film_work where film_work_id = film_work.id and person_id = $4))
    and ($5::float8 is null or rating >= $5)
    and ($6::float8 is null or rating <= $6)
    and ($7::int is null or creation_date >= make_date($7, 1, 1))
    and ($8::int is null or creation_date <= make_date($8, 12, 31))`,
  parameters: ({ q, type, genre, person, rating_from, rating_to, year_from, year_to }) => [
    containing(q),
    type,
    genre,
    person,
    rating_from,
    rating_to,
    year_from,
    year_to,
  ],

  async insert(query, input) {
    const [row] = await query<{ id: string }>(
      `insert into content.film_work (title, description, creation_date, certificate, file_path, rating, type)
       values ($1, $2, $3, $4, $5, $6, $7)
       returning id`,
      valuesOf(input),
    );
    const filmId = row?.id ?? '';
    await linkGenres(query, filmId, input.genres);
    await linkPeople(query, filmId, input.people);
    return filmId;
  },

  async update(query, filmId, input) {
    const genresChanged = await linkGenres(query, filmId, input.genres);
    const peopleChanged = await linkPeople(query, filmId, input.people);
    // Links are part of what an editor sees as the film, so they count for its version.
    await query(
      `update content.film_work
          set title = $2, description = $3, creation_date = $4, certificate = $5, file_path = $6, rating = $7,
              type = $8, modified = case when $9 then now() else modified end
        where id = $1`,
      [filmId, ...valuesOf(input), genresChanged || peopleChanged],
    );
  },

  touches: (row) => row.id,
};

function valuesOf(input: Film): unknown[] {
  const { title, description, creation_date, certificate, file_path, rating, type } = input;
  return [title, description, creation_date, certificate, file_path, rating, type];
}

/** Makes these a film's genres; says whether they were others. Links that stay are left alone. */
async function linkGenres(query: Query, filmId: string, genres: readonly string[]): Promise<boolean> {
  const gone = await query(
    `delete from content.genre_film_work
      where film_work_id = $1 and genre_id <> all ($2::uuid[])
  returning id`,
    [filmId, genres],
  );
  const added = await query(
    `insert into content.genre_film_work (film_work_id, genre_id)
     select $1, genre_id from unnest($2::uuid[]) as genre_id
         on conflict (film_work_id, genre_id) do nothing
  returning id`,
    [filmId, genres],
  );
  return gone.length + added.length > 0;
}

/** Makes these a film's people; says whether they were others. Links that stay are left alone. */
async function linkPeople(
  query: Query,
  filmId: string,
  people: readonly { readonly person_id: string; readonly role: Role }[],
): Promise<boolean> {
  const parameters = [filmId, people.map((each) => each.person_id), people.map((each) => each.role)];
  const gone = await query(
    `delete from content.person_film_work
      where film_work_id = $1
        and (person_id, role) not in (select * from unnest($2::uuid[], $3::text[]))
  returning id`,
    parameters,
  );
  const added = await query(
    `insert into content.person_film_work (film_work_id, person_id, role)
     select $1, person_id, role from unnest($2::uuid[], $3::text[]) as credit (person_id, role)
         on conflict (film_work_id, person_id, role) do nothing
  returning id`,
    parameters,
  );
  return gone.length + added.length > 0;
}
