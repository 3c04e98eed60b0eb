import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGivingWay } from '../../src/service/giving-way.ts';

/** Begins a chunk beside so many others, and gives how long that waited; at each look the stream is as `pendingMs` says. */
async function waitedMs(running: number, pendingMs: (atMs: number) => number): Promise<number> {
  const clock = { ms: 0 };
  const giveWay = createGivingWay({
    oldestPendingMs: () => pendingMs((clock.ms += 50)),
    now: () => clock.ms,
    signal: new AbortController().signal,
  });
  await giveWay(running);
  return clock.ms;
}

describe('a chunk of a snapshot', () => {
  it('begins at once where the stream has nothing to do', async () => {
    for (const running of [0, 1, 3]) assert.equal(await waitedMs(running, () => 0), 50);
  });

  it('begins where an edit has just come, but not beside another chunk', async () => {
    assert.equal(await waitedMs(0, () => 80), 50);
    assert.equal(await waitedMs(1, (atMs) => (atMs < 400 ? 80 : 0)), 400);
  });

  it('waits while an edit waits, and begins once a second all the same', async () => {
    assert.equal(await waitedMs(0, (atMs) => (atMs < 300 ? 500 : 60)), 300);
    for (const running of [0, 2]) assert.equal(await waitedMs(running, () => 60_000), 1_000);
  });

  it('waits no more when the snapshot ends', async () => {
    const giveWay = createGivingWay({
      oldestPendingMs: () => 60_000,
      now: () => 0,
      signal: AbortSignal.abort(),
    });
    await giveWay(1);
  });
});
