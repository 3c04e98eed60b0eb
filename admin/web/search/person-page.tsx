/** @jsxImportSource preact */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { roles } from '../../shared/limits.ts';
import type { PersonResult } from '../../shared/search.ts';
import { ChangeSign, Fresh } from './marks.tsx';
import { ConnectionSign, Link, useSpeech } from './page.tsx';
import { useLive } from './use-live.ts';

export function PersonPage({ id }: { readonly id: string }): JSX.Element {
  const { say } = useSpeech();
  const live = useLive<PersonResult>(`/api/v1/search/persons/${id}`, '');
  const before = live.before?.person ?? undefined;
  const now = live.result?.person ?? undefined;
  const person = now ?? before;
  useEffect(() => {
    document.title = person === undefined ? say('films') : `${person.full_name} · ${say('films')}`;
  }, [person, say]);
  const change = live.changes.get(id);
  const gone = live.result === null || live.result?.person === null;
  const known = new Set(before?.films.map((film) => `${film.id} ${film.role} ${film.title}`));
  const films = new Set(person?.films.map((film) => film.id));

  return (
    <main class="one">
      <div class="bar">
        <Link to="/">← {say('toSearch')}</Link>
        <ConnectionSign connection={live.connection} />
      </div>
      {gone && (
        <p class="nothing" role="status">
          {say(change === undefined ? 'noPerson' : 'personGone')}
        </p>
      )}
      {person !== undefined && (
        <article class={change === undefined ? 'person' : `person marked ${change.kind}`} data-person={id}>
          <h1>
            <Fresh when={before !== undefined && now !== undefined && before.full_name !== now.full_name}>
              {person.full_name}
            </Fresh>
          </h1>
          <p class="facts">{say('filmsOf', { n: films.size })}</p>
          <div role="status">
            <ChangeSign change={change} />
          </div>
          {roles
            .map((role) => ({ role, films: person.films.filter((film) => film.role === role) }))
            .filter((each) => each.films.length > 0)
            .map((each) => (
              <section key={each.role}>
                <h2>{say(each.role)}</h2>
                <ul class="filmography">
                  {each.films.map((film) => (
                    <li key={film.id}>
                      <Link to={`/film/${film.id}`}>
                        <Fresh
                          when={
                            before !== undefined &&
                            now !== undefined &&
                            !known.has(`${film.id} ${film.role} ${film.title}`)
                          }
                        >
                          {film.title}
                        </Fresh>
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            ))}
        </article>
      )}
    </main>
  );
}
