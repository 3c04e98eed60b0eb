/** @jsxImportSource preact */
import type { JSX } from 'preact';
import type { FilmDocument, Named } from '../../shared/search.ts';
import { Marked } from './marks.tsx';
import { Link, useSpeech } from './page.tsx';

export function yearOf({ creation_date }: FilmDocument): string | undefined {
  return creation_date?.slice(0, 4);
}

/** A picture in place of a poster: the film's first letter on a colour of its own. */
export function Poster({
  film,
  large = false,
}: {
  readonly film: FilmDocument;
  readonly large?: boolean;
}): JSX.Element {
  const hue = parseInt(film.id.slice(0, 8), 16) % 360;
  const letter = /\p{L}|\p{N}/u.exec(film.title)?.[0].toUpperCase() ?? '·';
  return (
    <div
      class={large ? 'poster large' : 'poster'}
      aria-hidden="true"
      style={{
        background: `linear-gradient(160deg, oklch(0.47 0.11 ${hue}), oklch(0.3 0.09 ${(hue + 50) % 360}))`,
      }}
    >
      {letter}
    </div>
  );
}

export function Rating({ value }: { readonly value: number | null }): JSX.Element {
  const { say, language } = useSpeech();
  if (value === null) return <span class="rating none">{say('unrated')}</span>;
  const text = value.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (
    <span class="rating" title={say('rated', { n: value })}>
      <span aria-hidden="true">★</span> {text}
    </span>
  );
}

interface PeopleProps {
  readonly people: readonly Named[];
  /** Names, to the same with marks. */
  readonly marked?: Readonly<Record<string, string>>;
  readonly most?: number;
}

/** Names as links, those that were found first where not all of them have room. */
export function People({ people, marked = {}, most = Infinity }: PeopleProps): JSX.Element {
  const found = people.filter(({ name }) => name in marked);
  const shown = people.length <= most ? people : [...new Set([...found, ...people])].slice(0, most);
  return (
    <>
      {shown.map(({ id, name }, position) => (
        <span key={id}>
          {position > 0 && ', '}
          <Link to={`/person/${id}`}>
            <Marked text={marked[name] ?? name} />
          </Link>
        </span>
      ))}
      {people.length > shown.length && ' …'}
    </>
  );
}
