import { identity } from './identity.ts';
import type { Batch, FilmType, GenreFilmWorkRow, PersonFilmWorkRow, PersonRow, Role } from './rows.ts';

/** A film with all that belongs to it, as a source tells it. Genres go by name; the same name is the same genre. */
export interface FilmFacts {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  /** `YYYY-MM-DD`. */
  readonly creationDate: string | null;
  readonly certificate: string | null;
  /** 0 to 10. */
  readonly rating: number | null;
  readonly type: FilmType;
  readonly genres: readonly string[];
  readonly people: readonly Credit[];
}

export interface Credit {
  readonly id: string;
  readonly fullName: string;
  readonly birthDate: string | null;
  readonly role: Role;
}

/** Someone of whom only the name is known: the same name is taken for the same person. */
export function named(fullName: string, role: Role): Credit {
  return { id: identity('person', fullName), fullName, birthDate: null, role };
}

/** The first of January stands for a year of which nothing finer is known. */
export function firstDayOf(year: number): string {
  return `${String(year).padStart(4, '0')}-01-01`;
}

/** Cuts films into batches of rows; each genre and person once a batch, the links' ids derived from what they link. */
export async function* toBatches(
  films: Iterable<FilmFacts> | AsyncIterable<FilmFacts>,
  filmsPerBatch = 2000,
): AsyncGenerator<Batch> {
  let some: FilmFacts[] = [];
  for await (const film of films) {
    some.push(film);
    if (some.length === filmsPerBatch) {
      yield toBatch(some);
      some = [];
    }
  }
  if (some.length > 0) yield toBatch(some);
}

function toBatch(films: readonly FilmFacts[]): Batch {
  const genreIds = new Map<string, string>();
  const persons = new Map<string, PersonRow>();
  const genreLinks: GenreFilmWorkRow[] = [];
  const personLinks: PersonFilmWorkRow[] = [];

  for (const film of films) {
    for (const name of film.genres) {
      const genreId = genreIds.get(name) ?? identity('genre', name);
      genreIds.set(name, genreId);
      genreLinks.push({
        id: identity('genre of film', film.id, genreId),
        film_work_id: film.id,
        genre_id: genreId,
        created: null,
      });
    }
    for (const { id, fullName, birthDate, role } of film.people) {
      persons.set(id, { id, full_name: fullName, birth_date: birthDate, created: null, modified: null });
      personLinks.push({
        id: identity('person of film', film.id, id, role),
        film_work_id: film.id,
        person_id: id,
        role,
        created: null,
      });
    }
  }

  return {
    film_work: films.map((film) => ({
      id: film.id,
      title: film.title,
      description: film.description,
      creation_date: film.creationDate,
      certificate: film.certificate,
      file_path: null,
      rating: film.rating,
      type: film.type,
      created: null,
      modified: null,
    })),
    genre: Array.from(genreIds, ([name, id]) => ({
      id,
      name,
      description: null,
      created: null,
      modified: null,
    })),
    person: [...persons.values()],
    genre_film_work: genreLinks,
    person_film_work: personLinks,
  };
}
