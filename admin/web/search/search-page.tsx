/** @jsxImportSource preact */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { sorts, type Change, type Hit, type SearchResult, type Sort } from '../../shared/search.ts';
import { firstPage, go, queryOf, type Wanted } from './address.ts';
import { Facets } from './facets.tsx';
import { People, Poster, Rating, yearOf } from './film-parts.tsx';
import { changedFields, ChangeSign, Fresh, Marked } from './marks.tsx';
import { ConnectionSign, Link, useSpeech } from './page.tsx';
import { useLive, type Live } from './use-live.ts';

/** A pause in typing after which the search is made. */
const pauseMs = 120;

export function SearchPage({ wanted }: { readonly wanted: Wanted }): JSX.Element {
  const { say } = useSpeech();
  const live = useLive<SearchResult>('/api/v1/search', queryOf(wanted));
  const result = live.result ?? undefined;
  useEffect(() => {
    document.title = wanted.q === '' ? say('films') : `${wanted.q} · ${say('films')}`;
  }, [wanted.q, say]);
  const narrow = (change: Partial<Wanted>): void => {
    go(firstPage(wanted, change));
  };

  return (
    <main class="search">
      <h1 class="unseen">{say('searchLabel')}</h1>
      <SearchBox wanted={wanted} />
      <div class="bar">
        <p role="status" class="found">
          {live.failed ? say('failed') : result === undefined ? ' ' : say('found', { n: result.total })}
        </p>
        <ConnectionSign connection={live.connection} />
        <label class="sort">
          {say('sort')}{' '}
          <select
            value={wanted.sort}
            onChange={(event) => narrow({ sort: event.currentTarget.value as Sort })}
          >
            {sorts.map((sort) => (
              <option key={sort} value={sort}>
                {say(sort)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Facets wanted={wanted} result={result} narrow={narrow} />
      <section class="results" aria-label={say('films')}>
        {result?.total === 0 && live.changes.size === 0 && <p class="nothing">{say('nothing')}</p>}
        <Announcement live={live} />
        <ol>
          {shownHits(live).map(({ hit, change, before }) => (
            <HitItem key={hit.film.id} hit={hit} change={change} before={before} />
          ))}
        </ol>
        {result !== undefined && (wanted.after !== undefined || result.next !== null) && (
          <nav class="pages" aria-label={say('pages')}>
            {wanted.after !== undefined && (
              <button type="button" onClick={() => history.back()}>
                ← {say('back')}
              </button>
            )}
            {result.next !== null && (
              <Link to={`/${queryOf({ ...wanted, after: result.next })}`} rel="next">
                {say('next')} →
              </Link>
            )}
          </nav>
        )}
      </section>
    </main>
  );
}

function SearchBox({ wanted }: { readonly wanted: Wanted }): JSX.Element {
  const { say } = useSpeech();
  const [typed, setTyped] = useState(wanted.q);
  const asked = useRef(wanted.q);
  // The address says something else when one goes back, or home.
  useEffect(() => {
    if (wanted.q !== asked.current) setTyped(wanted.q);
    asked.current = wanted.q;
  }, [wanted.q]);
  useEffect(() => {
    if (typed.trim() === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = typed.trim();
      go(firstPage(wanted, { q: typed }), 'replace');
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);

  return (
    <form role="search" class="box" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        aria-label={say('searchLabel')}
        placeholder={say('placeholder')}
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        // It is what one comes for.
        autofocus
      />
    </form>
  );
}

interface ShownHit {
  readonly hit: Hit;
  readonly change: Change | undefined;
  /** As it was shown before its change. */
  readonly before: Hit | undefined;
}

/** What is found, and where they were those that have gone, as long as they are marked. */
function shownHits({ result, before, changes }: Live<SearchResult>): ShownHit[] {
  const old = new Map(before?.hits.map((hit) => [hit.film.id, hit]));
  const shown: ShownHit[] = (result?.hits ?? []).map((hit) => {
    const change = changes.get(hit.film.id);
    return { hit, change, before: change === undefined ? undefined : old.get(hit.film.id) };
  });
  for (const [position, hit] of (before?.hits ?? []).entries()) {
    const change = changes.get(hit.film.id);
    if (change?.kind === 'gone') shown.splice(position, 0, { hit, change, before: undefined });
  }
  return shown;
}

/** Tells those who do not see the marks. */
function Announcement({
  live: { result, before, changes },
}: {
  readonly live: Live<SearchResult>;
}): JSX.Element {
  const { say } = useSpeech();
  const titles = new Map(
    [...(before?.hits ?? []), ...(result?.hits ?? [])].map(({ film }) => [film.id, film.title]),
  );
  const lines = [...changes.values()].map(({ id, kind }) => `${say(kind)}: ${titles.get(id) ?? ''}`);
  return (
    <p class="unseen" role="log">
      {lines.join('. ')}
    </p>
  );
}

function HitItem({ hit: { film, highlights }, change, before }: ShownHit): JSX.Element {
  const { say } = useSpeech();
  const fresh = changedFields(before?.film, film);
  const description = highlights.description ?? film.description;
  const year = yearOf(film);
  return (
    <li class={change === undefined ? 'hit' : `hit marked ${change.kind}`} data-film={film.id}>
      <Poster film={film} />
      <div class="words">
        <h2>
          <Link to={`/film/${film.id}`}>
            <Fresh when={fresh.has('title')}>
              <Marked text={highlights.title ?? film.title} />
            </Fresh>
          </Link>
        </h2>
        <p class="facts">
          <Fresh when={fresh.has('imdb_rating')}>
            <Rating value={film.imdb_rating} />
          </Fresh>
          {year !== undefined && (
            <Fresh when={fresh.has('creation_date')}>
              <span>{year}</span>
            </Fresh>
          )}
          {film.type === 'tv_show' && <span>{say('tv_show')}</span>}
          {film.genres.length > 0 && (
            <Fresh when={fresh.has('genres')}>
              <span>{film.genres.join(', ')}</span>
            </Fresh>
          )}
        </p>
        {(film.directors.length > 0 || film.actors.length > 0) && (
          <p class="people">
            {film.directors.length > 0 && (
              <Fresh when={fresh.has('directors')}>
                <span class="role">{say('by')}</span>{' '}
                <People people={film.directors} marked={highlights.names} most={3} />
              </Fresh>
            )}
            {film.directors.length > 0 && film.actors.length > 0 && ' · '}
            {film.actors.length > 0 && (
              <Fresh when={fresh.has('actors')}>
                <span class="role">{say('with')}</span>{' '}
                <People people={film.actors} marked={highlights.names} most={4} />
              </Fresh>
            )}
          </p>
        )}
        {description !== null && (
          <p class="description">
            <Fresh when={fresh.has('description')}>
              <Marked text={description} />
            </Fresh>
          </p>
        )}
        <ChangeSign change={change} />
      </div>
    </li>
  );
}
