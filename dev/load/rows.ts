/**
 * The rows of the films' schema as a load brings them, keys named as the columns. Dates are `YYYY-MM-DD`, times are
 * text that Postgres reads (UTC where they name no zone), a time of null means the time of the load.
 */
export interface FilmWorkRow {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly creation_date: string | null;
  readonly certificate: string | null;
  readonly file_path: string | null;
  readonly rating: number | null;
  readonly type: FilmType | null;
  readonly created: string | null;
  readonly modified: string | null;
}

export interface GenreRow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly created: string | null;
  readonly modified: string | null;
}

export interface PersonRow {
  readonly id: string;
  readonly full_name: string;
  readonly birth_date: string | null;
  readonly created: string | null;
  readonly modified: string | null;
}

export interface GenreFilmWorkRow {
  readonly id: string;
  readonly film_work_id: string;
  readonly genre_id: string;
  readonly created: string | null;
}

export interface PersonFilmWorkRow {
  readonly id: string;
  readonly film_work_id: string;
  readonly person_id: string;
  readonly role: Role;
  readonly created: string | null;
}

export const filmTypes = ['movie', 'tv_show'] as const;
export type FilmType = (typeof filmTypes)[number];

export const roles = ['actor', 'writer', 'director'] as const;
export type Role = (typeof roles)[number];

/**
 * Some rows of each table, small enough to hold. A row may come again in a later batch; a link never comes in an
 * earlier batch than what it links.
 */
export interface Batch {
  readonly film_work: readonly FilmWorkRow[];
  readonly genre: readonly GenreRow[];
  readonly person: readonly PersonRow[];
  readonly genre_film_work: readonly GenreFilmWorkRow[];
  readonly person_film_work: readonly PersonFilmWorkRow[];
}

export type Table = keyof Batch;

/** The tables and their columns, in an order in which foreign keys hold. */
export const columns = {
  genre: ['id', 'name', 'description', 'created', 'modified'],
  person: ['id', 'full_name', 'birth_date', 'created', 'modified'],
  film_work: [
    'id',
    'title',
    'description',
    'creation_date',
    'certificate',
    'file_path',
    'rating',
    'type',
    'created',
    'modified',
  ],
  genre_film_work: ['id', 'film_work_id', 'genre_id', 'created'],
  person_film_work: ['id', 'film_work_id', 'person_id', 'role', 'created'],
} as const satisfies { [T in Table]: readonly (keyof Batch[T][number])[] };

export const tables = Object.keys(columns) as readonly Table[];
