import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import { formatLsn, type Lsn } from '../shared/lsn.ts';
import type { RefusedDocument } from './loader.ts';

/** Documents that Elasticsearch refuses for their own content, kept in Redis under `projector:<name>:dead:<index>`. */
export interface DeadLetters {
  /** Loads which documents are dead-lettered already. */
  open(): Promise<void>;
  /** Keeps refused documents durably, with the reason; a newer refusal of the same document replaces the older. */
  record(index: string, refused: readonly RefusedDocument[], version: Lsn): Promise<void>;
  /** Forgets those of the ids that have been accepted meanwhile. */
  forget(index: string, accepted: Iterable<string>): Promise<void>;
  count(index: string): number;
}

export function createDeadLetters(
  redis: Redis,
  name: string,
  indexes: readonly string[],
  retry: Retry,
): DeadLetters {
  const known = new Map(indexes.map((index) => [index, new Set<string>()]));
  const keyOf = (index: string): string => `projector:${name}:dead:${index}`;
  return {
    async open() {
      for (const [index, ids] of known)
        for (const id of await retry(() => redis.hkeys(keyOf(index)))) ids.add(id);
    },
    async record(index, refused, version) {
      if (refused.length === 0) return;
      const fields = refused.flatMap(({ id, status, type, reason }) => [
        id,
        JSON.stringify({ status, type, reason, version: formatLsn(version), at: new Date().toISOString() }),
      ]);
      await retry(() => redis.hset(keyOf(index), ...fields));
      for (const { id } of refused) known.get(index)?.add(id);
    },
    async forget(index, accepted) {
      const ids = known.get(index);
      if (!ids || ids.size === 0) return;
      const gone = [...accepted].filter((id) => ids.has(id));
      if (gone.length === 0) return;
      await retry(() => redis.hdel(keyOf(index), ...gone));
      for (const id of gone) ids.delete(id);
    },
    count: (index) => known.get(index)?.size ?? 0,
  };
}
