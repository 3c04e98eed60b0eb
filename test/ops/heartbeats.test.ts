import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHeartbeats } from '../../src/ops/heartbeats.ts';

/** Heartbeats every second, on a clock that is set by hand. */
function openHeartbeats() {
  const clock = { ms: 0 };
  return { clock, heartbeats: createHeartbeats(1_000, () => clock.ms) };
}

describe('the lag', () => {
  it('is not known before a heartbeat was sent', () => {
    const { heartbeats } = openHeartbeats();
    heartbeats.reached(100n);
    assert.equal(heartbeats.lagMs, null);
  });

  it('is how long the last heartbeat took, while none is under way', () => {
    const { clock, heartbeats } = openHeartbeats();
    heartbeats.sent({ lsn: 10n, sentMs: 0 });
    clock.ms = 30;
    heartbeats.reached(10n);
    clock.ms = 900;
    assert.equal(heartbeats.lagMs, 30);
    assert.equal(heartbeats.areWaiting, false);
  });

  it('is the age of the oldest that is not durable, and falls by those that are', () => {
    const { clock, heartbeats } = openHeartbeats();
    for (const [at, lsn] of [10n, 20n, 30n].entries()) heartbeats.sent({ lsn, sentMs: at * 1_000 });
    clock.ms = 100_000;
    heartbeats.reached(9n);
    assert.equal(heartbeats.lagMs, 100_000);
    heartbeats.reached(29n);
    assert.equal(heartbeats.lagMs, 98_000);
    heartbeats.reached(30n);
    assert.equal(heartbeats.lagMs, 98_000);
  });

  it('grows when heartbeats are not even sent any more, since nothing later is known to be durable', () => {
    const { clock, heartbeats } = openHeartbeats();
    heartbeats.sent({ lsn: 10n, sentMs: 0 });
    clock.ms = 30;
    heartbeats.reached(10n);
    clock.ms = 3_001;
    assert.equal(heartbeats.lagMs, 3_001);
  });

  it('is not known again when all is forgotten', () => {
    const { heartbeats } = openHeartbeats();
    heartbeats.sent({ lsn: 10n, sentMs: 0 });
    heartbeats.clear();
    assert.equal(heartbeats.lagMs, null);
  });
});

describe('a heartbeat', () => {
  it('is waited for until it is sent, or the wait is ended', async () => {
    const { heartbeats } = openHeartbeats();
    const stop = new AbortController();
    const next = heartbeats.next(stop.signal);
    heartbeats.sent({ lsn: 10n, sentMs: 0 });
    assert.deepEqual(await next, { lsn: 10n, sentMs: 0 });
    assert.deepEqual(await heartbeats.next(stop.signal), { lsn: 10n, sentMs: 0 });
    heartbeats.reached(10n);
    const never = heartbeats.next(stop.signal);
    stop.abort();
    await assert.rejects(never, { name: 'AbortError' });
  });

  it('is one of a bounded number, of which the oldest stays', () => {
    const { clock, heartbeats } = openHeartbeats();
    for (let at = 0; at < 25_000; at++) heartbeats.sent({ lsn: BigInt(at), sentMs: at });
    clock.ms = 25_000;
    assert.equal(heartbeats.lagMs, 25_000);
  });
});
