import { z } from 'zod';
import { filmTypes, maxRating, roles } from './limits.ts';

/**
 * What an editor may write, checked by the same schemas in the browser and on the server. Every field must be there;
 * one that is not known is refused.
 */

/** Text that Postgres can store: it takes neither NUL nor half of a surrogate pair. */
const storable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** What is not there is asked for; what is there and of another kind is invalid. */
const askedFor = {
  error: ({ input }: { readonly input?: unknown }) => ((input ?? '') === '' ? 'required' : 'invalid'),
};

const text = (max: number) => z.string(askedFor).trim().max(max).refine(storable, { error: 'unstorable' });
const requiredText = (max: number) => text(max).min(1);
const optionalText = (max: number) => text(max).nullable();

/** Any 128 bits as Postgres prints them; a version is not asked for. */
export const id = z.guid(askedFor).toLowerCase();

/** `YYYY-MM-DD`, of a day that there is. */
const date = z.iso.date().refine((day) => day >= '0001-01-01', { error: 'invalid' });

/** A row's state, as it was read: when it was changed last, to the microsecond. */
export const version = z.iso.datetime();

const credit = z.strictObject({ person_id: id, role: z.enum(roles, askedFor) });

const different = <T>(items: readonly T[], key: (item: T) => string): boolean =>
  new Set(items.map(key)).size === items.length;

export const film = z.strictObject({
  title: requiredText(500),
  description: optionalText(20_000),
  creation_date: date.nullable(),
  certificate: optionalText(100),
  file_path: optionalText(1_000),
  rating: z.number().min(0).max(maxRating).nullable(),
  type: z.enum(filmTypes).nullable(),
  genres: z
    .array(id)
    .max(100)
    .refine((ids) => different(ids, (each) => each), { error: 'duplicate' }),
  people: z
    .array(credit)
    .max(2_000)
    .refine((credits) => different(credits, (each) => `${each.person_id} ${each.role}`), {
      error: 'duplicate',
    }),
});

export const person = z.strictObject({
  full_name: requiredText(300),
  birth_date: date.nullable(),
});

export const genre = z.strictObject({
  name: requiredText(100),
  description: optionalText(20_000),
});

export const schemas = { films: film, persons: person, genres: genre } as const;

export type Film = z.output<typeof film>;
export type Person = z.output<typeof person>;
export type Genre = z.output<typeof genre>;

/** What every row has besides. `modified` is its version: an edit names the one that it was made on. */
export interface Stored {
  readonly id: string;
  readonly modified: string;
}
