import type { estypes } from '@elastic/elasticsearch';
import { z } from 'zod';
import type { Elasticsearch } from '../../src/servers/elasticsearch.ts';
import { align, shorten, type Screen } from './screen.ts';

/** A search to show: what somebody types, what it goes to show, and the query. */
interface DemoSearch {
  readonly typed: string;
  readonly why: string;
  readonly query: estypes.QueryDslQueryContainer;
}

const searches: readonly DemoSearch[] = [
  {
    typed: 'летит журавль',
    why: 'in titles: neither word is written as in the title, but the Russian stems are the same',
    query: { match: { title: { query: 'летит журавль', operator: 'and' } } },
  },
  {
    typed: 'raider of lost arks',
    why: 'in titles: English stems, with stop words set aside; found under its new title',
    query: { match: { title: { query: 'raider of lost arks', operator: 'and' } } },
  },
  {
    typed: 'lilly wachowski',
    why: 'among the directors, under the name that she has been given a moment ago',
    query: {
      nested: {
        path: 'directors',
        query: { match: { 'directors.name': { query: 'lilly wachowski', operator: 'and' } } },
      },
    },
  },
];

const filmSchema = z.object({
  title: z.string(),
  imdb_rating: z.number().nullable(),
  genres: z.array(z.string()),
  directors: z.array(z.object({ name: z.string() })),
});

type FoundFilm = z.output<typeof filmSchema>;

const shown = 4;

/** Makes the searches and shows the first of what each finds. */
export async function showSearches(
  elasticsearch: Elasticsearch,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  for (const { typed, why, query } of searches) {
    screen.say(`${screen.strong(typed)}  ${screen.faint(why)}`);
    const sort: estypes.SortCombinations[] = [
      { _score: { order: 'desc' } },
      { imdb_rating: { order: 'desc' } },
      { 'title.raw': { order: 'asc' } },
    ];
    const answer = await elasticsearch.search({ index: 'movies', query, sort, size: shown }, { signal });
    const films = answer.hits.hits.map(({ _source }) => filmSchema.parse(_source));
    for (const line of describeFilms(films)) screen.say(`  ${line}`);
    if (films.length === 0) throw new Error(`the search for "${typed}" finds nothing`);
  }
}

/** A line for each film: title, rating, genres, directors. */
export function describeFilms(films: readonly FoundFilm[]): string[] {
  return align(
    films.map(({ title, imdb_rating, genres, directors }) => [
      shorten(title, 46),
      imdb_rating?.toFixed(1) ?? '–',
      shorten(genres.join(', '), 26),
      directors.length === 0 ? '' : `by ${directors.map(({ name }) => name).join(', ')}`,
    ]),
  );
}
