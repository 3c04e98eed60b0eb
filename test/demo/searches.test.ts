import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFilms } from '../../dev/demo/searches.ts';

describe('found films', () => {
  it('are a line each: title, rating, genres, directors', () => {
    assert.deepEqual(
      describeFilms([
        {
          title: 'Alien',
          imdb_rating: 8.5,
          genres: ['Horror', 'Thriller'],
          directors: [{ name: 'Ridley Scott' }],
        },
        { title: 'Летят журавли', imdb_rating: null, genres: ['Drama'], directors: [] },
      ]),
      ['Alien          8.5  Horror, Thriller  by Ridley Scott', 'Летят журавли  –    Drama'],
    );
  });
});
