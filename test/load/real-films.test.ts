import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromList, fromVega, mergeFilms, realFilms, releaseDate } from '../../dev/load/real-films.ts';
import { repairMacRoman } from '../../dev/load/repair-mac-roman.ts';
import { gather } from './gather.ts';

const vega = {
  Title: 'Cat People',
  'Release Date': 'Nov 16 2042',
  'MPAA Rating': null,
  'Major Genre': 'Horror',
  Director: null,
  'IMDB Rating': 5.9,
};

describe('the real films', () => {
  it('are those of both packages, with genres, directors and ratings', async () => {
    const { film_work, genre, person, genre_film_work, person_film_work } = await gather(realFilms());
    assert.equal(film_work.length, 3844);
    assert.equal(genre.length, 23);
    assert.equal(person.length, 885);
    assert.equal(genre_film_work.length, 5596);
    assert.equal(person_film_work.length, 2627);
    assert.ok(person_film_work.every(({ role }) => role === 'director'));
    assert.equal(new Set(film_work.map(({ id }) => id)).size, film_work.length);

    const gone = film_work.find(({ title }) => title === 'Gone with the Wind');
    assert.equal(gone?.creation_date, '1939-12-15');
    assert.equal(gone.rating, 8.2);
    assert.equal(gone.certificate, 'G');
  });

  it('are one where title and year are the same, however they are spelt', () => {
    const merged = mergeFilms(
      fromVega({ ...vega, Title: 'LÈon', 'Release Date': 'Nov 18 1994', Director: 'Luc Besson' }),
      [
        fromList({
          title: 'Léon',
          year: '1994',
          genres: ['crime', ' sci_fi'],
          directors: ['Luc Besson', ' Somebody Else'],
        }),
        fromList({ title: 'Léon', year: '1995', genres: [], directors: [] }),
      ],
    );
    assert.deepEqual(merged, [
      {
        title: 'Léon',
        date: '1994-11-18',
        certificate: null,
        rating: 5.9,
        genres: ['Horror', 'Crime', 'Science Fiction'],
        directors: ['Luc Besson', 'Somebody Else'],
      },
      { title: 'Léon', date: '1995-01-01', certificate: null, rating: null, genres: [], directors: [] },
    ]);
  });

  it('have titles that are text, in plain order, without the year', () => {
    const titles = ['Secret, The', 'King Kong (1933)', 1941, '(500) Days of Summer', null].flatMap((Title) =>
      fromVega({ ...vega, Title }).map(({ title }) => title),
    );
    assert.deepEqual(titles, ['The Secret', 'King Kong', '1941', '(500) Days of Summer']);
  });

  it('have one set of genre names, and no certificate where there was none', () => {
    const of = (genre: string | null, certificate: string | null) =>
      fromVega({ ...vega, 'Major Genre': genre, 'MPAA Rating': certificate }).map((film) => [
        film.genres,
        film.certificate,
      ]);
    assert.deepEqual(of('Romantic Comedy', 'PG-13'), [[['Comedy', 'Romance'], 'PG-13']]);
    assert.deepEqual(of('Thriller/Suspense', 'Not Rated'), [[['Thriller'], null]]);
    assert.deepEqual(of(null, 'Open'), [[[], null]]);
  });

  it('were released when they were', () => {
    assert.equal(releaseDate('Jun 12 1998'), '1998-06-12');
    assert.equal(releaseDate('Dec 23 2011'), '2011-12-23');
    assert.equal(releaseDate('Feb 08 2015'), '1915-02-08');
    assert.equal(releaseDate('Dec 31 1974'), '1975-01-01');
    assert.equal(releaseDate('Dec 31 1997'), '1997-12-31');
    assert.equal(releaseDate('Dec 31 2046'), '1946-12-31');
  });

  it('have the letters that they were written with', () => {
    assert.equal(repairMacRoman('DÈj‡ Vu'), 'Déjà Vu');
    assert.equal(repairMacRoman('The Naked Gun 2Ω'), 'The Naked Gun 2½');
    assert.equal(repairMacRoman('Alien³'), 'Alien³');
  });
});
