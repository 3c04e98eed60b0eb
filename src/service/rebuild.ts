import type { Redis } from '../servers/redis.ts';

/**
 * Remembers a rebuild from nothing (ES_SHOULD_DROP_INDEX, resync) between the moment everything was dropped and the
 * moment every index serves again, so that one that was interrupted is resumed and not begun again.
 */
export interface RebuildMarker {
  isUnderWay(): Promise<boolean>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export function createRebuildMarker(redis: Redis, name: string): RebuildMarker {
  const key = `projector:${name}:rebuild`;
  return {
    isUnderWay: async () => (await redis.exists(key)) === 1,
    begin: async () => {
      await redis.set(key, new Date().toISOString());
    },
    end: async () => {
      await redis.del(key);
    },
  };
}
