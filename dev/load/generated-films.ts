import { toBatches, type Credit, type FilmFacts } from './film-facts.ts';
import { identity } from './identity.ts';
import { drawWords, type Words } from './invented-words.ts';
import { below, chance, pick, randomOf, type Random } from './random.ts';
import type { Batch } from './rows.ts';

/** From the most common to the rarest: the n-th has about 1/n of the films that the first has. */
export const inventedGenres = [
  'Drama',
  'Comedy',
  'Thriller',
  'Action',
  'Romance',
  'Crime',
  'Adventure',
  'Horror',
  'Documentary',
  'Science Fiction',
  'Fantasy',
  'Mystery',
  'Family',
  'Animation',
  'Biography',
  'History',
  'War',
  'Musical',
  'Western',
  'Music',
  'Sport',
  'Short',
  'Superhero',
  'Film Noir',
  'Martial Arts',
];

const rarities = inventedGenres.map((_, position) => 1 / (position + 1));
const allRarities = rarities.reduce((sum, rarity) => sum + rarity, 0);

const certificates = ['G', 'PG', 'PG-13', 'R', 'NC-17'];

export interface GeneratedOptions {
  /** How many. */
  readonly films: number;
  /** A whole number; another seed gives other films and other people. */
  readonly seed: number;
}

/**
 * Invented films with invented people, in the proportions of real ones. Film n depends on the seed and n alone: more
 * films of a seed are the same films and further ones.
 */
export function generatedFilms({ films, seed }: GeneratedOptions): AsyncIterable<Batch> {
  return toBatches(inventFilms({ films, seed }));
}

export function* inventFilms({ films, seed }: GeneratedOptions): Generator<FilmFacts> {
  const words = drawWords(seed);
  for (let ordinal = 0; ordinal < films; ordinal++) yield inventFilm(words, seed, ordinal);
}

function inventFilm(words: Words, seed: number, ordinal: number): FilmFacts {
  const random = randomOf(seed, ordinal);
  return {
    id: identity('invented film', seed, ordinal),
    title: inventTitle(words, random),
    description: inventDescription(words, random),
    creationDate: inventDate(random, 1920, 2024),
    certificate: chance(random, 0.7) ? pick(random, certificates) : null,
    rating: chance(random, 0.9) ? inventRating(random) : null,
    type: chance(random, 0.9) ? 'movie' : 'tv_show',
    genres: pickGenres(random),
    people: inventCredits(words, seed, ordinal, random),
  };
}

function inventTitle(words: Words, random: Random): string {
  const adjective = capital(pick(random, words.adjectives));
  const noun = capital(pick(random, words.nouns));
  switch (below(random, 5)) {
    case 0:
      return `The ${adjective} ${noun}`;
    case 1:
      return `${noun} of ${pick(random, words.cities)}`;
    case 2:
      return `The ${noun} and the ${capital(pick(random, words.nouns))}`;
    case 3:
      return `${pick(random, words.firstNames)}'s ${adjective} ${noun}`;
    default:
      return `${adjective} ${pick(random, words.cities)}`;
  }
}

function inventDescription(words: Words, random: Random): string {
  const hero = pick(random, words.firstNames);
  return (
    `An invented film. ${hero}, a ${pick(random, words.adjectives)} ${pick(random, words.trades)} from ` +
    `${pick(random, words.cities)}, loses a ${pick(random, words.nouns)} and finds ` +
    `a ${pick(random, words.adjectives)} ${pick(random, words.nouns)}. ` +
    `Only ${pick(random, words.firstNames)} ${pick(random, words.lastNames)} knows why.`
  );
}

/** The later years are the likelier ones. */
function inventDate(random: Random, from: number, to: number): string {
  const year = to - Math.floor((to - from + 1) * random() ** 2);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${year}-${two(1 + below(random, 12))}-${two(1 + below(random, 28))}`;
}

/** A bell around 6 between 2 and 9.9, with one decimal. */
function inventRating(random: Random): number {
  const bell = (random() + random() + random()) / 3;
  return Math.round((2 + bell * 7.9) * 10) / 10;
}

function pickGenres(random: Random): string[] {
  const count = 1 + [0.35, 0.7, 0.9].filter((share) => random() > share).length;
  const picked = new Set<string>();
  while (picked.size < count) picked.add(pickGenre(random));
  return [...picked];
}

function pickGenre(random: Random): string {
  let left = random() * allRarities;
  const position = rarities.findIndex((rarity) => (left -= rarity) < 0);
  return inventedGenres[position] ?? 'Drama';
}

/** One to ten people: one or two direct, some write (often who directs), the others play. */
function inventCredits(words: Words, seed: number, film: number, random: Random): Credit[] {
  const count = 1 + below(random, 5) + below(random, 6);
  const ordinals = new Set<number>();
  while (ordinals.size < count) ordinals.add(pickPerson(random, film));
  const people = [...ordinals].map((ordinal) => inventPerson(words, seed, ordinal));

  const directors = people.splice(0, chance(random, 0.08) ? 2 : 1);
  const writers = chance(random, 0.3) ? directors : people.splice(0, below(random, 3));
  return [
    ...directors.map((person) => ({ ...person, role: 'director' as const })),
    ...writers.map((person) => ({ ...person, role: 'writer' as const })),
    ...people.map((person) => ({ ...person, role: 'actor' as const })),
  ];
}

/**
 * The world's people grow with its films: four new ones with five films. Squaring makes the first of them famous: of
 * 100,000 films the busiest person has some four thousand credits, and most people have few.
 */
function pickPerson(random: Random, film: number): number {
  const known = 20 + Math.floor(film * 0.8);
  return Math.floor(known * random() ** 2);
}

function inventPerson(words: Words, seed: number, ordinal: number): Omit<Credit, 'role'> {
  // Below zero, where no film is.
  const random = randomOf(seed, -1 - ordinal);
  return {
    id: identity('invented person', seed, ordinal),
    fullName: `${pick(random, words.firstNames)} ${pick(random, words.lastNames)}`,
    birthDate: chance(random, 0.8) ? inventDate(random, 1890, 2004) : null,
  };
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
