import { useEffect, useState } from 'preact/hooks';
import { sorts, type Sort } from '../../shared/search.ts';

/** What a search is asked for; the page's address says it, so that it can be kept and sent. */
export interface Wanted {
  readonly q: string;
  readonly genre: readonly string[];
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly sort: Sort;
  /** Where the page begins; undefined for the first. */
  readonly after: string | undefined;
}

/** Which page is shown. */
export type Place =
  | { readonly kind: 'search'; readonly wanted: Wanted }
  | { readonly kind: 'film'; readonly id: string }
  | { readonly kind: 'person'; readonly id: string };

export function readPlace({ pathname, search }: { pathname: string; search: string }): Place {
  const [, kind, id] = /^\/(film|person)\/([\w-]+)\/?$/.exec(pathname) ?? [];
  if ((kind === 'film' || kind === 'person') && id !== undefined) return { kind, id };
  const parameters = new URLSearchParams(search);
  const year = (name: string): number | undefined => {
    const value = Number(parameters.get(name));
    return Number.isInteger(value) && value > 0 && value < 10_000 ? value : undefined;
  };
  return {
    kind: 'search',
    wanted: {
      q: parameters.get('q')?.slice(0, 200) ?? '',
      genre: parameters.getAll('genre').slice(0, 5),
      sort: sorts.find((sort) => sort === parameters.get('sort')) ?? 'relevance',
      from: year('from'),
      to: year('to'),
      after: parameters.get('after') ?? undefined,
    },
  };
}

/** As a query string, with `?`; empty when nothing is asked for. */
export function queryOf({ q, genre, from, to, sort, after }: Wanted): string {
  const parameters = new URLSearchParams();
  if (q.trim() !== '') parameters.set('q', q.trim());
  for (const name of genre) parameters.append('genre', name);
  if (from !== undefined) parameters.set('from', String(from));
  if (to !== undefined) parameters.set('to', String(to));
  if (sort !== 'relevance') parameters.set('sort', sort);
  if (after !== undefined) parameters.set('after', after);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** The address of the first page of a search like this one, with a change. */
export function firstPage(wanted: Wanted, change: Partial<Wanted>): string {
  return `/${queryOf({ ...wanted, after: undefined, ...change })}`;
}

const moved = 'films:moved';

/** Goes to another page of this site without loading it anew. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  dispatchEvent(new Event(moved));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => readPlace(location));
  useEffect(() => {
    const read = (): void => setPlace(readPlace(location));
    addEventListener('popstate', read);
    addEventListener(moved, read);
    return () => {
      removeEventListener('popstate', read);
      removeEventListener(moved, read);
    };
  }, []);
  return place;
}
