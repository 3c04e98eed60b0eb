import { z } from 'zod';
import { filmTypes, roles, type Batch, type Table } from './rows.ts';

/** What the columns of the older SQLite database may hold. The messages follow the value they are about. */
const text = z
  .string({ error: 'is not text' })
  .refine((value) => !value.includes('\0'), { error: 'has a NUL character, which Postgres cannot store' });

const uuid = z
  .string({ error: 'is not a UUID' })
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: 'is not a UUID' })
  .toLowerCase();

const date = z.string({ error: 'is not a date, YYYY-MM-DD' }).refine(isDate, {
  error: 'is not a date, YYYY-MM-DD',
});

const time = z.string({ error: 'is not a date and time' }).refine(isTime, {
  error: 'is not a date and time',
});

/** SQLite's integers come as bigint, so that reading a large one does not throw. */
const rating = z
  .preprocess(
    (value) => (typeof value === 'bigint' ? Number(value) : value),
    z
      .number({ error: 'is not a number' })
      .min(0, { error: 'is not from 0 to 10' })
      .max(10, { error: 'is not from 0 to 10' }),
  )
  .nullable();

const objects = {
  film_work: z.object({
    id: uuid,
    title: text,
    description: text.nullable(),
    creation_date: date.nullable(),
    certificate: text.nullable(),
    file_path: text.nullable(),
    rating,
    type: z.enum(filmTypes, { error: `is none of ${filmTypes.join(', ')}` }).nullable(),
    created_at: time.nullable(),
    updated_at: time.nullable(),
  }),
  genre: z.object({
    id: uuid,
    name: text,
    description: text.nullable(),
    created_at: time.nullable(),
    updated_at: time.nullable(),
  }),
  person: z.object({
    id: uuid,
    full_name: text,
    birth_date: date.nullable(),
    created_at: time.nullable(),
    updated_at: time.nullable(),
  }),
  genre_film_work: z.object({
    id: uuid,
    film_work_id: uuid,
    genre_id: uuid,
    created_at: time.nullable(),
  }),
  person_film_work: z.object({
    id: uuid,
    film_work_id: uuid,
    person_id: uuid,
    role: z.enum(roles, { error: `is none of ${roles.join(', ')}` }),
    created_at: time.nullable(),
  }),
};

/** A row of SQLite, keyed by its own column names, to a row as it is loaded. */
export const rowSchemas: { readonly [T in Table]: z.ZodType<Batch[T][number]> } = {
  film_work: objects.film_work.transform(renameTimes),
  genre: objects.genre.transform(renameTimes),
  person: objects.person.transform(renameTimes),
  genre_film_work: objects.genre_film_work.transform(renameTime),
  person_film_work: objects.person_film_work.transform(renameTime),
};

/** A row as SQLite gives it: text, number (integers as bigint), blob or null, by its own column names. */
export interface SourceRow {
  /** The rowid, or the position in a table that has none. */
  readonly number: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface SourceColumn {
  readonly name: string;
  /** Neither absent nor null. */
  readonly required: boolean;
}

export function sourceColumns(table: Table): readonly SourceColumn[] {
  return Object.entries<z.ZodType>(objects[table].shape).map(([name, schema]) => ({
    name,
    required: !schema.safeParse(null).success,
  }));
}

function renameTimes<R extends { created_at: string | null; updated_at: string | null }>(row: R) {
  const { created_at: created, updated_at: modified, ...rest } = row;
  return { ...rest, created, modified };
}

function renameTime<R extends { created_at: string | null }>(row: R) {
  const { created_at: created, ...rest } = row;
  return { ...rest, created };
}

/** A day of the calendar that Postgres has too: it knows no year 0. */
function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || value.startsWith('0000')) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

/** Such as `2021-06-16 20:14:09.221838+00`; the time of day and the zone may be left out. */
function isTime(value: string): boolean {
  const match =
    /^(.{10})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?: ?(?:Z|[+-](\d{2})(?::?(\d{2}))?))?)?$/.exec(
      value,
    );
  if (match === null) return false;
  const [, day = '', ...parts] = match;
  const limits = [23, 59, 59, 15, 59];
  return isDate(day) && limits.every((most, position) => Number(parts[position] ?? 0) <= most);
}
