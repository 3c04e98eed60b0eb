/** What the search answers with; the search page reads it as it is. */

export const sorts = ['relevance', 'rating', 'newest', 'title'] as const;
export type Sort = (typeof sorts)[number];

/** Stand around what a search has found in a text: two characters that no text has a use for. */
export const markStart = '\ue000';
export const markEnd = '\ue001';

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface FilmDocument {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  /** `YYYY-MM-DD`. */
  readonly creation_date: string | null;
  readonly type: 'movie' | 'tv_show' | null;
  readonly imdb_rating: number | null;
  readonly genres: readonly string[];
  readonly directors: readonly Named[];
  readonly writers: readonly Named[];
  readonly actors: readonly Named[];
}

export interface PersonDocument {
  readonly id: string;
  readonly full_name: string;
  /** One entry for each role in a film. */
  readonly films: readonly { readonly id: string; readonly title: string; readonly role: string }[];
}

/** Texts with marks in them, where something was found. */
export interface Highlights {
  readonly title?: string;
  /** A part of the description. */
  readonly description?: string;
  /** Names of people as they are, to the same names with marks. */
  readonly names: Readonly<Record<string, string>>;
}

export interface Hit {
  readonly film: FilmDocument;
  readonly highlights: Highlights;
}

export interface SearchResult {
  readonly total: number;
  readonly hits: readonly Hit[];
  /** Of all that is found, by how many there are. */
  readonly genres: readonly { readonly name: string; readonly count: number }[];
  /** Of what is found without regard to the year, by year. */
  readonly years: readonly { readonly year: number; readonly count: number }[];
  /** To be passed as `after` for the page that follows; null on the last one. */
  readonly next: string | null;
}

export interface FilmResult {
  /** Null when there is none, or no more. */
  readonly film: FilmDocument | null;
}

export interface PersonResult {
  /** Null when there is none, or no more. */
  readonly person: PersonDocument | null;
}

/** A document that has appeared, changed or gone. */
export interface Change {
  readonly id: string;
  readonly kind: 'new' | 'changed' | 'gone';
  /** From the commit of the edit to its being found, in ms; null when the edit was not made with this site. */
  readonly seen_ms: number | null;
}

/** What a page is told while it is open: the state first, then each state that differs from the one before. */
export interface LiveEvent<Result> {
  readonly result: Result;
  readonly changes: readonly Change[];
}
