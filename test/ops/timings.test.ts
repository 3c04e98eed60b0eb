import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTimings, type Latency } from '../../src/ops/timings.ts';

describe('timings', () => {
  it('tell how often and how long each stage was at work', () => {
    const timings = createTimings(() => 0);
    timings.stage('read', 250);
    timings.stage('read', 750);
    assert.deepEqual(timings.stages.read, { times: 2, seconds: 1 });
    assert.deepEqual(timings.stages.write, { times: 0, seconds: 0 });
  });

  it('tell within what time half and nearly all of the last batches were durable', () => {
    const clock = { ms: 0 };
    const timings = createTimings(() => clock.ms);
    const latency = (): Latency | null => timings.latency;
    assert.equal(latency(), null);
    for (let ageMs = 100; ageMs >= 1; ageMs--) timings.batch(ageMs);
    assert.deepEqual(latency(), { p50: 0.05, p99: 0.099 });
    clock.ms = 9_999;
    timings.batch(3_000);
    assert.equal(latency()?.p99, 0.1);
    clock.ms = 10_000;
    assert.deepEqual(latency(), { p50: 3, p99: 3 });
    clock.ms = 20_000;
    assert.equal(latency(), null);
  });

  it('look at no more than the last thousand batches', () => {
    const timings = createTimings(() => 0);
    timings.batch(60_000);
    for (let batch = 0; batch < 1_000; batch++) timings.batch(1);
    assert.deepEqual(timings.latency, { p50: 0.001, p99: 0.001 });
  });
});
