/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact';
import { markEnd, markStart, type Change, type FilmDocument } from '../../shared/search.ts';
import { useSpeech } from './page.tsx';

/** Fields of a film whose values are others than before. */
export type ChangedFields = ReadonlySet<keyof FilmDocument>;

export function changedFields(before: FilmDocument | undefined, now: FilmDocument): ChangedFields {
  const fields = Object.keys(now) as (keyof FilmDocument)[];
  return new Set(
    before === undefined
      ? []
      : fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(now[field])),
  );
}

/** Text in which something was found. */
export function Marked({ text }: { readonly text: string }): JSX.Element {
  const parts = text.split(markStart).flatMap((part, position) => {
    const [found = '', ...rest] = part.split(markEnd);
    return position === 0 ? [part] : [<mark key={position}>{found}</mark>, rest.join('')];
  });
  return <>{parts}</>;
}

/** Marks what has changed, where it has. */
export function Fresh({
  when,
  children,
}: {
  readonly when: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return when ? <span class="fresh">{children}</span> : <>{children}</>;
}

/** Says that a document has changed, and how soon that was seen. */
export function ChangeSign({ change }: { readonly change: Change | undefined }): JSX.Element | null {
  const { say } = useSpeech();
  if (change === undefined) return null;
  return (
    <p class={`change ${change.kind}`}>
      <strong>{say(change.kind)}</strong>
      {change.seen_ms !== null && <span>{say('seen', { n: change.seen_ms })}</span>}
    </p>
  );
}
