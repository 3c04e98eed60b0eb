import { z } from 'zod';
import { originSchema, type Origin } from '../loader/index-meta.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Redis } from '../servers/redis.ts';
import { formatLsn, parseLsn } from '../shared/lsn.ts';
import type { Position } from '../shared/position.ts';
import { coverageSchema, type Coverage } from './coverage.ts';

/** The resume point: all that ends at or before its LSN is durable in the indexes that it covers. */
export interface Checkpoint extends Position {
  readonly origin: Origin;
  /** Null where it was stored by a version that did not keep this. */
  readonly coverage: Coverage | null;
}

const storedSchema = z.object({
  lsn: z.string().transform(parseLsn),
  lastCommit: z.object({ lsn: z.string().transform(parseLsn), xid: z.number() }).nullable(),
  origin: originSchema,
  coverage: coverageSchema.nullable().default(null),
});

export interface CheckpointStore {
  /** Throws PROJ_CHECKPOINT_INVALID where Redis keeps something else under its key. */
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
  /** Whoever has put a list or a hash where the epoch was is not us. */
  const lostIfOfAnotherType = (error: unknown): never => {
    throw isOfAnotherType(error) ? lost() : error;
  };
  return {
    async read() {
      const text = await redis.get(checkpointKey).catch((error: unknown) => {
        throw isOfAnotherType(error) ? invalid(checkpointKey, error) : error;
      });
      return text === null ? null : parseStored(checkpointKey, text);
    },
    async takeOver() {
      await redis.set(epochKey, epoch);
    },
    async store({ lsn, lastCommit, origin, coverage }) {
      const value = JSON.stringify({
        lsn: formatLsn(lsn),
        lastCommit: lastCommit && { ...lastCommit, lsn: formatLsn(lastCommit.lsn) },
        origin,
        coverage,
      });
      const stored = await redis
        .eval(STORE_SCRIPT, 2, epochKey, checkpointKey, epoch, value)
        .catch(lostIfOfAnotherType);
      if (stored !== 1) throw lost();
    },
    async assertHolder() {
      const current = await redis.get(epochKey).catch(lostIfOfAnotherType);
      if (current !== null && current !== epoch) throw lost();
    },
    async clear() {
      await redis.del(checkpointKey);
    },
  };
}

/** Whether Redis keeps a value under the key that is no string: a list, a hash. */
function isOfAnotherType(error: unknown): boolean {
  return error instanceof Error && error.message.includes('WRONGTYPE');
}

function parseStored(key: string, text: string): Checkpoint {
  try {
    return storedSchema.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(key, error);
  }
}

function invalid(key: string, cause: unknown): ProjectorError {
  return new ProjectorError(
    'PROJ_CHECKPOINT_INVALID',
    `what Redis keeps under ${key} is no resume point`,
    `If no other program uses that key, delete it (redis-cli del ${key}): the service then resumes from its slot and ` +
      'reads every document once more. If another does, choose another PROJECTOR_NAME.',
    { cause },
  );
}
