import { setTimeout as delay } from 'node:timers/promises';
import { createCheckpointStore } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { dropSlot } from '../replication/slot.ts';
import { openConnections } from './connections.ts';

export interface UndoOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Of the slot that was made. */
  readonly incarnation: string;
}

/** Servers that are away by now are not waited for any longer. */
const PATIENCE_MS = 10_000;
const POLL_MS = 100;

/**
 * Takes back what a first start has made that has failed before it was of any use: a slot that nobody follows would keep WAL
 * until the disk is full. Where an index serves already, everything stays. The slot goes first, so that another process
 * which holds it by now keeps everything.
 */
export async function undoStart({ settings, log, incarnation }: UndoOptions): Promise<void> {
  const { name, indexPrefix: prefix } = settings;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    await using connections = openConnections(settings, log, signal);
    const { redis, retry, inPostgres } = connections;
    const indexes = createIndexAdmin(connections.elasticsearch, { name, prefix });
    const made = (await retry.elasticsearch(() => indexes.findAllOurs())).filter(
      ({ origin }) => origin.incarnation === incarnation,
    );
    // Of tables without rows there is nothing to write.
    if (made.some(({ serving }) => serving)) return;
    // The server takes a moment to notice that the stream has ended.
    const drop = (): Promise<boolean> =>
      inPostgres((client) => dropSlot(client, name)).then(
        () => true,
        (error: unknown) => {
          if (error instanceof ProjectorError && error.code === 'PROJ_SLOT_BUSY') return false;
          throw error;
        },
      );
    while (!(await drop())) await delay(POLL_MS, undefined, { signal });
    for (const { physical } of made) await retry.elasticsearch(() => indexes.remove(physical));
    await redis.connect();
    await retry.redis(() => createCheckpointStore(redis, name, '').clear());
    log.info({ slot: name }, 'the slot that this start has made is dropped again: nothing serves yet');
  } catch (error) {
    log.warn(
      { slot: name, error: String(error) },
      'the slot that this start has made could not be dropped again, and keeps WAL',
    );
  }
}
