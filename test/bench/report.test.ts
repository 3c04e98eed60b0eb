import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measurementsTable, percentile, rounded, spread, table } from '../../bench/report.ts';

describe('spread', () => {
  it('takes the middle of an odd number of values', () => {
    assert.deepEqual(spread([3, 1, 2]), { min: 1, median: 2, max: 3 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    assert.deepEqual(spread([4, 10, 1, 2]), { min: 1, median: 3, max: 10 });
  });

  it('is one value three times', () => {
    assert.deepEqual(spread([7]), { min: 7, median: 7, max: 7 });
  });

  it('refuses nothing', () => {
    assert.throws(() => spread([]), RangeError);
  });
});

describe('percentile', () => {
  it('is the least value that so large a share does not exceed', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    assert.equal(percentile(values, 0.5), 100);
    assert.equal(percentile(values, 0.99), 198);
    assert.equal(percentile(values, 1), 200);
    assert.equal(percentile([7], 0.01), 7);
    assert.throws(() => percentile([], 0.5), RangeError);
  });
});

describe('The tables of the benchmark', () => {
  it('align names to the left and figures to the right', () => {
    assert.equal(
      table(
        ['a', 'b'],
        [
          ['long', '1'],
          ['c', '22'],
        ],
      ),
      'a      b\n----  --\nlong   1\nc     22',
    );
  });

  it('show minimum, median, maximum and each value', () => {
    const shown = measurementsTable([{ name: 'rate', values: [2000, 1000.4, 3000], digits: 0 }]);
    assert.equal(shown.split('\n').at(-1), 'rate  1,000   2,000  3,000  2,000  1,000  3,000');
  });

  it('round to so many decimals', () => {
    assert.equal(rounded(0.6666, 3), 0.667);
    assert.equal(rounded(1234.5678), 1235);
  });
});
