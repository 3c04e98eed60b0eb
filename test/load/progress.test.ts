import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showProgress } from '../../dev/load/progress.ts';

/** Shows progress to a terminal that remembers, at moments in milliseconds. */
function shown(isTTY: boolean, total: number | undefined, moments: readonly [atMs: number, films: number][]) {
  const written: string[] = [];
  let at = 0;
  const progress = showProgress({ isTTY, write: (text) => written.push(text) }, total, () => at);
  for (const [moment, films] of moments) {
    at = moment;
    progress.update(films);
  }
  progress.end();
  return written;
}

describe('progress', () => {
  it('is a plain line every five seconds where nobody can rewrite one', () => {
    assert.deepEqual(
      shown(false, 40_000, [
        [1000, 5000],
        [5000, 20_000],
        [6000, 25_000],
        [10_000, 40_000],
      ]),
      ['20,000 of 40,000 (50 %) films, 4,000 a second\n', '40,000 of 40,000 (100 %) films, 4,000 a second\n'],
    );
  });

  it('is one line on a terminal, gone at the end', () => {
    assert.deepEqual(
      shown(true, undefined, [
        [100, 500],
        [500, 2000],
        [1000, 5000],
      ]),
      ['\r\x1b[K2,000 films, 4,000 a second', '\r\x1b[K5,000 films, 5,000 a second', '\r\x1b[K'],
    );
  });

  it('says nothing of what is done at once', () => {
    assert.deepEqual(shown(true, 10, [[50, 10]]), []);
  });
});
