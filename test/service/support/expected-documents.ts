import type { Client } from 'pg';

/** The documents that the rows make, by index and id. */
export type ExpectedDocuments = Readonly<Record<'movies' | 'genres' | 'persons', Map<string, unknown>>>;

interface FilmRow {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly creation_date: string | null;
  readonly type: string | null;
  readonly rating: number | null;
}
interface GenreRow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
}
interface PersonRow {
  readonly id: string;
  readonly full_name: string;
}
interface GenreLink {
  readonly film_work_id: string;
  readonly genre_id: string;
}
interface PersonLink {
  readonly film_work_id: string;
  readonly person_id: string;
  readonly role: string;
}

/**
 * What the three indexes must hold, computed from the rows by plain selects of single tables that are put together
 * here: nothing of the product's own queries. Postgres sorts the rows, as it does for the documents.
 */
export async function expectedDocuments(client: Client): Promise<ExpectedDocuments> {
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    const films = await rowsOf<FilmRow>(client, 'film_work order by title, id', ', creation_date::text');
    const genres = await rowsOf<GenreRow>(client, 'genre order by name');
    const persons = await rowsOf<PersonRow>(client, 'person order by full_name, id');
    const genreLinks = await rowsOf<GenreLink>(client, 'genre_film_work');
    const personLinks = await rowsOf<PersonLink>(client, 'person_film_work order by role');
    return {
      movies: movies(films, genres, persons, genreLinks, personLinks),
      genres: new Map(
        genres.map(({ id, name, description }) => {
          const film_count = genreLinks.filter((link) => link.genre_id === id).length;
          return [id, { id, name, description, film_count }];
        }),
      ),
      persons: filmographies(films, persons, personLinks),
    };
  } finally {
    await client.query('rollback');
  }
}

/** With more columns, which replace those of the same name. */
async function rowsOf<Row extends object>(client: Client, from: string, more = ''): Promise<Row[]> {
  return (await client.query<Row>(`select *${more} from content.${from}`)).rows;
}

function movies(
  films: readonly FilmRow[],
  genres: readonly GenreRow[],
  persons: readonly PersonRow[],
  genreLinks: readonly GenreLink[],
  personLinks: readonly PersonLink[],
): Map<string, unknown> {
  const genresOf = Map.groupBy(genreLinks, (link) => link.film_work_id);
  const castOf = Map.groupBy(personLinks, (link) => link.film_work_id);
  return new Map(
    films.map(({ id, title, description, creation_date, type, rating }) => {
      const ofFilm = new Set(genresOf.get(id)?.map((link) => link.genre_id));
      const withRole = (role: string): { id: string; name: string }[] => {
        const ids = new Set(castOf.get(id)?.flatMap((link) => (link.role === role ? link.person_id : [])));
        return persons
          .filter((person) => ids.has(person.id))
          .map((person) => ({ id: person.id, name: person.full_name }));
      };
      const actors = withRole('actor');
      const writers = withRole('writer');
      const document = {
        id,
        imdb_rating: rating,
        genres: genres.filter((genre) => ofFilm.has(genre.id)).map(({ name }) => name),
        title,
        description,
        creation_date,
        type,
        directors: withRole('director'),
        actors,
        writers,
        actors_names: actors.map(({ name }) => name),
        writers_names: writers.map(({ name }) => name),
      };
      return [id, document];
    }),
  );
}

function filmographies(
  films: readonly FilmRow[],
  persons: readonly PersonRow[],
  links: readonly PersonLink[],
): Map<string, unknown> {
  const linksOf = Map.groupBy(links, (link) => link.person_id);
  const positions = new Map(films.map((film, position) => [film.id, { position, title: film.title }]));
  const positionOf = (link: PersonLink): number => positions.get(link.film_work_id)?.position ?? -1;
  return new Map(
    persons.map(({ id, full_name }) => {
      const roles = (linksOf.get(id) ?? []).toSorted((a, b) => positionOf(a) - positionOf(b));
      const entries = roles.map((link) => ({
        id: link.film_work_id,
        title: positions.get(link.film_work_id)?.title,
        role: link.role,
      }));
      return [id, { id, full_name, films: entries }];
    }),
  );
}
