/** @jsxImportSource preact */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { FilmDocument, FilmResult } from '../../shared/search.ts';
import { People, Poster, Rating } from './film-parts.tsx';
import { changedFields, ChangeSign, Fresh } from './marks.tsx';
import { ConnectionSign, Link, useSpeech } from './page.tsx';
import { useLive } from './use-live.ts';

export function FilmPage({ id }: { readonly id: string }): JSX.Element {
  const { say, language } = useSpeech();
  const live = useLive<FilmResult>(`/api/v1/search/films/${id}`, '');
  const before = live.before?.film ?? undefined;
  const now = live.result?.film ?? undefined;
  const film = now ?? before;
  useEffect(() => {
    document.title = film === undefined ? say('films') : `${film.title} · ${say('films')}`;
  }, [film, say]);
  const change = live.changes.get(id);
  const gone = live.result === null || live.result?.film === null;

  return (
    <main class="one">
      <div class="bar">
        <Link to="/">← {say('toSearch')}</Link>
        <ConnectionSign connection={live.connection} />
      </div>
      {gone && (
        <p class="nothing" role="status">
          {say(change === undefined ? 'noFilm' : 'filmGone')}
        </p>
      )}
      {film !== undefined && (
        <article class={change === undefined ? 'film' : `film marked ${change.kind}`} data-film={id}>
          <Poster film={film} large />
          <div class="words">
            <FilmWords film={film} before={now === undefined ? undefined : before} language={language} />
            <div role="status">
              <ChangeSign change={change} />
            </div>
          </div>
        </article>
      )}
    </main>
  );
}

interface FilmWordsProps {
  readonly film: FilmDocument;
  readonly before: FilmDocument | undefined;
  readonly language: string;
}

function FilmWords({ film, before, language }: FilmWordsProps): JSX.Element {
  const { say } = useSpeech();
  const fresh = changedFields(before, film);
  const day =
    film.creation_date === null
      ? undefined
      : new Date(`${film.creation_date}T00:00:00Z`).toLocaleDateString(language, {
          dateStyle: 'long',
          timeZone: 'UTC',
        });
  return (
    <>
      <h1>
        <Fresh when={fresh.has('title')}>{film.title}</Fresh>
      </h1>
      <p class="facts">
        <Fresh when={fresh.has('imdb_rating')}>
          <Rating value={film.imdb_rating} />
        </Fresh>
        {film.type !== null && <Fresh when={fresh.has('type')}>{say(film.type)}</Fresh>}
        {day !== undefined && (
          <Fresh when={fresh.has('creation_date')}>
            <span>{day}</span>
          </Fresh>
        )}
      </p>
      {film.genres.length > 0 && (
        <p class="tags">
          <Fresh when={fresh.has('genres')}>
            {film.genres.map((name) => (
              <Link key={name} to={`/?genre=${encodeURIComponent(name)}`}>
                {name}
              </Link>
            ))}
          </Fresh>
        </p>
      )}
      {film.description !== null && (
        <p class="description">
          <Fresh when={fresh.has('description')}>{film.description}</Fresh>
        </p>
      )}
      <dl>
        {(['directors', 'writers', 'actors'] as const)
          .filter((role) => film[role].length > 0)
          .map((role) => (
            <div key={role}>
              <dt>{say(role, { n: film[role].length })}</dt>
              <dd>
                <Fresh when={fresh.has(role)}>
                  <People people={film[role]} />
                </Fresh>
              </dd>
            </div>
          ))}
      </dl>
    </>
  );
}
