import { z } from 'zod';
import { originSchema, type Origin } from '../loader/index-meta.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Redis } from '../servers/redis.ts';
import { formatLsn, parseLsn } from '../shared/lsn.ts';
import type { Position } from '../shared/position.ts';

/** The resume point: all that ends at or before its LSN is durable in Elasticsearch. */
export interface Checkpoint extends Position {
  readonly origin: Origin;
}

const storedSchema = z.object({
  lsn: z.string().transform(parseLsn),
  lastCommit: z.object({ lsn: z.string().transform(parseLsn), xid: z.number() }).nullable(),
  origin: originSchema,
});

export interface CheckpointStore {
  read(): Promise<Checkpoint | null>;
  /** Becomes the holder: from now on no other's `store` succeeds. Call it only while holding the slot. */
  takeOver(): Promise<void>;
  /**
   * Invariant 5: called once Elasticsearch has accepted everything up to `lsn`, and before the slot is acknowledged.
   * Compare-and-set on the holder's epoch; throws PROJ_OWNERSHIP_LOST when another has taken over.
   */
  store(checkpoint: Checkpoint): Promise<void>;
  /** Throws PROJ_OWNERSHIP_LOST when another has taken over. */
  assertHolder(): Promise<void>;
  /** Deletes the resume point. */
  clear(): Promise<void>;
}

/** Sets the resume point if the epoch is still ours; a Redis that lost its data takes our epoch anew. */
const STORE_SCRIPT = `
local epoch = redis.call('get', KEYS[1])
if not epoch then
  redis.call('set', KEYS[1], ARGV[1])
elseif epoch ~= ARGV[1] then
  return 0
end
redis.call('set', KEYS[2], ARGV[2])
return 1
`;

/** Keeps the resume point in Redis, under `projector:<name>:`. */
export function createCheckpointStore(redis: Redis, name: string, epoch: string): CheckpointStore {
  const epochKey = `projector:${name}:epoch`;
  const checkpointKey = `projector:${name}:checkpoint`;
  const lost = (): ProjectorError =>
    new ProjectorError(
      'PROJ_OWNERSHIP_LOST',
      'another process has become the holder of the replication slot',
      'Run one instance only, or give each its own PROJECTOR_NAME.',
    );
  return {
    async read() {
      const text = await redis.get(checkpointKey);
      return text === null ? null : storedSchema.parse(JSON.parse(text));
    },
    async takeOver() {
      await redis.set(epochKey, epoch);
    },
    async store({ lsn, lastCommit, origin }) {
      const value = JSON.stringify({
        lsn: formatLsn(lsn),
        lastCommit: lastCommit && { ...lastCommit, lsn: formatLsn(lastCommit.lsn) },
        origin,
      });
      if ((await redis.eval(STORE_SCRIPT, 2, epochKey, checkpointKey, epoch, value)) !== 1) throw lost();
    },
    async assertHolder() {
      const current = await redis.get(epochKey);
      if (current !== null && current !== epoch) throw lost();
    },
    async clear() {
      await redis.del(checkpointKey);
    },
  };
}
