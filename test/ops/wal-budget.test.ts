import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWalBudget, secondsUntilLimit } from '../../src/ops/wal-budget.ts';

const MIB = 2 ** 20;

describe('the time until the slot is given up', () => {
  it('is what is left, at the rate at which the kept WAL has grown', () => {
    const samples = [
      { atMs: 0, retainedBytes: 10 * MIB },
      { atMs: 30_000, retainedBytes: 20 * MIB },
      { atMs: 60_000, retainedBytes: 70 * MIB },
    ];
    assert.equal(secondsUntilLimit(samples, 600 * MIB), 600);
    assert.equal(secondsUntilLimit(samples, null), null);
    assert.equal(secondsUntilLimit(samples, 0), 0);
    assert.equal(secondsUntilLimit(samples, -5), 0);
  });

  it('is not known before there is a rate, and not in sight where nothing grows', () => {
    assert.equal(secondsUntilLimit([], MIB), null);
    const grown = (ms: number, bytes: number): number | null =>
      secondsUntilLimit(
        [
          { atMs: 0, retainedBytes: MIB },
          { atMs: ms, retainedBytes: MIB + bytes },
        ],
        MIB,
      );
    assert.equal(grown(59_999, 100), null);
    assert.equal(grown(60_000, 0), null);
    assert.equal(grown(60_000, -100), null);
    assert.ok(grown(60_000, 100));
  });

  it('is far where what is kept only goes up and down', () => {
    const sawtooth = Array.from({ length: 300 }, (_, second) => ({
      atMs: second * 1_000,
      retainedBytes: (second % 15) * 20 * MIB,
    }));
    const seconds = secondsUntilLimit(sawtooth, 10_240 * MIB);
    assert.ok(seconds === null || seconds > 86_400, String(seconds));
  });

  it('forgets how fast it was more than five minutes ago', () => {
    const budget = createWalBudget();
    budget.add({ atMs: 0, retainedBytes: 0 });
    budget.add({ atMs: 60_000, retainedBytes: 600 * MIB });
    assert.equal(budget.secondsLeft(100 * MIB), 10);
    budget.add({ atMs: 360_000, retainedBytes: 600 * MIB });
    assert.equal(budget.secondsLeft(100 * MIB), null);
  });
});
