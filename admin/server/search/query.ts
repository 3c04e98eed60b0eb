import type { estypes } from '@elastic/elasticsearch';
import { z } from 'zod';
import { markEnd, markStart, sorts, type Sort } from '../../shared/search.ts';
import { SiteError } from '../errors.ts';

export const pageSize = 20;
const maxWords = 12;

/** A value or several of the same name. */
const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .pipe(z.array(z.string().min(1).max(100)).max(5));

export const searchParameters = z.strictObject({
  q: z.string().trim().max(200).default('').meta({ description: 'Words of titles, descriptions and names' }),
  genre: list.default([]).meta({ description: 'Only films of this genre; several: of all of them' }),
  from: z.coerce.number().int().min(1).max(9999).optional().meta({ description: 'The earliest year' }),
  to: z.coerce.number().int().min(1).max(9999).optional().meta({ description: 'The latest year' }),
  sort: z.enum(sorts).default('relevance'),
  after: z.string().max(2_000).optional().meta({ description: 'The `next` of the page before' }),
});

export type SearchParameters = z.output<typeof searchParameters>;

/** Where a page begins: the values that the last film before it was sorted by. */
const cursor = z.tuple([z.union([z.number(), z.string()]), z.string()]);

export function encodeCursor(values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** @throws SiteError `invalid`. */
function decodeCursor(after: string): z.output<typeof cursor> {
  try {
    return cursor.parse(JSON.parse(Buffer.from(after, 'base64url').toString()));
  } catch {
    throw noSuchPage();
  }
}

export function noSuchPage(): SiteError {
  return new SiteError('invalid', 'That is no page of this search.', { after: { code: 'invalid' } });
}

/** The request for one page of a search, one more film than the page has, so that it is known whether another follows. */
export function searchRequest(index: string, wanted: SearchParameters): estypes.SearchRequest {
  const ofGenres = wanted.genre.map((name) => ({ term: { genres: name } }));
  const ofYears = yearFilter(wanted);
  return {
    index,
    query: filmQuery(wanted.q),
    post_filter: { bool: { filter: [...ofGenres, ...ofYears] } },
    sort: sortBy(wanted.q === '' && wanted.sort === 'relevance' ? 'rating' : wanted.sort),
    ...(wanted.after !== undefined && { search_after: decodeCursor(wanted.after) }),
    size: pageSize + 1,
    track_total_hits: true,
    version: true,
    _source: { excludes: ['actors_names', 'writers_names'] },
    aggs: {
      genres: {
        filter: { bool: { filter: [...ofGenres, ...ofYears] } },
        aggs: { names: { terms: { field: 'genres', size: 50 } } },
      },
      years: {
        filter: { bool: { filter: ofGenres } },
        aggs: {
          each: {
            date_histogram: { field: 'creation_date', calendar_interval: 'year', min_doc_count: 1 },
          },
        },
      },
    },
    ...(wanted.q !== '' && { highlight: { ...highlight, highlight_query: markQuery(wanted.q) } }),
  };
}

const highlight: estypes.SearchHighlight = {
  pre_tags: [markStart],
  post_tags: [markEnd],
  fields: {
    title: { number_of_fragments: 0 },
    description: { number_of_fragments: 1, fragment_size: 220 },
    'directors.name': { number_of_fragments: 0 },
    actors_names: { number_of_fragments: 0 },
    writers_names: { number_of_fragments: 0 },
  },
};

function yearFilter({ from, to }: SearchParameters): estypes.QueryDslQueryContainer[] {
  if (from === undefined && to === undefined) return [];
  const day = (year: number | undefined, rest: string): string | undefined =>
    year === undefined ? undefined : `${String(year).padStart(4, '0')}-${rest}`;
  const [gte, lte] = [day(from, '01-01'), day(to, '12-31')];
  return [{ range: { creation_date: { ...(gte && { gte }), ...(lte && { lte }) } } }];
}

/** Of films without a date: in ms, which is the only form that Elasticsearch takes here. */
const beforeAll = Date.parse('0001-01-01');

/** The id decides where the rest is the same, so that each film has its place. */
function sortBy(sort: Sort): estypes.SortCombinations[] {
  const id: estypes.SortCombinations = { id: { order: 'asc' } };
  switch (sort) {
    case 'relevance':
      return [{ _score: { order: 'desc' } }, id];
    case 'rating':
      return [{ imdb_rating: { order: 'desc', missing: -1 } }, id];
    case 'newest':
      return [{ creation_date: { order: 'desc', missing: beforeAll, format: 'yyyy-MM-dd' } }, id];
    case 'title':
      return [{ 'title.raw': { order: 'asc' } }, id];
  }
}

/**
 * Films that have the words, or three quarters of more than three, each wherever it is: one may be of the title and
 * another an actor's. A word may have a letter or two wrong; the last one may be unfinished. Whole words as they are
 * typed, and all of them in the title, count for more, and so, a little, does the rating.
 */
function filmQuery(text: string): estypes.QueryDslQueryContainer {
  if (text === '') return { match_all: {} };
  const words = text.split(/\s+/).slice(0, maxWords);
  return {
    function_score: {
      query: {
        bool: {
          must: {
            bool: {
              should: words.map((word, position) => wordQuery(word, position === words.length - 1)),
              minimum_should_match: '3<75%',
            },
          },
          should: [
            { match_phrase: { title: { query: text, slop: 1, boost: 8 } } },
            { multi_match: { query: text, type: 'cross_fields', fields: weighted } },
          ],
        },
      },
      functions: [{ field_value_factor: { field: 'imdb_rating', factor: 0.1, missing: 5 } }],
      boost_mode: 'sum',
    },
  };
}

const weighted = ['title^4', 'directors.name^2', 'actors_names^2', 'writers_names^2'];

/** The first letter is right, which few people get wrong and which saves most of the work. */
const fuzzy = { fuzziness: 'AUTO:4,8', prefix_length: 1, max_expansions: 30 } as const;

/**
 * What is marked: words as they are typed. Those with letters wrong are found alone: to mark them takes ten times as long.
 */
function markQuery(text: string): estypes.QueryDslQueryContainer {
  const last = text.split(/\s+/).at(-1) ?? '';
  return {
    bool: {
      should: [{ multi_match: { query: text, fields: [...weighted, 'description'] } }, unfinishedQuery(last)],
    },
  };
}

function wordQuery(word: string, last: boolean): estypes.QueryDslQueryContainer {
  return {
    dis_max: {
      queries: [
        // A word that stands in no index, such as `the`, is no condition.
        {
          multi_match: {
            query: word,
            fields: [...weighted, 'description'],
            ...fuzzy,
            zero_terms_query: 'all',
          },
        },
        ...(last ? [unfinishedQuery(word)] : []),
      ],
      tie_breaker: 0.1,
    },
  };
}

/** A letter or two begin thousands of names, so they are looked for in titles alone. */
function unfinishedQuery(word: string): estypes.QueryDslQueryContainer {
  const fields = word.length < 3 ? ['title^4'] : weighted;
  return { multi_match: { query: word, type: 'bool_prefix', fields } };
}
