import { z } from 'zod';
import { genre, type Genre, type Stored } from '../../shared/rows.ts';
import { containing, paging, searchText, type Resource } from './resource.ts';

export type GenreRow = Genre & Stored & { readonly film_count: number };

const filter = z.strictObject({
  ...paging,
  sort: z.enum(['name', 'film_count', 'modified']).default('name'),
  q: searchText,
});

const filmCount = '(select count(*)::int from content.genre_film_work where genre_id = genre.id)';
const columns = `id, name, description, modified, ${filmCount} as film_count`;

export const genres: Resource<Genre, GenreRow, z.output<typeof filter>> = {
  name: 'genres',
  table: 'genre',
  input: genre,
  filter,
  columns,
  matching: '($1::text is null or name ilike $1)',
  parameters: ({ q }) => [containing(q)],
  order: ({ sort }) => (sort === 'film_count' ? filmCount : sort),

  async insert(query, { name, description }) {
    const [row] = await query<{ id: string }>(
      'insert into content.genre (name, description) values ($1, $2) returning id',
      [name, description],
    );
    return row?.id ?? '';
  },

  async update(query, genreId, { name, description }) {
    await query('update content.genre set name = $2, description = $3 where id = $1', [
      genreId,
      name,
      description,
    ]);
  },

  // A film's document has its genres' names alone.
  touches: (row) => row.name,
};
