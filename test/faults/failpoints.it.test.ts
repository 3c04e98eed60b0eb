import assert from 'node:assert/strict';
import { it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { failpoints, type Failpoint } from '../../src/ops/failpoint.ts';
import type { Ended } from '../service/support/child.ts';
import { cascadeKeyChanges, seedRows } from '../service/support/edits.ts';
import { PATIENCE_MS } from '../service/support/service.ts';
import { openSetting } from '../service/support/setting.ts';
import { startWriters } from '../service/support/writers.ts';

const EDITS = 80;
const SMALL_CHUNKS = { SNAPSHOT_CHUNK_SIZE: '100', SNAPSHOT_PARALLELISM: '1' };

/** Those that only a service comes by that builds everything anew. The others are reached in the stream. */
const rebuilding: readonly Failpoint[] = [
  'after-drop',
  'after-slot',
  'in-chunk',
  'before-swap',
  'after-swap',
];

it('a service that is killed at any point of its work loses nothing', async (t) => {
  await using setting = await openSetting(t);
  await cascadeKeyChanges(setting.admin);
  await seedRows(setting.admin, randomOf(1, 0));
  await using writers = startWriters(setting.database, 2, 1);
  {
    await using first = setting.run();
    await first.untilStreaming();
    await first.stop();
  }

  for (const name of failpoints) {
    await t.test(name.replaceAll('-', ' '), { timeout: 2 * PATIENCE_MS }, async () => {
      const isRebuilt = rebuilding.includes(name);
      const settings = { ...SMALL_CHUNKS, ...(isRebuilt && { ES_SHOULD_DROP_INDEX: 'TRUE' }) };
      await using killed = setting.spawn({ ...settings, FAILPOINT: isRebuilt ? name : `${name}:2` });
      const state: { ended?: Ended } = {};
      void killed.ended.then((ended) => (state.ended = ended));
      while (!state.ended) {
        await writers.goOn(10);
        // It is not to fall ever further behind.
        await Promise.race([killed.ended, setting.covered()]);
      }
      assert.deepEqual(state.ended, { code: null, signal: 'SIGKILL' }, killed.log);

      await using next = setting.run(settings);
      await writers.goOn(EDITS);
      await next.untilStreaming();
      await setting.assertConverged();
      await next.stop();
    });
  }
});
