import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, waitFor } from './wait.ts';

describe('waitFor', () => {
  it('gives what the condition gives once that is truthy', async () => {
    let calls = 0;
    assert.equal(await waitFor(() => (++calls < 3 ? undefined : `call ${calls}`)), 'call 3');
  });

  it('says what it waited for, and what it saw last', async () => {
    const never = waitFor(() => Promise.resolve(0), { timeoutMs: 30, what: 'rain' });
    await assert.rejects(never, { message: 'Waited 30 ms in vain for rain: it was 0' });
  });
});

describe('eventually', () => {
  it('gives what the assertion gives once it throws nothing', async () => {
    let calls = 0;
    const value = await eventually(() => {
      assert.equal(++calls, 2);
      return 'done';
    });
    assert.equal(value, 'done');
  });

  it('keeps the last failure as the cause', async () => {
    const failure = new Error('no clouds');
    const never = eventually(() => Promise.reject(failure), { timeoutMs: 30, what: 'rain' });
    await assert.rejects(never, { message: 'Waited 30 ms in vain for rain: no clouds', cause: failure });
  });
});
