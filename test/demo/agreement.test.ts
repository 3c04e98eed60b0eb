import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findFailures } from '../../dev/demo/agreement.ts';

const movies = { index: 'movies', table: 'film_work', documents: 3, rows: 3 };

describe('documents and rows', () => {
  it('agree when there are as many, and Elasticsearch has refused none', () => {
    assert.deepEqual(findFailures([movies], { movies: 0 }), []);
  });

  it('differ with a line for each index that does', () => {
    assert.deepEqual(findFailures([{ ...movies, documents: 2 }], { movies: 1, genres: 0 }), [
      'movies has 2 documents, but content.film_work 3 rows',
      'Elasticsearch has refused 1 of the documents of movies',
    ]);
  });
});
