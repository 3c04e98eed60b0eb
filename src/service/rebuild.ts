import { z } from 'zod';
import { readValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';

/** A new beginning under way: a new slot, and new physical indexes. */
export interface Rebuild {
  /** The new slot's. Indexes of another incarnation belong to the past: they may serve until the new ones do. */
  readonly incarnation: string;
  /** Whether the old indexes are dropped at once; otherwise they serve until the new ones are complete. */
  readonly dropsIndexes: boolean;
  /** Whether the old resume point and the old slot (and, where asked for, the old indexes) are gone. */
  readonly isCleared: boolean;
}

const rebuildSchema = z.object({
  incarnation: z.string(),
  dropsIndexes: z.boolean(),
  isCleared: z.boolean(),
});

/**
 * Remembers a rebuild from nothing (ES_SHOULD_DROP_INDEX, resync) until every index serves again, so that one that was
 * interrupted is resumed and not begun again.
 */
export interface RebuildMarker {
  read(): Promise<Rebuild | null>;
  write(rebuild: Rebuild): Promise<void>;
  end(): Promise<void>;
}

export function createRebuildMarker(redis: Redis, name: string): RebuildMarker {
  const key = `projector:${name}:rebuild`;
  return {
    read: () => readValue(redis, key, rebuildSchema),
    async write(rebuild) {
      await redis.set(key, JSON.stringify(rebuild));
    },
    async end() {
      await redis.del(key);
    },
  };
}
