import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Plan } from '../definition/plan.ts';
import { tableReference } from '../definition/sql.ts';
import type { Logger } from '../ops/log.ts';
import { differingTables, type Coverage } from '../replication/coverage.ts';
import type { Redis } from '../servers/redis.ts';
import { BeginAgainError } from './begin-again.ts';

const INTERVAL_MS = 10_000;

const storedSchema = z.record(z.string(), z.string());

/** Remembers under `projector:<name>:coverage` what the indexes were followed by. */
export interface CoverageStore {
  read(): Promise<Coverage | null>;
  write(coverage: Coverage): Promise<void>;
}

export function createCoverageStore(redis: Redis, name: string): CoverageStore {
  const key = `projector:${name}:coverage`;
  return {
    async read() {
      const text = await redis.get(key);
      return text === null ? null : storedSchema.parse(JSON.parse(text));
    },
    async write(coverage) {
      await redis.set(key, JSON.stringify(coverage));
    },
  };
}

/** The indexes that read a table of which changes may have gone past the stream. */
export function uncoveredIndexes(plan: Plan, before: Coverage, now: Coverage, log: Logger): string[] {
  const tables = differingTables(before, now);
  if (tables.length === 0) return [];
  log.warn({ tables }, 'changes may have gone past the stream; reading everything that shows these tables');
  const uncovered = plan.tables.filter((table) => tables.includes(tableReference(table)));
  return [...new Set(uncovered.flatMap(({ routes }) => routes.map(({ index }) => index)))];
}

/**
 * Looks at the coverage now and then, and rejects with a BeginAgainError when it has changed: the next session mends
 * what it may and reads the documents again, or says what is to be mended.
 */
export async function watchCoverage(
  read: () => Promise<Coverage>,
  start: Coverage,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    await delay(INTERVAL_MS, undefined, { signal });
    const tables = differingTables(start, await read());
    if (tables.length > 0)
      throw new BeginAgainError(`the publication or a table has changed: ${tables.join()}`);
  }
}
