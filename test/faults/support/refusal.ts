import assert from 'node:assert/strict';
import type { Setting } from '../../service/support/setting.ts';
import type { Service } from '../../service/support/service.ts';

const indexes = ['movies', 'genres', 'persons'];

/**
 * The service must end with exit code 5, by itself or because of what happens, name the way out, and leave everything as
 * it is.
 */
export async function assertRefuses(
  setting: Setting,
  service: Service,
  happens?: () => Promise<unknown>,
): Promise<void> {
  const read = async (): Promise<unknown> => ({
    documents: await Promise.all(indexes.map((index) => setting.documents(index))),
    // What runs goes on, with nothing to do too.
    ...(!happens && { checkpoint: await setting.checkpoint() }),
  });
  const before = await read();
  await happens?.();
  assert.deepEqual(await service.ended, { code: 5, signal: null }, service.log);
  assert.match(service.log, /PROJ_RESYNC_REQUIRED.*\n.*projector resync/);
  assert.deepEqual(await read(), before);
}

/** The way out must lead out. */
export async function assertResyncMends(setting: Setting): Promise<void> {
  const resync = await setting.command(['resync']);
  assert.equal(resync.code, 0, resync.stderr);
  await using next = setting.run();
  await next.untilStreaming();
  await setting.assertConverged();
  await next.stop();
}
