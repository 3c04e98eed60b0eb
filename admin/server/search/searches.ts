import { errors, type Client as Elasticsearch, type estypes } from '@elastic/elasticsearch';
import {
  markEnd,
  markStart,
  type FilmDocument,
  type FilmResult,
  type Highlights,
  type Hit,
  type PersonDocument,
  type PersonResult,
  type SearchResult,
} from '../../shared/search.ts';
import { encodeCursor, noSuchPage, pageSize, searchRequest, type SearchParameters } from './query.ts';

/** Asks the indexes that the service keeps; all of it as searches see it, not ahead of the last refresh. */
export interface Searches {
  search(wanted: SearchParameters): Promise<Found<SearchResult>>;
  film(id: string): Promise<Found<FilmResult>>;
  person(id: string): Promise<Found<PersonResult>>;
  /** Another text after every change of an index that searches can see. */
  stateOf(index: IndexName): Promise<string>;
}

export interface Found<Result> {
  readonly result: Result;
  /** The documents that the result shows, by id. */
  readonly documents: ReadonlyMap<string, FoundDocument>;
}

export interface FoundDocument {
  readonly document: FilmDocument | PersonDocument;
  /** The position in the WAL that it reflects: a later one is a later state. */
  readonly version: number;
  /** Ids of rows and names of genres that it holds. */
  readonly shows: readonly string[];
}

export type IndexName = 'movies' | 'persons';

interface Aggregations {
  readonly genres: { readonly names: { readonly buckets: { key: string; doc_count: number }[] } };
  readonly years: { readonly each: { readonly buckets: { key: number; doc_count: number }[] } };
}

export function openSearches(elasticsearch: Elasticsearch, prefix: string): Searches {
  const movies = `${prefix}movies`;
  const persons = `${prefix}persons`;

  async function byId<Document>(index: string, id: string): Promise<estypes.SearchHit<Document>[]> {
    const { hits } = await elasticsearch.search<Document>({
      index,
      query: { ids: { values: [id] } },
      version: true,
      size: 1,
    });
    return hits.hits;
  }

  return {
    async search(wanted) {
      const answer = await elasticsearch
        .search<FilmDocument>(searchRequest(movies, wanted))
        .catch((error: unknown) => {
          // All else that may be wanted makes a request that Elasticsearch can read.
          const refused = error instanceof errors.ResponseError && error.statusCode === 400;
          throw refused && wanted.after !== undefined ? noSuchPage() : error;
        });
      const { genres, years } = answer.aggregations as unknown as Aggregations;
      const hits = answer.hits.hits;
      const shown = hits.slice(0, pageSize);
      const result = {
        total: typeof answer.hits.total === 'object' ? answer.hits.total.value : 0,
        hits: shown.flatMap(toHit),
        genres: genres.names.buckets.map(({ key, doc_count }) => ({ name: key, count: doc_count })),
        years: years.each.buckets.map(({ key, doc_count }) => ({
          year: new Date(key).getUTCFullYear(),
          count: doc_count,
        })),
        next: hits.length > pageSize ? encodeCursor(shown.at(-1)?.sort ?? []) : null,
      };
      return { result, documents: documentsOf(shown, rowsOfFilm) };
    },
    async film(id) {
      const hits = await byId<FilmDocument>(movies, id);
      return { result: { film: hits[0]?._source ?? null }, documents: documentsOf(hits, rowsOfFilm) };
    },
    async person(id) {
      const hits = await byId<PersonDocument>(persons, id);
      return { result: { person: hits[0]?._source ?? null }, documents: documentsOf(hits, rowsOfPerson) };
    },
    async stateOf(index) {
      // Whatever is written takes the next sequence number of its shard, so a document that comes or changes makes the
      // sum larger, and one that goes makes them fewer.
      const { hits, aggregations } = await elasticsearch.search({
        index: index === 'movies' ? movies : persons,
        size: 0,
        track_total_hits: true,
        // What is cached is as searches see it: a refresh that changes something drops it.
        request_cache: true,
        aggs: { written: { sum: { field: '_seq_no' } } },
      });
      return JSON.stringify([hits.total, aggregations?.['written']]);
    },
  };
}

function toHit({ _source: film, highlight = {} }: estypes.SearchHit<FilmDocument>): Hit[] {
  return film === undefined ? [] : [{ film, highlights: toHighlights(highlight) }];
}

function documentsOf<Document extends FilmDocument | PersonDocument>(
  hits: readonly estypes.SearchHit<Document>[],
  shows: (document: Document) => string[],
): Found<unknown>['documents'] {
  return new Map(
    hits.flatMap(({ _source: document, _version: version = 0 }) =>
      document === undefined ? [] : [[document.id, { document, version, shows: shows(document) }]],
    ),
  );
}

function rowsOfFilm({ id, genres, directors, writers, actors }: FilmDocument): string[] {
  return [id, ...genres, ...[...directors, ...writers, ...actors].map((person) => person.id)];
}

function rowsOfPerson({ id, films }: PersonDocument): string[] {
  return [id, ...films.map((film) => film.id)];
}

function toHighlights({ title, description, ...names }: Readonly<Record<string, string[]>>): Highlights {
  return {
    ...(title?.[0] !== undefined && { title: title[0] }),
    ...(description?.[0] !== undefined && { description: description[0] }),
    names: Object.fromEntries(
      Object.values(names)
        .flat()
        .map((marked) => [unmark(marked), marked]),
    ),
  };
}

function unmark(marked: string): string {
  return marked.replaceAll(markStart, '').replaceAll(markEnd, '');
}
