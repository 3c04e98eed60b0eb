import { z } from 'zod';
import { isUnreadable, readValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';

/** How far the snapshot of one index has come; kept in Redis, so that it is resumed and can be watched. */
export interface SnapshotProgress {
  /** The physical index that it fills. */
  readonly physical: string;
  /** A digest of what the documents rest on beside the rows: on another, it is begun again. */
  readonly basis: string;
  readonly state: 'running' | 'done';
  /** Documents written or found gone. */
  readonly done: number;
  /** Documents there were to write when it began. */
  readonly total: number;
  /** Every key up to and with this one is done; absent at the beginning. */
  readonly after: readonly string[] | null;
}

const progressSchema = z.object({
  physical: z.string(),
  basis: z.string().default(''),
  state: z.enum(['running', 'done']),
  done: z.number(),
  total: z.number(),
  after: z.array(z.string()).nullable(),
});

export interface ProgressStore {
  read(index: string): Promise<SnapshotProgress | null>;
  write(index: string, progress: SnapshotProgress): Promise<void>;
  clear(index: string): Promise<void>;
}

/** Keeps snapshots' progress under `projector:<name>:snapshot:<index>`. */
export function createProgressStore(redis: Redis, name: string): ProgressStore {
  const keyOf = (index: string): string => `projector:${name}:snapshot:${index}`;
  return {
    // Of what cannot be read nothing is lost: the snapshot begins again.
    read: (index) =>
      readValue(redis, keyOf(index), progressSchema).catch((error: unknown) => {
        if (isUnreadable(error)) return null;
        throw error;
      }),
    async write(index, progress) {
      await redis.set(keyOf(index), JSON.stringify(progress));
    },
    async clear(index) {
      await redis.del(keyOf(index));
    },
  };
}
