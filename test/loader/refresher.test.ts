import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createRefresher } from '../../src/loader/refresher.ts';

describe('A refresh of an index', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  it('is made at once after a few documents, and one more for those that came meanwhile', async () => {
    const bed = open();
    bed.refresher.wrote('films', 1);
    assert.deepEqual(bed.begun, ['films at 0']);
    bed.refresher.wrote('films', 1);
    bed.refresher.wrote('films', 1);
    await bed.end();
    await bed.pass(99);
    assert.equal(bed.begun.length, 1);
    await bed.pass(1);
    await bed.end();
    await bed.pass(1_000);
    assert.deepEqual(bed.begun, ['films at 0', 'films at 100']);
  });

  it('is not made again while nothing is written', async () => {
    const bed = open();
    bed.refresher.wrote('films', 1);
    await bed.end();
    await bed.pass(5_000);
    assert.equal(bed.begun.length, 1);
  });

  it('is left to the interval after many documents, until they are few again', async () => {
    const bed = open();
    bed.refresher.wrote('films', 251);
    bed.refresher.wrote('films', 1);
    await bed.pass(999);
    bed.refresher.wrote('films', 1);
    assert.deepEqual(bed.begun, []);
    await bed.pass(1);
    bed.refresher.wrote('films', 1);
    assert.deepEqual(bed.begun, ['films at 1000']);
  });

  it('is made no more often than is set, whatever index it is of', async () => {
    const bed = open();
    for (let at = 0; at < 1_000; at += 10) {
      for (const index of ['films', 'genres', 'persons']) bed.refresher.wrote(index, 1);
      await bed.end();
      await bed.pass(10);
    }
    const times = bed.begun.map((one) => Number(one.split(' ').at(-1)));
    assert.deepEqual(times, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    assert.deepEqual(
      new Set(bed.begun.map((one) => one.split(' ')[0])),
      new Set(['films', 'genres', 'persons']),
    );
  });

  it('is followed by a rest of four times as long as it has taken', async () => {
    const bed = open();
    bed.refresher.wrote('films', 1);
    bed.refresher.wrote('films', 1);
    await bed.pass(500);
    await bed.end();
    await bed.pass(1_999);
    assert.equal(bed.begun.length, 1);
    await bed.pass(1);
    assert.deepEqual(bed.begun, ['films at 0', 'films at 2500']);
  });

  it('that fails is no harm: the next one comes as if it had not', async () => {
    const bed = open();
    bed.refresher.wrote('films', 1);
    bed.refresher.wrote('films', 1);
    await bed.end(new Error('away'));
    await bed.pass(100);
    assert.equal(bed.begun.length, 2);
  });

  it('is not begun any more once that is closed', async () => {
    const bed = open();
    bed.refresher.wrote('films', 1);
    bed.refresher.wrote('films', 1);
    await bed.end();
    bed.refresher.close();
    await bed.pass(1_000);
    bed.refresher.wrote('genres', 1);
    assert.equal(bed.begun.length, 1);
  });
});

/** A refresher of ten a second at most, whose refreshes end when told to. */
function open() {
  const begun: string[] = [];
  let underWay: PromiseWithResolvers<undefined>[] = [];
  const refresher = createRefresher({
    refresh(physical) {
      begun.push(`${physical} at ${Date.now()}`);
      const one = Promise.withResolvers<undefined>();
      underWay.push(one);
      return one.promise;
    },
    maxPerSecond: 10,
    now: () => Date.now(),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    refresher,
    begun,
    /** Ends the refreshes that are under way. */
    async end(error?: Error) {
      for (const { resolve, reject } of underWay) {
        if (error) reject(error);
        else resolve(undefined);
      }
      underWay = [];
      await settled();
    },
    async pass(ms: number) {
      mock.timers.tick(ms);
      await settled();
    },
  };
}
