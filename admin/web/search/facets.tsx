/** @jsxImportSource preact */
import type { JSX } from 'preact';
import type { SearchResult } from '../../shared/search.ts';
import { firstPage, type Wanted } from './address.ts';
import { Link, useSpeech } from './page.tsx';

interface FacetsProps {
  readonly wanted: Wanted;
  readonly result: SearchResult | undefined;
  readonly narrow: (change: Partial<Wanted>) => void;
}

const shownGenres = 14;

/** What the films that are found have in common, to narrow them down by. */
export function Facets({ wanted, result, narrow }: FacetsProps): JSX.Element {
  const { say, language } = useSpeech();
  const { from, to } = wanted;
  const span = spanOf(from, to);
  const href = (change: Partial<Wanted>): string => firstPage(wanted, change);
  const numbers = new Intl.NumberFormat(language);
  const decades = byDecade(result?.years ?? []);
  const decade = from !== undefined && to !== undefined ? Math.floor(from / 10) * 10 : undefined;
  const most = Math.max(1, ...decades.map(({ count }) => count));

  return (
    <details class="facets" open={matchMedia('(min-width: 60rem)').matches}>
      <summary>{say('narrow')}</summary>
      {(wanted.genre.length > 0 || span !== undefined) && (
        <ul class="chosen">
          {wanted.genre.map((name) => (
            <li key={name}>
              <button
                type="button"
                aria-label={say('remove', { text: name })}
                onClick={() => narrow({ genre: wanted.genre.filter((each) => each !== name) })}
              >
                {name} <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
          {span !== undefined && (
            <li>
              <Link to={href({ from: undefined, to: undefined })} label={say('remove', { text: span })}>
                {span} <span aria-hidden="true">×</span>
              </Link>
            </li>
          )}
        </ul>
      )}
      <h2>{say('years')}</h2>
      <ul class="decades">
        {decades.map(({ year, count }) => (
          <li key={year}>
            <Link to={href({ from: year, to: year + 9 })} current={year === decade}>
              <span>{say('decade', { n: year })}</span>
              <meter min={0} max={most} value={count} aria-hidden="true" />
              <span class="count">{numbers.format(count)}</span>
            </Link>
            {year === decade && (
              <ul class="years">
                {(result?.years ?? [])
                  .filter((each) => Math.floor(each.year / 10) * 10 === year)
                  .map((each) => (
                    <li key={each.year}>
                      <Link
                        to={href({ from: each.year, to: each.year })}
                        current={from === to && from === each.year}
                        label={`${each.year}: ${say('found', { n: each.count })}`}
                      >
                        {each.year}
                      </Link>
                    </li>
                  ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
      <h2>{say('genres')}</h2>
      <ul class="genres">
        {(result?.genres ?? []).slice(0, shownGenres).map(({ name, count }) => (
          <li key={name}>
            <Link
              to={href({ genre: [...new Set([...wanted.genre, name])] })}
              current={wanted.genre.includes(name)}
            >
              <span>{name}</span>
              <span class="count">{numbers.format(count)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Undefined for any year. */
function spanOf(from: number | undefined, to: number | undefined): string | undefined {
  if (from === undefined && to === undefined) return undefined;
  return from === to ? String(from) : `${from ?? ''}–${to ?? ''}`;
}

function byDecade(found: SearchResult['years']): { year: number; count: number }[] {
  const decades = new Map<number, number>();
  for (const { year, count } of found) {
    const decade = Math.floor(year / 10) * 10;
    decades.set(decade, (decades.get(decade) ?? 0) + count);
  }
  return Array.from(decades, ([year, count]) => ({ year, count })).sort((a, b) => b.year - a.year);
}
