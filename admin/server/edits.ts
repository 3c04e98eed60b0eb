import type { Redis } from 'ioredis';
import { z } from 'zod';

const edit = z.object({
  /** A position in the WAL at or before the start of the edit's commit record. */
  lsn: z.number(),
  /** When it was committed, in ms since 1970. */
  at: z.number(),
  /** Ids of rows and names of genres that it has touched. */
  touched: z.array(z.string()),
});

export type Edit = z.output<typeof edit>;

/**
 * The last edits made with this site, in Redis, so that every process of it knows them. A document's version is the
 * position in the WAL that it reflects: by it a document that has changed finds the edit that changed it.
 */
export interface EditLog {
  note(edit: Edit): Promise<void>;
  /**
   * When the change of a document from one version to another was committed, in ms since 1970; null when no edit of
   * this site made it. `shows` are the ids and names that the document holds, or held.
   */
  commitTime(from: number, to: number, shows: ReadonlySet<string>): Promise<number | null>;
}

const kept = 1_000;
const keptSeconds = 3_600;

export function openEditLog(redis: Redis, prefix: string): EditLog {
  const key = `${prefix}edits`;
  return {
    async note(made) {
      await redis
        .pipeline()
        .zadd(key, made.lsn, JSON.stringify(made))
        .zremrangebyrank(key, 0, -kept - 1)
        .expire(key, keptSeconds)
        .exec();
    },
    async commitTime(from, to, shows) {
      // A document that was read while its transaction still came by has the start of the commit record as its version.
      const between = await redis.zrange(key, to, String(from), 'BYSCORE', 'REV');
      const edits = between.map((text) => edit.parse(JSON.parse(text)));
      return edits.find(({ touched }) => touched.some((each) => shows.has(each)))?.at ?? null;
    },
  };
}
