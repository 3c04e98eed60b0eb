/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact';
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { go, usePlace } from './address.ts';
import { FilmPage } from './film-page.tsx';
import { PersonPage } from './person-page.tsx';
import { SearchPage } from './search-page.tsx';
import { initialLanguage, keepLanguage, speak, type Language, type Say } from './texts.ts';
import type { Connection } from './use-live.ts';

const Speech = createContext<{ say: Say; language: Language }>({ say: speak('en'), language: 'en' });

export function useSpeech(): { say: Say; language: Language } {
  return useContext(Speech);
}

export function Page(): JSX.Element {
  const place = usePlace();
  const [language, setLanguage] = useState(initialLanguage);
  const say = speak(language);
  useEffect(() => {
    document.documentElement.lang = language;
    keepLanguage(language);
  }, [language]);
  const other: Language = language === 'en' ? 'ru' : 'en';

  return (
    <Speech.Provider value={{ say, language }}>
      <header class="top">
        <Link class="brand" to="/">
          <img src="/icon.svg" alt="" width="28" height="28" />
          {say('films')}
        </Link>
        <nav>
          <button type="button" class="quiet" lang={other} onClick={() => setLanguage(other)}>
            {say('language')}
          </button>
          <a class="quiet" href="/admin/">
            {say('edit')}
          </a>
        </nav>
      </header>
      {place.kind === 'search' && <SearchPage wanted={place.wanted} />}
      {place.kind === 'film' && <FilmPage id={place.id} />}
      {place.kind === 'person' && <PersonPage id={place.id} />}
    </Speech.Provider>
  );
}

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly rel?: string;
  readonly label?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link to another page of this site, which is shown without loading it anew. */
export function Link({ to, class: name, rel, label, current, children }: LinkProps): JSX.Element {
  return (
    <a
      href={to}
      class={name}
      rel={rel}
      aria-label={label}
      aria-current={current === true ? 'true' : undefined}
      onClick={(event) => {
        // What opens elsewhere is the browser's.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
        scrollTo({ top: 0 });
      }}
    >
      {children}
    </a>
  );
}

/** Whether the page follows the films. */
export function ConnectionSign({ connection }: { readonly connection: Connection }): JSX.Element {
  const { say } = useSpeech();
  const text = { live: say('live'), away: say('away'), lost: say('lost') }[connection];
  return (
    <span class={`connection ${connection}`} title={say('liveHint')}>
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}
