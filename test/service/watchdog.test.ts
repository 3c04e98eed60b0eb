import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWatchdog, movementOf } from '../../src/service/watchdog.ts';

const stuck = { isOutstanding: true, mark: 'one', isWaiting: false };

describe('the watchdog', () => {
  it('ends a service in which nothing has moved for the set time', () => {
    const clock = { ms: 0 };
    const look = createWatchdog(1_000, () => clock.ms);
    look(stuck);
    clock.ms = 999;
    look(stuck);
    clock.ms = 1_000;
    assert.throws(() => look(stuck), { code: 'PROJ_STALLED' });
  });

  for (const [what, movement] of [
    ['something moves', (at: number) => ({ ...stuck, mark: String(at) })],
    ['there is nothing to do', () => ({ ...stuck, isOutstanding: false })],
    ['it waits for something named', () => ({ ...stuck, isWaiting: true })],
  ] as const) {
    it(`lets it be while ${what}`, () => {
      const clock = { ms: 0 };
      const look = createWatchdog(1_000, () => clock.ms);
      for (; clock.ms < 5_000; clock.ms += 500) look(movement(clock.ms));
      look(stuck);
    });
  }

  it('never ends it where the time is 0', () => {
    const clock = { ms: 0 };
    const look = createWatchdog(0, () => clock.ms);
    for (; clock.ms < 10_000_000; clock.ms += 1_000_000) look(stuck);
  });
});

describe('what moves', () => {
  const status: Parameters<typeof movementOf>[0] = {
    state: 'streaming',
    pausedSince: null,
    waits: {},
    resumePoint: '0/10',
    covered: '0/10',
    pendingIds: 0,
    fanOuts: 0,
    batchesInFlight: 0,
    queuedBytes: 0,
    oldestPendingSeconds: 0,
    deadLetters: {},
    refusedIndexes: {},
    indexes: {},
    changes: 0,
    written: 0,
    superseded: 0,
    refused: 0,
  };
  const stuckOne = { ...status, batchesInFlight: 1, covered: '0/20' };

  it('is not the stream alone, while documents are to be done', () => {
    const before = movementOf(stuckOne);
    const after = movementOf({ ...stuckOne, covered: '0/30', queuedBytes: 200 });
    assert.ok(before.isOutstanding);
    assert.equal(after.mark, before.mark);
  });

  it('is every document that is done, and the stream where there is none to do', () => {
    assert.notEqual(movementOf({ ...stuckOne, written: 1 }).mark, movementOf(stuckOne).mark);
    assert.notEqual(movementOf({ ...status, covered: '0/20' }).mark, movementOf(status).mark);
  });

  it('is not outstanding where all that has come is durable', () => {
    assert.equal(movementOf(status).isOutstanding, false);
    assert.equal(movementOf({ ...status, queuedBytes: 1 }).isOutstanding, true);
  });
});
