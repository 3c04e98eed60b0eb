import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWatchdog } from '../../src/service/watchdog.ts';

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
