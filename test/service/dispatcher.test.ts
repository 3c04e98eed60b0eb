import assert from 'node:assert/strict';
import test from 'node:test';
import { createDebouncer } from '../../src/debouncer/debouncer.ts';
import { createFloor } from '../../src/debouncer/floor.ts';
import { createDispatcher } from '../../src/service/dispatcher.ts';

test('who waits is let go by a signal, be it aborted before or after', async () => {
  const dispatcher = createDispatcher({
    debouncer: createDebouncer({
      indexes: ['films'],
      batchSize: 1,
      maxInFlight: 1,
      quietMs: 0,
      maxWaitMs: 0,
      floor: createFloor({ lsn: 0n, lastCommit: null }),
    }),
    maxInFlight: 1,
    project: () => Promise.resolve(),
    onFailure: (error) => assert.ifError(error),
    now: () => 0,
  });
  const stop = new AbortController();
  const before = dispatcher.until(() => false, stop.signal);
  stop.abort();
  const after = dispatcher.until(() => false, stop.signal);
  for (const waiting of [before, after]) await assert.rejects(waiting, { name: 'AbortError' });
  await dispatcher.until(() => true, stop.signal);
});
