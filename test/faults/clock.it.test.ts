import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { randomOf } from '../../dev/load/random.ts';
import { seedRows } from '../service/support/edits.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { openSetting } from '../service/support/setting.ts';
import { startWriters } from '../service/support/writers.ts';
import { checkout } from '../../dev/stack/paths.ts';

const DAY_MS = 86_400_000;
const EDITS = 60;

it("the service goes on, with nothing lost, when its machine's clock jumps", async (t) => {
  await using setting = await openSetting(t);
  await seedRows(setting.admin, randomOf(1, 0));
  const folder = await mkdtemp(join(tmpdir(), 'clock-'));
  const offset = join(folder, 'offset');
  const jumpTo = (ms: number): Promise<void> => writeFile(offset, String(ms));
  await jumpTo(0);
  const jumping = pathToFileURL(join(checkout, 'test/faults/support/jumping-clock.ts')).href;
  const settings = { CLOCK_OFFSET_FILE: offset, NODE_OPTIONS: `--import=${jumping}` };
  await using writers = startWriters(setting.database, 2, 1);
  await using ready = await watchReadiness(t);
  await using service = setting.spawn({ ...settings, ...ready.settings });
  await service.untilStreaming();
  await ready.isReady();

  for (const [name, ms] of Object.entries({ 'a day ahead': DAY_MS, 'a day back': -DAY_MS })) {
    await t.test(name, async () => {
      await writers.goOn(EDITS);
      await ready.turns('the clock jumps', async () => {
        await jumpTo(ms);
        // Not the one of before the jump.
        const { at } = await service.until(
          (status) => (Date.parse(status.at) - Date.now()) * Math.sign(ms) > DAY_MS / 2,
        );
        assert.equal(Math.round((Date.parse(at) - Date.now()) / DAY_MS), ms / DAY_MS);
      });
      await writers.goOn(EDITS);
      await setting.assertConverged();
    });
  }

  await t.test('while all is built anew', async () => {
    await service.stop();
    await jumpTo(-2 * DAY_MS);
    await using rebuilding = setting.spawn({
      ...settings,
      ES_SHOULD_DROP_INDEX: 'TRUE',
      SNAPSHOT_CHUNK_SIZE: '20',
    });
    await writers.goOn(EDITS);
    await jumpTo(DAY_MS);
    await rebuilding.untilStreaming();
    await setting.assertConverged();
    await rebuilding.stop();
  });
  await rm(folder, { recursive: true });
});
