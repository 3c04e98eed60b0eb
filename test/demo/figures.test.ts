import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFigures, median } from '../../dev/demo/figures.ts';

describe('the median', () => {
  it('is the one in the middle, or what lies between the two', () => {
    assert.equal(median([]), 0);
    assert.equal(median([7]), 7);
    assert.equal(median([1, 2]), 1.5);
    assert.equal(median([1, 2, 9]), 2);
    assert.equal(median([1, 2, 4, 9]), 3);
  });
});

describe('the figures', () => {
  it('are a line each', () => {
    const lines = describeFigures({
      agreements: [
        { index: 'movies', table: 'film_work', documents: 35_999, rows: 35_999 },
        { index: 'genres', table: 'genre', documents: 26, rows: 26 },
      ],
      snapshot: { documents: 36_026, ms: 12_000 },
      arrivals: [1_400, 300, 900].map((ms) => ({ documents: 1, ms })),
      status: { changes: 5_010, written: 41_000, residentBytes: 150 * 2 ** 20 },
      peakBytes: 200 * 2 ** 20,
    });
    assert.deepEqual(lines, [
      'documents            36,025: 35,999 movies, 26 genres',
      'snapshot             36,026 documents in 12.0 s: 3,002 a second',
      'commit → searchable  300 ms fastest, 900 ms median, 1.40 s slowest',
      'changes followed     5,010 changed rows; 41,000 documents written, with those of the snapshot',
      'service memory       150 MiB resident now, 200 MiB at most',
    ]);
  });
});
