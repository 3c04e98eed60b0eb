import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from '../../dev/stack/paths.ts';

/** What PGSync's schema takes over of `definitions/movies.yaml`. */
interface Movies {
  readonly settings: object;
  readonly mappings: { readonly properties: Readonly<Record<string, object>> };
}

/**
 * The documents of `definitions/movies.yaml` as near as a schema of PGSync's comes to them, in the same fields with the
 * same mappings and the same analysis. They differ in this:
 *
 * - PGSync has no condition on a child, so the people are one nested list with their role, and not one list a role
 *   and the names once more: as many nested documents, and fewer bytes.
 * - The genres are objects with their link's `genre_id`. PGSync can make a list of names of them, by `through_tables`;
 *   then each of its queries for a few films first puts together the genres of all, which takes twenty times as long.
 * - Nothing has an order.
 * - PGSync keeps the keys of all rows that a document shows in `_meta`, where it searches for the documents that a row
 *   touches. They are keywords here; left to be guessed they would be analysed text as well.
 *
 * @see https://pgsync.com/schema/
 */
export async function pgsyncSchema(database: string, index: string): Promise<unknown> {
  const file = join(checkout, 'definitions/movies.yaml');
  const { settings, mappings } = parse(await readFile(file, 'utf8')) as Movies;
  const { id, imdb_rating, genres, title, description, creation_date, type, actors } = mappings.properties;
  const person = (actors as { properties: object }).properties;
  const keys = { properties: { id: { type: 'keyword' } } };
  return [
    {
      database,
      index,
      setting: settings,
      mapping: {
        id,
        imdb_rating,
        genres: { properties: { id: { type: 'keyword' }, name: genres } },
        title,
        description,
        creation_date,
        type,
        people: { type: 'nested', properties: { ...person, role: { type: 'keyword' } } },
        _meta: {
          properties: {
            film_work: keys,
            genre: keys,
            genre_film_work: keys,
            person: keys,
            person_film_work: keys,
          },
        },
      },
      nodes: {
        table: 'film_work',
        schema: 'content',
        columns: ['id', 'title', 'description', 'creation_date', 'type', 'rating'],
        transform: { rename: { rating: 'imdb_rating' } },
        children: [
          links('genres', 'genre', { key: 'genre_id', name: 'name' }),
          links('people', 'person', { key: 'person_id', name: 'full_name', more: ['role'] }),
        ],
      },
    },
  ];
}

/** A list of the rows that films are linked to: the link's key and columns of its own, and the linked row's name. */
function links(
  label: string,
  table: string,
  {
    key,
    name,
    more = [],
  }: { readonly key: string; readonly name: string; readonly more?: readonly string[] },
): object {
  return {
    table: `${table}_film_work`,
    schema: 'content',
    label,
    columns: [key, ...more],
    transform: { rename: { [key]: 'id' } },
    relationship: { variant: 'object', type: 'one_to_many' },
    children: [
      {
        table,
        schema: 'content',
        label: 'name',
        columns: [name],
        relationship: { variant: 'scalar', type: 'one_to_one' },
      },
    ],
  };
}
