import { z } from 'zod';
import { readValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';

/** The building of an index anew beside the one that serves: the last one of each index, kept in Redis. */
const reindexSchema = z.object({
  /** Of the command, or of the service's own decision, that it came from. */
  id: z.string(),
  /** Whether somebody asked for it; else its definition had changed. */
  isAskedFor: z.boolean(),
  /**
   * *running* from its being asked for until what it replaces is gone, through any number of restarts; *cancelled* by a
   * person; *failed* where the new index cannot have the documents that it should have.
   */
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  /** The hash of the definition that it builds. One that was cancelled or failed is not begun again by itself. */
  hash: z.string(),
  /** The new index; null before it is made. */
  physical: z.string().nullable(),
  /** The index that serves until then; null where there is none. */
  before: z.string().nullable(),
  /** Whether `before` is to be kept. */
  keeps: z.boolean(),
  /** Rows that should have a document, and documents, as they were compared before the alias was moved. */
  counts: z.object({ rows: z.number(), documents: z.number(), refused: z.number() }).nullable(),
  /** Why it failed; null where it did not. */
  reason: z.string().nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});

export type Reindex = z.output<typeof reindexSchema>;

export interface ReindexStore {
  read(index: string): Promise<Reindex | null>;
  write(index: string, reindex: Reindex): Promise<void>;
  clear(index: string): Promise<void>;
}

/** Keeps reindexes under `projector:<name>:reindex:<index>`. */
export function createReindexStore(redis: Redis, name: string): ReindexStore {
  const keyOf = (index: string): string => `projector:${name}:reindex:${index}`;
  return {
    read: (index) => readValue(redis, keyOf(index), reindexSchema),
    async write(index, reindex) {
      await redis.set(keyOf(index), JSON.stringify(reindex));
    },
    async clear(index) {
      await redis.del(keyOf(index));
    },
  };
}

/** One that begins. */
export function newReindex(of: Pick<Reindex, 'id' | 'isAskedFor' | 'hash' | 'keeps'>, at: Date): Reindex {
  const startedAt = at.toISOString();
  const nothingYet = { physical: null, before: null, counts: null, reason: null, endedAt: null };
  return { ...of, ...nothingYet, state: 'running', startedAt };
}

/** The same, ended. `reason` says why it failed. */
export function endReindex(
  reindex: Reindex,
  state: Exclude<Reindex['state'], 'running'>,
  at: Date,
  reason: string | null = null,
): Reindex {
  return { ...reindex, state, reason, endedAt: at.toISOString() };
}
