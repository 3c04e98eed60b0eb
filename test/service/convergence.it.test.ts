import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { cascadeKeyChanges, seedRows } from './support/edits.ts';
import { openSetting } from './support/setting.ts';
import { startWriters } from './support/writers.ts';

const EDITS = Number(process.env['EDITS'] ?? 1_500);
/** Gives each writer's edits. How the writers' transactions meet is new each time. */
const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const WRITERS = 4;
/** How long the service may take to catch up. */
const TIMEOUT_MS = 30_000 + 10 * EDITS;
/** So that a snapshot lasts for as long as it takes to meet edits. */
const SLOW_SNAPSHOT = { SNAPSHOT_CHUNK_SIZE: '50', SNAPSHOT_MAX_RATE: '400' };

it(`every document is what the rows make it, after random edits and restarts (SEED=${SEED} EDITS=${EDITS})`, async (t) => {
  await using setting = await openSetting(t);
  await cascadeKeyChanges(setting.admin);
  await seedRows(setting.admin, randomOf(SEED, 0));
  await using writers = startWriters(setting.database, WRITERS, SEED);
  {
    await using killedInItsSnapshot = setting.spawn(SLOW_SNAPSHOT);
    const edits = writers.goOn(EDITS * 0.2);
    await killedInItsSnapshot.until(({ written }) => written > 50);
    await killedInItsSnapshot.kill();
    await edits;
  }
  {
    await using stoppedInTheNext = setting.run(SLOW_SNAPSHOT);
    await writers.goOn(EDITS * 0.15);
    await stoppedInTheNext.untilStreaming();
    const snapshot = setting.command(['snapshot']);
    await stoppedInTheNext.until(({ state }) => state === 'snapshotting');
    await writers.goOn(EDITS * 0.15);
    await stoppedInTheNext.stop();
    await snapshot;
  }
  {
    const edits = writers.goOn(EDITS * 0.3);
    await using killedInTheStream = setting.spawn();
    await killedInTheStream.until(({ written }) => written > 0);
    await killedInTheStream.kill();
    await edits;
  }
  {
    await using last = setting.spawn();
    await writers.goOn(EDITS * 0.2);
    await setting.assertConverged(TIMEOUT_MS);
    await last.kill();
  }
  await using again = setting.run();
  await again.untilStreaming();
  await setting.assertConverged(TIMEOUT_MS);
  const { code, stdout, stderr } = await setting.command(['verify']);
  assert.equal(code, 0, `projector verify finds what is not there: ${stdout}${stderr}`);
  await again.stop();
});
