import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '../support/wait.ts';
import { watchReadiness } from './support/readiness.ts';
import { openSetting, type Setting } from './support/setting.ts';
import { PATIENCE_MS, type Service } from './support/service.ts';

describe('a standby', () => {
  it('waits while another holds the slot, and takes over when that one dies', async (t) => {
    await using setting = await openSetting(t);
    await using first = setting.spawn();
    await first.untilStreaming();
    await using ready = await watchReadiness(t);
    await using standby = setting.run(ready.settings, { isStandby: true });
    await waits(standby);
    await ready.turns('another process holds the slot', async () => {
      await insertGenre(setting, 'Western');
      await setting.assertConverged();

      await first.kill();
      await insertGenre(setting, 'Noir');
      await standby.untilStreaming();
    });
    await setting.assertConverged();
    await standby.stop();
  });

  it('ends in order when it is stopped while it waits', async (t) => {
    await using setting = await openSetting(t);
    await using first = setting.run();
    await first.untilStreaming();
    await using standby = setting.spawn({}, ['--standby']);
    await waits(standby);
    await standby.stop();
    await first.stop();
  });

  it('takes over from one that is frozen, which writes nothing when it wakes up', async (t) => {
    await using setting = await openSetting(t);
    await using frozen = setting.spawn();
    await frozen.untilStreaming();
    await using standby = setting.run({}, { isStandby: true });
    await waits(standby);
    frozen.signal('SIGSTOP');
    await insertGenre(setting, 'Western');
    await standby.untilStreaming();
    await setting.assertConverged();

    frozen.signal('SIGCONT');
    await insertGenre(setting, 'Noir');
    assert.deepEqual(await frozen.ended, { code: 6, signal: null }, frozen.log);
    await setting.assertConverged();
    await standby.stop();
  });
});

/** Resolves once it says that it waits for its turn. */
async function waits(standby: Service): Promise<void> {
  await waitFor(() => standby.log.includes('standing by'), { timeoutMs: PATIENCE_MS });
}

async function insertGenre({ admin }: Setting, name: string): Promise<void> {
  await admin.query('insert into content.genre (name) values ($1)', [name]);
}
