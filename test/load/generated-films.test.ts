import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatedFilms, inventedGenres, inventFilms } from '../../dev/load/generated-films.ts';
import { gather } from './gather.ts';

/** How often each value comes, the most common first. */
function frequencies<T>(values: Iterable<T>): [value: T, times: number][] {
  const times = new Map<T, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times].sort(([, one], [, other]) => other - one);
}

describe('generated films', () => {
  it('are the same for the same seed, and others for another', () => {
    const first = [...inventFilms({ films: 50, seed: 7 })];
    assert.deepEqual([...inventFilms({ films: 50, seed: 7 })], first);

    const other = [...inventFilms({ films: 50, seed: 8 })];
    assert.equal(other.filter(({ id }) => first.some((film) => film.id === id)).length, 0);
    assert.notDeepEqual(
      other.map(({ title }) => title),
      first.map(({ title }) => title),
    );
  });

  it('are the first ones of a longer list', () => {
    const few = [...inventFilms({ films: 100, seed: 7 })];
    assert.deepEqual([...inventFilms({ films: 300, seed: 7 })].slice(0, 100), few);
  });

  it('say that they are invented', () => {
    for (const { description } of inventFilms({ films: 100, seed: 7 })) {
      assert.match(description ?? '', /^An invented film\. /);
    }
  });

  it('have one to ten people and one to four genres each, none twice', () => {
    const people = new Set<number>();
    const genres = new Set<number>();
    for (const film of inventFilms({ films: 3000, seed: 1 })) {
      people.add(new Set(film.people.map(({ id }) => id)).size);
      genres.add(new Set(film.genres).size);
      assert.equal(new Set(film.genres).size, film.genres.length);
      assert.equal(new Set(film.people.map(({ id, role }) => `${id} ${role}`)).size, film.people.length);
      assert.ok(film.people.some(({ role }) => role === 'director'));
    }
    assert.deepEqual(
      [...people].sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.deepEqual(
      [...genres].sort((a, b) => a - b),
      [1, 2, 3, 4],
    );
  });

  it('share a few very busy people and very common genres; most people have few films', () => {
    const films = [...inventFilms({ films: 10_000, seed: 1 })];

    const genres = frequencies(films.flatMap(({ genres }) => genres));
    assert.deepEqual(genres[0]?.[0], 'Drama');
    assert.ok(genres[0][1] > 4000 && genres[0][1] < 6000, `${genres[0][1]} dramas`);
    assert.equal(genres.length, inventedGenres.length);
    assert.ok((genres.at(-1)?.[1] ?? 0) > 100);

    const credits = frequencies(films.flatMap(({ people }) => people.map(({ id }) => id)));
    assert.ok((credits[0]?.[1] ?? 0) > 500);
    assert.ok(credits.length > 5000, `${credits.length} people`);
    const median = credits[Math.floor(credits.length / 2)]?.[1] ?? 0;
    assert.ok(median <= 8, `half of the people have ${median} credits or more`);
  });

  it('tell the same of a person in every film', async () => {
    const told = new Map<string, string>();
    for (const { people } of inventFilms({ films: 2000, seed: 3 })) {
      for (const { id, fullName, birthDate } of people) {
        const what = `${fullName} ${birthDate}`;
        assert.equal(told.get(id) ?? what, what);
        told.set(id, what);
      }
    }
    const { person } = await gather(generatedFilms({ films: 2000, seed: 3 }));
    assert.equal(person.length, told.size);
  });

  it('fit the columns', () => {
    for (const { rating, creationDate } of inventFilms({ films: 3000, seed: 5 })) {
      assert.ok(rating === null || (rating >= 0 && rating <= 10));
      assert.match(creationDate ?? '', /^(19[2-9]\d|20[012]\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d)$/);
    }
  });
});
