import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { LoadError } from '../../dev/load/load-error.ts';
import { ndjsonFilms } from '../../dev/load/ndjson-films.ts';
import { gather } from './gather.ts';

/** Reads films from a file with this content; `at` in messages stands for its path. */
async function read(content: string | Uint8Array) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'load-'));
  const path = join(folder.path, 'films');
  await writeFile(path, content);
  try {
    return await gather(ndjsonFilms(path));
  } catch (error) {
    throw error instanceof LoadError ? new LoadError(error.message.replaceAll(path, 'FILE')) : error;
  }
}

const metropolis = JSON.stringify({
  title: 'Metropolis',
  year: 1927,
  genres: ['Drama', 'Science Fiction', 'Drama'],
  cast: ['Brigitte Helm', 'Alfred Abel'],
  rating: 8.3,
  director: 'Fritz Lang',
  runtime: 153,
});
const carmen = (lead: string) => JSON.stringify({ title: 'Carmen', year: 1915, genres: [], cast: [lead] });

describe('films from a file of JSON lines', () => {
  it('bring their genres, cast, director and rating', async () => {
    const { film_work, genre, person, genre_film_work, person_film_work } = await read(`${metropolis}\n`);
    assert.deepEqual(
      film_work.map(({ title, creation_date, rating, type }) => ({ title, creation_date, rating, type })),
      [{ title: 'Metropolis', creation_date: '1927-01-01', rating: 8.3, type: 'movie' }],
    );
    assert.deepEqual(
      genre.map(({ name }) => name),
      ['Drama', 'Science Fiction'],
    );
    assert.equal(genre_film_work.length, 2);
    const names = new Map(person.map(({ id, full_name }) => [id, full_name]));
    assert.deepEqual(
      person_film_work.map(({ person_id, role }) => [names.get(person_id), role]),
      [
        ['Fritz Lang', 'director'],
        ['Brigitte Helm', 'actor'],
        ['Alfred Abel', 'actor'],
      ],
    );
  });

  it('are the same from a gzipped file, from one without a last line end, and from one made on Windows', async () => {
    const lines = [metropolis, carmen('Theda Bara')];
    const plain = await read(lines.join('\n'));
    assert.equal(plain.film_work.length, 2);
    assert.deepEqual(await read(gzipSync(lines.join('\n'))), plain);
    assert.deepEqual(await read(`\ufeff${lines.join('\r\n')}\r\n\r\n`), plain);
  });

  it('are as many as the lines, also where two share title and year', async () => {
    const { film_work, person_film_work } = await read(
      [carmen('Geraldine Farrar'), carmen('Theda Bara'), carmen('Theda Bara')].join('\n'),
    );
    assert.equal(film_work.length, 3);
    assert.equal(person_film_work.length, 3);
  });

  it('may lack all but title and year', async () => {
    const { film_work } = await read('{"title": " Home ", "year": 2015, "rating": null}');
    assert.equal(film_work[0]?.title, 'Home');
    assert.equal(film_work[0].rating, null);
  });

  it('are read across the chunks of a large file', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => carmen(`Лицо №${n}`));
    const { person } = await read(lines.join('\n'));
    assert.equal(person.length, 3000);
    assert.ok(person.every(({ full_name }, n) => full_name === `Лицо №${n}`));
  });

  for (const [what, content, message] of [
    [
      'wrong fields, all of them',
      `${metropolis}\n{"title": " ", "year": "1927", "cast": ["A", 3], "rating": 11}`,
      'FILE, line 2: title: is empty; year: Invalid input: expected number, received string; ' +
        'cast.1: Invalid input: expected string, received number; rating: Too big: expected number to be <=10.',
    ],
    ['something else', '[]', 'FILE, line 1: Invalid input: expected object, received array.'],
    [
      'text that Postgres cannot store',
      '{"title": "a\\u0000b", "year": 1}',
      'FILE, line 1: title: has a NUL character, which Postgres cannot store.',
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from('{"title": "L\xe9on"}', 'latin1'),
      'FILE, line 1: is not UTF-8.',
    ],
  ] as const) {
    it(`refuse ${what}`, async () => {
      await assert.rejects(read(content), new LoadError(message));
    });
  }

  it('refuse what is not JSON', async () => {
    await assert.rejects(read(`${metropolis}\n\n{"title": `), {
      name: 'LoadError',
      message: /^FILE, line 3: is not JSON: /,
    });
  });

  it('refuse half a gzipped file, and none', async () => {
    await assert.rejects(read(gzipSync(metropolis).subarray(0, 40)), {
      name: 'LoadError',
      message: 'Cannot read FILE: unexpected end of file',
    });
    await assert.rejects(gather(ndjsonFilms(join(tmpdir(), 'no-such-file'))), {
      name: 'LoadError',
      message: /^Cannot read .*no-such-file: ENOENT/,
    });
  });
});
