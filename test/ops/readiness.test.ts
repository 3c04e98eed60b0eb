import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonsNotReady, type Signs } from '../../src/ops/readiness.ts';

const well: Signs = {
  state: 'streaming',
  failure: null,
  incomplete: [],
  unreachable: {},
  refused: {},
  blocked: {},
  waits: [],
  stuckMs: 0,
};

function reasonsOf(signs: Partial<Signs>): string[] {
  return reasonsNotReady({ ...well, ...signs }).map(({ reason }) => reason);
}

describe('a service', () => {
  it('is ready when it streams, reaches every server, and moves', () => {
    assert.deepEqual(reasonsOf({}), []);
  });

  it('is ready while documents are read anew that searches have already', () => {
    assert.deepEqual(reasonsOf({ state: 'snapshotting' }), []);
  });

  for (const [signs, reasons] of [
    [{ state: 'starting' }, ['starting']],
    [{ state: 'starting', failure: 'connection terminated' }, ['failed', 'starting']],
    [{ state: 'stopping' }, ['stopping']],
    [{ state: 'paused', stuckMs: 60_000 }, ['paused']],
    [{ state: 'paused', waits: [{ name: 'pause', detail: 'resume', ms: 60_000 }] }, ['paused']],
    [{ state: 'snapshotting', incomplete: ['movies'] }, ['snapshotting']],
    [{ unreachable: { redis: 'timed out' } }, ['redis']],
    [{ unreachable: { elasticsearch: 'refused', postgres: 'refused' } }, ['postgres', 'elasticsearch']],
    [{ blocked: { 'movies-1': 'read-only' } }, ['index-blocked']],
    [{ refused: { movies: 'a mistyped type' } }, ['index-refused']],
    [{ stuckMs: 10_000 }, ['stalled']],
    [{ waits: [{ name: 'elasticsearch', detail: '429', ms: 2_000 }] }, ['elasticsearch']],
    [{ waits: [{ name: 'gate', detail: 'transaction 7', ms: 2_000 }] }, ['waiting']],
    [{ state: 'starting', waits: [{ name: 'slot', detail: 'another', ms: 0 }] }, ['standby', 'starting']],
  ] as const satisfies readonly (readonly [Partial<Signs>, readonly string[]])[]) {
    it(`is not ready for ${reasons.join(' and ')} with ${JSON.stringify(signs)}`, () => {
      assert.deepEqual(reasonsOf(signs), reasons);
    });
  }

  it('is ready through what passes in a moment', () => {
    assert.deepEqual(
      reasonsOf({ stuckMs: 9_999, waits: [{ name: 'elasticsearch', detail: '429', ms: 1_999 }] }),
      [],
    );
  });

  it('names a reason once, with what the probe has found first', () => {
    const waits = [{ name: 'redis', detail: 'closed', ms: 5_000 }];
    assert.deepEqual(reasonsNotReady({ ...well, unreachable: { redis: 'timed out' }, waits }), [
      { reason: 'redis', detail: 'timed out' },
    ]);
  });
});
