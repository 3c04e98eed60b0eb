import { z } from 'zod';
import { firstDayOf, named, toBatches, type FilmFacts } from './film-facts.ts';
import { identity } from './identity.ts';
import { readLines, type Line } from './lines.ts';
import { LoadError } from './load-error.ts';
import type { Batch } from './rows.ts';

const name = z
  .string()
  .trim()
  .min(1, 'is empty')
  .refine((text) => !text.includes('\0'), 'has a NUL character, which Postgres cannot store');

const ndjsonFilm = z.object({
  title: name,
  year: z.int().min(1).max(9999),
  genres: z.array(name).default([]),
  cast: z.array(name).default([]),
  rating: z.number().min(0).max(10).nullish(),
  director: name.nullish(),
});

/**
 * Films from a file of JSON, one a line, gzipped or not. Every line is a film: the second one of a title and year is
 * another film (of 36,000 real films, 60 share both). Throws `LoadError` with the line for the first that is not one.
 * Only titles and years are held in memory.
 */
export function ndjsonFilms(path: string): AsyncIterable<Batch> {
  return toBatches(readFilms(path));
}

async function* readFilms(path: string): AsyncGenerator<FilmFacts> {
  const met = new Map<string, number>();
  for await (const line of readLines(path)) {
    if (line.text.trim() === '') continue;
    const film = parseFilm(path, line);
    const key = `${film.year} ${film.title}`;
    const nth = (met.get(key) ?? 0) + 1;
    met.set(key, nth);
    yield {
      id: identity('film', film.title, film.year, nth),
      title: film.title,
      description: null,
      creationDate: firstDayOf(film.year),
      certificate: null,
      rating: film.rating ?? null,
      type: 'movie',
      genres: [...new Set(film.genres)],
      people: [
        ...(film.director ? [named(film.director, 'director')] : []),
        ...[...new Set(film.cast)].map((actor) => named(actor, 'actor')),
      ],
    };
  }
}

function parseFilm(path: string, { number, text }: Line): z.infer<typeof ndjsonFilm> {
  const parsed = ndjsonFilm.safeParse(parseJson(path, number, text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean));
  throw new LoadError(`${path}, line ${number}: ${faults.map((fault) => fault.join(': ')).join('; ')}.`);
}

function parseJson(path: string, number: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new LoadError(`${path}, line ${number}: is not JSON: ${cause}`, { cause: error });
  }
}
